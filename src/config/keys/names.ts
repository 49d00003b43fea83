import { ConfigFile } from './schema.ts'

/** What is read of a schema of valibot's. */
type Node = {
  readonly type: string
  readonly entries?: Readonly<Record<string, Node>>
  readonly wrapped?: Node
  readonly pipe?: readonly Node[]
  readonly value?: Node
  readonly item?: Node
  /** Schemas of a union, words of a picklist. */
  readonly options?: readonly unknown[]
}

const file = ConfigFile as unknown as Node

/** Every key that a file may hold, with dots: `network.allow`. Keys of the reader's own choice are left out. */
export const keyNames = (): readonly string[] => namesBelow(file)

/** The values of a key, or of the entries of its list, where these are a few fixed ones; empty where it takes any other. */
export const fixedValues = (key: string): readonly string[] => valuesOf(nodeAt(file, key.split('.')))

function namesBelow(node: Node): readonly string[] {
  const inner = node.wrapped ?? node.pipe?.[0]
  if (inner !== undefined && node.entries === undefined) return namesBelow(inner)
  return Object.entries(node.entries ?? {}).flatMap(([name, child]) => {
    const below = namesBelow(child)
    return below.length === 0 ? [name] : below.map((key) => `${name}.${key}`)
  })
}

function nodeAt(node: Node | undefined, path: readonly string[]): Node | undefined {
  const [name, ...rest] = path
  if (node === undefined || name === undefined) return node
  if (node.wrapped !== undefined) return nodeAt(node.wrapped, path)
  return nodeAt(node.value ?? new Map(Object.entries(node.entries ?? {})).get(name), rest)
}

function valuesOf(node: Node | undefined): readonly string[] {
  switch (node?.type) {
    case 'boolean':
      return ['true', 'false']
    case 'picklist':
      return node.options?.map(String) ?? []
    case 'optional':
      return valuesOf(node.wrapped)
    case 'array':
      return valuesOf(node.item)
  }
  // A pipe has the type of its first part; a later one may be narrower.
  const alternatives = node?.type === 'union' ? (node.options ?? []) : []
  return [...alternatives.map((one) => one as Node), ...(node?.pipe?.slice(1) ?? [])].flatMap(valuesOf)
}
