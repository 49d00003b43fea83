import { readFlags } from '../config/read-flags.ts'
import type { Layer } from '../config/settings.ts'
import type { Verb } from './verbs.ts'

/** Flags of a start, before and after the session where the verb takes one; what is left is the agent's or the command's. */
export function startWords(
  argv: readonly string[],
  { session }: Pick<Verb, 'session'>,
): { readonly layer: Layer; readonly rest: readonly string[] } {
  const { layer, words, ended } = readFlags(argv)
  const [first = ''] = words
  if (session === undefined || ended || first === '' || first.startsWith('-'))
    return { layer, rest: ended || session !== undefined ? ['--', ...words] : words }
  const at = argv.length - words.length
  const without = readFlags([...argv.slice(0, at), ...argv.slice(at + 1)])
  return { layer: without.layer, rest: [first, '--', ...without.words] }
}
