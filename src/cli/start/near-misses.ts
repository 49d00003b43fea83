import type { Grammar } from '../../agents/grammar.ts'
import { grammarOf } from '../../agents/grammars.ts'
import { isAgent, knownNames, usualAgent } from '../../agents/names.ts'
import { asksSomething, isOption, isVerb, optionNames } from '../../agents/words.ts'
import { ownFlags } from '../../config/keys/own-flags.ts'
import type { Layer, Settings } from '../../config/keys/settings.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { unknownVariables } from '../../config/layers/unknown-variables.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { nearest } from '../../text.ts'
import { habit } from './habits.ts'

/** `agents` is what files say of agents; absent where none was read. */
type Machine = Pick<Host, 'env'> & { readonly agents?: Settings['agents'] }

/** Flags of ours that belong behind a verb, with what was meant. */
const OF_VERBS: Readonly<Record<string, string>> = { '--last': 'paude logs --last' }

const own: readonly string[] = ownFlags.map(({ name }) => `--${name}`)
/** Flags that say that nothing is to be started. */
const REHEARSALS: readonly string[] = ['--dry-run', '--print-config']

/**
 * The caller's machine with the agent that the words are for: what a flag, the variable or your own file says. A project's file is read
 * once the words are judged, since it may ask for an approval.
 */
export async function forAgent<H extends Host>(host: H, flags: Layer): Promise<H & Machine> {
  const said = flags.agent ?? (host.env['PAUDE_AGENT'] || '')
  if (isAgent(said)) return { ...host, env: { ...host.env, PAUDE_AGENT: said } }
  const { agent, agents } = await agentOfFiles(host, flags)
  return { ...host, agents, env: { ...host.env, PAUDE_AGENT: said || agent } }
}

/** A file that is wrong is an error of the start. */
async function agentOfFiles(host: Host, flags: Layer): Promise<Pick<Settings, 'agent' | 'agents'>> {
  try {
    return (await loadConfig(host, flags)).settings
  } catch (error) {
    if (error instanceof PaudeError) return { agent: usualAgent, agents: [] }
    throw error
  }
}

function readAs({ env, agents = [] }: Machine) {
  const named = env['PAUDE_AGENT'] ?? ''
  const found = grammarOf({ agent: named, agents }) ?? grammarOf({ agent: usualAgent, agents: [] })
  if (found === null) throw new PaudeError('config', `no agent ${usualAgent}`)
  return found
}

/** Whether a word is a verb by which the agent is asked something, as `exec` of Codex. */
export const asksAgent = (word: string, host: Machine): boolean => {
  const { grammar } = readAs(host)
  return isVerb(grammar, [word]) && asksSomething(grammar, [word])
}

/** Whether a word is a verb of the agent's own, however much it looks like one of ours. */
export const isOfAgent = (word: string, host: Machine): boolean => isVerb(readAs(host).grammar, [word])

/** A mistyped verb of ours, or a verb of another program, would be a prompt of the agent's, and a prompt costs money. */
export function refuseNearVerb(
  words: readonly string[],
  { host, verbs }: { readonly host: Machine; readonly verbs: readonly string[] },
): void {
  const { grammar, title } = readAs(host)
  const [word = '', ...rest] = words
  // Before the agent's own verbs: its update and its kill have no effect in a box.
  // But for those that ask its model: they are what it is for.
  const meant = asksAgent(word, host) ? null : (habit(word) ?? agentMeant(word, host))
  const close = meant === null && /^[a-z][a-z0-9-]{2,}$/.test(word) && !isVerb(grammar, [word]) ? nearest(word, verbs) : null
  if (meant === null && close === null) return
  const more = rest.length > 0 ? ' …' : ''
  throw new PaudeError('usage', `paude has no verb ${JSON.stringify(word)}`, {
    hint: `${meant === null ? `did you mean paude ${close}${more}?` : `${meant};`} paude -- ${word}${more} sends it to ${title}`,
  })
}

/** How the agent is started whose name a word is; null for all others. */
function agentMeant(word: string, { env, agents = [] }: Machine): string | null {
  if (![...knownNames, ...agents.map(({ name }) => name)].includes(word)) return null
  return word === (env['PAUDE_AGENT'] || usualAgent) ? 'paude without that word starts it' : `paude --agent ${word}`
}

/**
 * Refuses agent's words in which a flag of ours is lost: behind a mistyped one, or where it says to start nothing. What may be the
 * agent's own passes: words of its verbs, values of its options and of those that are unknown, everything after `--`.
 */
export function refuseLostFlags(words: readonly string[], host: Machine): void {
  const { grammar, title } = readAs(host)
  const mistyped = nameOf(words[0] ?? '')
  const meant = meantBy(grammar, mistyped)
  const before = (flag: string) => words[words.findIndex((word) => nameOf(word) === flag) - 1]
  const lost = lateFlags(words, host)
    .filter((flag) => meant !== null || REHEARSALS.includes(flag))
    .find((flag) => !isOption(grammar, flag) && !mayTakeValue(grammar, before(flag)))
  if (lost === undefined || isVerb(grammar, words)) return
  const instead = `paude -- … sends all of it to ${title}`
  throw meant === null
    ? new PaudeError('usage', `${lost} comes after the agent's first word, where paude does not read it`, {
        hint: `put it first: paude ${lost} …; ${instead}`,
      })
    : new PaudeError('usage', `${lost} comes after ${mistyped}, which paude does not know`, {
        hint: `did you mean ${meant}? ${instead}`,
      })
}

/** Own flags among the agent's options, which therefore are the agent's. */
export const lateFlags = (words: readonly string[], host: Machine): readonly string[] =>
  optionNames(readAs(host).grammar, words).filter((name) => own.includes(name) && (name !== '--agent' || namesAgent(words)))

/** Claude has an option of this name, for agents of its own. */
const namesAgent = (words: readonly string[]): boolean =>
  words.some((word, at) =>
    word === '--agent' ? knownNames.includes(words[at + 1] ?? '') : knownNames.some((name) => word === `--agent=${name}`),
  )

/** A mistyped flag or variable of ours has no effect, or is an option that the agent does not know. */
export function suspicions(words: readonly string[], host: Machine): readonly string[] {
  const { env } = host
  const { grammar, title } = readAs(host)
  return [
    ...optionNames(grammar, words).flatMap((flag) => {
      const verb = isOption(grammar, flag) || !Object.hasOwn(OF_VERBS, flag) ? undefined : OF_VERBS[flag]
      if (verb !== undefined) return [`${flag} goes to ${title}; to read the last session of this directory: ${verb}`]
      const close = meantBy(grammar, flag)
      return close === null ? [] : [`${flag} goes to ${title}; did you mean paude's ${close}?`]
    }),
    ...unknownVariables(env).map(
      ({ name, meant }) => `${name} has no effect on paude${meant === '' ? '' : `; did you mean ${meant}?`}`,
    ),
  ]
}

/** The flag of ours that a word is nearly, or null: also for what is the agent's own. */
const meantBy = (grammar: Grammar, flag: string): string | null =>
  flag.startsWith('--') && !isOption(grammar, flag) && !own.includes(flag) && !Object.hasOwn(OF_VERBS, flag)
    ? nearest(flag, own)
    : null

/** Whether a word may be an option of a newer agent, whose value comes next. */
const mayTakeValue = (grammar: Grammar, word = ''): boolean =>
  word.startsWith('-') &&
  !word.includes('=') &&
  !isOption(grammar, word) &&
  !own.includes(word) &&
  meantBy(grammar, word) === null

const nameOf = (word: string): string => word.split('=')[0] ?? ''
