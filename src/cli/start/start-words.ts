import { type OwnFlag, ownFlags } from '../../config/keys/own-flags.ts'
import type { Layer } from '../../config/keys/settings.ts'
import { readFlags, type Split } from '../../config/layers/read-flags.ts'
import type { Args } from '../args.ts'

/** Flags of a start, before and after the session where the verb takes one; what is left is the agent's or the command's. */
export function startWords(
  argv: readonly string[],
  { session }: Args = {},
  flags: readonly OwnFlag[] = ownFlags,
): Pick<Split, 'layer' | 'names'> & { readonly rest: readonly string[] } {
  const { layer, names, words, ended } = readFlags(argv, flags)
  const [first = ''] = words
  if (session === undefined || ended || first === '' || first.startsWith('-'))
    return { layer, names, rest: ended || session !== undefined ? ['--', ...words] : words }
  const at = argv.length - words.length
  const without = readFlags([...argv.slice(0, at), ...argv.slice(at + 1)], flags)
  return { layer: without.layer, names: without.names, rest: [first, '--', ...without.words] }
}

/** Flags before the verb and behind it: of a single value the last word counts, lists add up. */
export const added = (before: Layer, behind: Layer): Layer => ({
  ...before,
  ...Object.fromEntries(
    Object.entries(behind).map(([key, value]) => {
      const earlier = before[key as keyof Layer]
      return [key, Array.isArray(value) && Array.isArray(earlier) ? [...earlier, ...value] : value]
    }),
  ),
})
