import { isAgentName } from '../../agents/names.ts'
import type { Host } from '../../host.ts'
import { type OwnFlag, ownFlags } from '../keys/own-flags.ts'
import { configFile, readUserFile } from './load.ts'

/**
 * paude's flags for these words: `--agent` with a name of your own config.toml is paude's too. The file is looked at only where a word
 * could be such a name, and not read as a whole: what is wrong in it is told by whoever needs it. A project's names are no flag's values.
 */
export function flagsFor(argv: readonly string[], host: Pick<Host, 'env' | 'home'>): readonly OwnFlag[] {
  const names = argv.flatMap((word, at) =>
    word === '--agent' ? [argv[at + 1] ?? ''] : word.startsWith('--agent=') ? [word.slice('--agent='.length)] : [],
  )
  const flag = ownFlags.find(({ name }) => name === 'agent')
  const fresh = names.filter((name) => isAgentName(name) && flag?.onlyWith?.includes(name) === false)
  if (flag === undefined || fresh.length === 0) return ownFlags
  const text = readUserFile(configFile(host))?.text ?? ''
  const own = fresh.filter((name) => definition(name).test(text))
  return own.length === 0
    ? ownFlags
    : ownFlags.map((one) => (one === flag ? { ...flag, onlyWith: [...(flag.onlyWith ?? []), ...own] } : one))
}

/** A table of its own, which is how it is written for an agent that has more than one key; also of a profile. */
const definition = (name: string): RegExp =>
  new RegExp(
    `^[ \\t]*\\[[ \\t]*(profiles[ \\t]*\\.[^\\]\\n]*\\.[ \\t]*)?agents[ \\t]*\\.[ \\t]*["']?${name}["']?[ \\t]*[.\\]]`,
    'm',
  )
