/** A variable of the box and where its value is: `env:NAME`, `file:PATH`, a program that prints it, an entry of the keychain, or a text with `${localEnv:NAME}` in it. */
export type Reference = { readonly name: string; readonly source: string | readonly string[] | InKeychain | Template | OfCodex }

export type Template = { readonly template: string }

/** An entry of your keychain, as `SERVICE/ACCOUNT`. */
export type InKeychain = { readonly keychain: string }

/** A program that prints a secret, asked again `every` so many seconds while a session runs. */
export type Printed = { readonly command: readonly string[]; readonly every?: number | undefined }

/** A part of the ChatGPT login that Codex keeps in this file: paude renews it there. */
export type OfCodex = { readonly codex: string; readonly part: 'token' | 'account' }

/** Seconds after which paude looks whether it is due, and whether Codex renewed it. */
const CODEX_EVERY = 300

/** Where one secret is: `env:NAME`, `file:PATH`, a program that prints it or an entry of the keychain; '' for nowhere. */
export type SecretSource = FileSource | OfCodex

/** The same as files say it. */
export type FileSource = string | Printed | InKeychain

/** Where a secret is, as `[env]` has it. */
export const sourceOfSecret = (source: Exclude<SecretSource, ''>): Exclude<Reference['source'], Template> =>
  typeof source !== 'string' && 'command' in source ? source.command : source

/** The service by which the keychain has what `paude login` keeps. */
export const OWN_SERVICE = 'paude'

/** Pure: what stands behind the last slash is the account. */
export function keychainEntry({ keychain }: InKeychain): { readonly service: string; readonly account: string } {
  const at = keychain.lastIndexOf('/')
  return { service: keychain.slice(0, at), account: keychain.slice(at + 1) }
}

/** Seconds after which it is asked again while a session runs; 0 for never. */
export function renewedEvery(source: SecretSource): number {
  if (typeof source === 'string' || 'keychain' in source) return 0
  return 'codex' in source ? CODEX_EVERY : (source.every ?? 0)
}
