import { parseToml } from '../../config/files/parse.ts'

export type Tree = Readonly<Record<string, unknown>>

export const asTree = (value: unknown): Tree => (typeof value === 'object' && value !== null ? (value as Tree) : {})

export const json = (text: string): Tree => parsed(() => Bun.JSONC.parse(text))
export const toml = (text: string): Tree => parsed(() => parseToml('', text))

/** A stranger's text may be anything, and then it says nothing. */
function parsed(parse: () => unknown): Tree {
  try {
    return asTree(parse())
  } catch {
    return {}
  }
}
