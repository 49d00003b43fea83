import type { Argv } from '../plan/plan.ts'

const ways = new Map<string, string>()

/** From now on calls that `word` leads to another machine take `instead`. */
export const takeWay = (word: string, instead: string): void => void ways.set(word, instead)

/** From now on they go by themselves again. */
export const leaveWay = (word: string): void => void ways.delete(word)

/** A call as it is made. The word that leads a client to another machine is its first one: later ones may be the agent's. */
export function byWay(argv: Argv): Argv {
  const [program, first, ...rest] = argv
  const instead = first === undefined ? undefined : ways.get(first)
  return instead === undefined ? argv : [program, instead, ...rest]
}
