/** Settings that run programs of this machine, and that `agent_config.keep` brings in all the same. */
export const keepable = ['hooks', 'statusLine', 'subagentStatusLine', 'fileSuggestion'] as const

/** What of your own set-up of an agent comes into a box. Pure: files are read by the reader that it is given. */
export type Imports = {
  /** Variable that names its folder, and where the folder is below HOME without it. */
  readonly variable: string
  readonly folder: string
  readonly bring: (source: OwnFolder, wish: ImportWish) => Brought
  /** The servers that the project brings itself. */
  readonly ofProject: (read: OwnFolder['read'], project: string, may: ImportWish['may']) => readonly Extension[]
  /** Variables of a box that has the copy. */
  readonly environment: Readonly<Record<string, string>>
  /** Words that the agent needs to find all of it, by your own words. */
  readonly words: (words: readonly string[]) => readonly string[]
}

/** Your folder, as it is read. */
export type OwnFolder = {
  readonly home: string
  readonly path: string
  /** Whether the variable named it. */
  readonly moved: boolean
  readonly project: string
  /** Text of a file; null for what is not there, is no file, or lies outside of `root`. */
  readonly read: (path: string, root?: string) => string | null
  /** Names in a folder. */
  readonly list: (path: string) => readonly string[]
}

export type ImportWish = {
  readonly keep: readonly string[]
  readonly may: (name: string) => boolean
}

/** A file or folder that is copied as it is: an absolute path, and its place in the copy. Nothing of it lies outside of `root`. */
export type Tree = { readonly from: string; readonly to: string; readonly root?: string }

export type Brought = {
  readonly trees: readonly Tree[]
  /** Files that are made, by their place in the copy. */
  readonly texts: Readonly<Record<string, string>>
  /** What stays out, and why. */
  readonly left: readonly string[]
  readonly extensions: readonly Extension[]
  readonly marketplaces: readonly Marketplace[]
}

/** Where plugins come from: its source as the box has it, and the names of all of its plugins. */
export type Marketplace = { readonly name: string; readonly source: unknown; readonly plugins: readonly string[] }

/** What of plugins and MCP servers a session may have. */
export type ExtensionPolicy = Pick<Brought, 'extensions' | 'marketplaces'> & {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

/** A plugin or an MCP server. */
export type Extension = {
  readonly kind: 'plugin' | 'mcp'
  /** `NAME@MARKETPLACE`, or the name of the server. */
  readonly name: string
  /** Whose it is: yours, the project's, or that of a plugin. */
  readonly from: string
  readonly hosts: readonly string[]
  readonly programs: readonly string[]
  /** Of a server: its program with its words, or its address. */
  readonly command: readonly string[]
  readonly url: string
  /** Why it does not come in; '' where it does. */
  readonly out: string
}

/** The name by which patterns mean an extension. */
export const patternName = ({ kind, name }: Pick<Extension, 'kind' | 'name'>): string => (kind === 'mcp' ? `mcp:${name}` : name)

/** Whether lists of patterns let a name in. */
export const mayCome =
  (allow: readonly string[], deny: readonly string[]) =>
  (name: string): boolean =>
    (allow.length === 0 || allow.some((one) => matchesPattern(one, name))) && !deny.some((one) => matchesPattern(one, name))

/** Whether a name has the parts between the `*` in this order. Linear: a project writes patterns too. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...parts] = pattern.split(/\*+/)
  const last = parts.pop()
  if (last === undefined) return pattern === name
  const end = name.length - last.length
  if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false
  let at = first.length
  for (const part of parts) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
