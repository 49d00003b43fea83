import { nearest } from '../../text.ts'

/** The value that was meant by a wrong one; never the one that opens the network to everything, since a slip asks for no such thing. */
export function meantValue(word: string, values: readonly string[]): string | null {
  const close = nearest(word, values)
  return close === 'open' ? null : close
}
