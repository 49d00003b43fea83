import { grammars } from '../../agents/grammars.ts'
import { isAgent, titles, usualAgent } from '../../agents/names.ts'
import { isOption, isVerb, sortWords } from '../../agents/words.ts'
import { ownFlags } from '../../config/keys/own-flags.ts'
import { unknownVariables } from '../../config/layers/unknown-variables.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { nearest } from '../../text.ts'

type Machine = Pick<Host, 'env'>

/** Files are read once these words are judged, since they may ask for an approval: so the agent is what the variable says, or the usual one. */
function readAs({ env }: Machine) {
  const named = env['PAUDE_AGENT'] ?? ''
  const name = isAgent(named) ? named : usualAgent
  return { grammar: grammars[name], title: titles[name] }
}

/** A mistyped verb of ours would be a prompt of the agent's, and a prompt costs money. */
export function refuseNearVerb(
  words: readonly string[],
  { host, verbs }: { readonly host: Machine; readonly verbs: readonly string[] },
): void {
  const { grammar, title } = readAs(host)
  const [word = '', ...rest] = words
  const close = /^[a-z]{3,}$/.test(word) && !isVerb(grammar, [word]) ? nearest(word, verbs) : null
  if (close === null) return
  const more = rest.length > 0 ? ' …' : ''
  throw new PaudeError('usage', `paude has no verb ${JSON.stringify(word)}`, {
    hint: `did you mean paude ${close}${more}? paude -- ${word}${more} sends it to ${title}`,
  })
}

/** A mistyped flag or variable of ours has no effect, or is an option that the agent does not know. */
export function suspicions(words: readonly string[], { env }: Machine): readonly string[] {
  const { grammar, title } = readAs({ env })
  const own = ownFlags.map(({ name }) => `--${name}`)
  const flags = sortWords(grammar, words).options.map(([name = '']) => name.split('=')[0] ?? '')
  return [
    ...[...new Set(flags)].flatMap((flag) => {
      const close = flag.startsWith('--') && !isOption(grammar, flag) && !own.includes(flag) ? nearest(flag, own) : null
      return close === null ? [] : [`${flag} goes to ${title}; did you mean paude's ${close}?`]
    }),
    ...unknownVariables(env).map(
      ({ name, meant }) => `${name} means nothing to paude${meant === '' ? '' : `; did you mean ${meant}?`}`,
    ),
  ]
}
