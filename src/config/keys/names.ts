import { ConfigFile } from './schema.ts'

type Node = {
  readonly entries?: Readonly<Record<string, Node>>
  readonly wrapped?: Node
  readonly pipe?: readonly Node[]
  readonly value?: Node
}

/** Every key that a file may hold, with dots: `network.allow`. Keys of the reader's own choice are left out. */
export const keyNames = (): readonly string[] => namesBelow(ConfigFile as unknown as Node)

function namesBelow(node: Node): readonly string[] {
  const inner = node.wrapped ?? node.pipe?.[0]
  if (inner !== undefined && node.entries === undefined) return namesBelow(inner)
  return Object.entries(node.entries ?? {}).flatMap(([name, child]) => {
    const below = namesBelow(child)
    return below.length === 0 ? [name] : below.map((key) => `${name}.${key}`)
  })
}
