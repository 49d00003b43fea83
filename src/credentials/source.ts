/** A variable of the box and where its value is: `env:NAME`, `file:PATH`, a program that prints it, or a text with `${localEnv:NAME}` in it. */
export type Reference = { readonly name: string; readonly source: string | readonly string[] | Template }

export type Template = { readonly template: string }

/** Where one secret is: `env:NAME`, `file:PATH` or a program that prints it; '' for nowhere. */
export type SecretSource = string | { readonly command: readonly string[] }
