import { fixedValues, keyNames } from '../../config/keys/names.ts'
import { type OwnFlag, ownFlags } from '../../config/keys/own-flags.ts'
import { groups } from '../../network/groups.ts'
import { type Args, flagsOf, isPlace, type Offer, placesOf } from '../args.ts'
import { spelled } from '../read-words.ts'
import { argsOf, type Commands, verbOf } from '../verb.ts'
import type { Shell } from './stubs.ts'
import { describe } from './text.ts'

type Word = readonly [word: string, meaning?: string]

/** What may stand in a place. `lookUp` is found out when it is asked for, `files` leaves the word to the shell. */
export type Offers = { readonly words: readonly Word[]; readonly lookUp: 'sessions' | 'profiles' | null; readonly files: boolean }

const NOTHING: Offers = { words: [], lookUp: null, files: false }
const FILES: Offers = { ...NOTHING, files: true }

/** What own flags take whose row does not say it. */
const OWN_OFFERS: Readonly<Record<string, Offer>> = {
  mount: 'files',
  repo: 'files',
  overlay: 'files',
  'ca-file': 'files',
  profile: 'profiles',
  'network-group': 'group-names',
  'network-allow': 'groups',
}

const own: Args = Object.fromEntries(
  (ownFlags as readonly OwnFlag[]).map(
    ({ name, description, type, sets, onlyWith, values = onlyWith ?? OWN_OFFERS[name] ?? [] }) => [
      name,
      { type: type === 'switch' || sets !== undefined ? 'boolean' : 'string', description, offers: values },
    ],
  ),
)

/** What may stand in the place of the last of these words. No more of a verb is loaded than is asked about. */
export async function offersAt(typed: readonly string[], commands: Commands): Promise<Offers> {
  const current = typed.at(-1) ?? ''
  const before = typed.slice(0, -1)
  const here: Here = (found, place) => flagOrPlace({ current, found, commands }, place)
  const top = walk(before, own, 1)
  if (top.ended) return FILES
  const [first] = top.found
  if (first === undefined) return await here([], { args: own, pending: top.pending, offer: 'verbs' })
  const name = commands.find(first)
  // Whatever follows a word that is not ours is not ours either.
  if (name === null) return FILES
  const verb = await commands.load(name)
  const words = before.slice(top.next)
  if (!('verbs' in verb)) return await behind(words, verb.starts ? { ...verb.args, ...own } : argsOf(verb), here)
  const { found, pending, next } = walk(words, argsOf(verb), 1)
  if (found[0] === undefined) return await here([name], { args: argsOf(verb), pending, offer: 'verbs' })
  const chosen = verbOf(verb, found[0])
  return chosen === undefined ? NOTHING : await behind(words.toSpliced(next - 1, 1), argsOf(chosen), here)
}

/** Behind a verb: what its next place takes, or a flag. */
async function behind(words: readonly string[], args: Args, here: Here): Promise<Offers> {
  const { found, pending, ended } = walk(words, args)
  const places = placesOf(args).map(([, place]) => place)
  const last = places.at(-1)
  if (ended || (last?.rest && found.length >= places.length)) return FILES
  const place = places[found.length] ?? (last?.many ? last : undefined)
  return await here(found, { args, pending, offer: place?.rest ? 'files' : place?.offers })
}

/** `found` are the words before it that stand in places of the same verb. */
type Around = { readonly current: string; readonly found: readonly string[]; readonly commands: Commands }
type Here = (
  found: readonly string[],
  place: { readonly args: Args; readonly pending: string | null; readonly offer: Offer | undefined },
) => Promise<Offers>

async function flagOrPlace(around: Around, { args, pending, offer }: Parameters<Here>[1]): Promise<Offers> {
  const flag = /^--([^=]+)=/.exec(around.current)?.[1] ?? pending
  if (flag !== null) {
    const known = args[flag]
    return known === undefined || isPlace(known) ? NOTHING : await offered(around, known.offers ?? own[flag]?.offers)
  }
  const fits = await offered(around, offer)
  // Words first: flags are offered where nothing else fits, and to whoever begins one.
  const flags = flagsOf(args).map(([name, { description }]): Word => [`--${name}`, description])
  const offersFlags = around.current.startsWith('-') || (fits.words.length === 0 && !fits.files && fits.lookUp === null)
  return { ...fits, words: [...fits.words, ...(offersFlags ? flags : [])] }
}

async function offered({ commands, found }: Around, offer: Offer = []): Promise<Offers> {
  switch (offer) {
    case 'files':
      return FILES
    case 'sessions':
    case 'profiles':
      return { ...NOTHING, lookUp: offer }
    case 'groups':
      return { ...NOTHING, words: groups().map(({ name, what }) => [`@${name}`, what]) }
    case 'group-names':
      return { ...NOTHING, words: groups().map(({ name, what }) => [name, what]) }
    case 'keys':
      return { ...NOTHING, words: keyNames().map((key) => [key]) }
    case 'values':
      return { ...NOTHING, words: fixedValues(found.at(-1) ?? '').map((value) => [value]) }
    case 'verbs':
      return { ...NOTHING, words: await verbsBehind(found, commands) }
    case 'topics': {
      const more = found.length > 0 ? [] : ['flags', 'keys', 'all', ...keyNames()]
      return { ...NOTHING, words: [...(await verbsBehind(found, commands)), ...more.map((word): Word => [word])] }
    }
  }
  return { ...NOTHING, words: offer.map((word) => [word]) }
}

/** All verbs, or those of the topic that was said already. */
async function verbsBehind([topic, ...more]: readonly string[], commands: Commands): Promise<readonly Word[]> {
  if (topic === undefined)
    return [...commands.names.map((name) => [name, name]), ...Object.entries(commands.aliases)].map(([word = '', name = '']) => [
      word,
      describe(name),
    ])
  const name = more.length > 0 ? null : commands.find(topic)
  const verb = name === null ? null : await commands.load(name)
  return verb !== null && 'verbs' in verb ? Object.entries(verb.verbs).map(([word, { description }]) => [word, description]) : []
}

/** Reads words as their verb would, but for mistakes, and at most so many that are no flags. `pending` waits for its value. */
function walk(words: readonly string[], args: Args, most = Number.POSITIVE_INFINITY) {
  const found: string[] = []
  let pending: string | null = null
  let next = 0
  for (; next < words.length && found.length < most; next++) {
    // Of letters that are joined only the last can wait for a value.
    const word = spelled(words[next] ?? '', args).at(-1) ?? ''
    const type = args[word.replace(/^--|=.*$/gs, '')]?.type ?? 'positional'
    if (pending !== null) pending = null
    else if (word === '--') return { found, pending, ended: true, next }
    else if (!word.startsWith('--') || type === 'positional') found.push(word)
    else if (type === 'string' && !word.includes('=')) pending = word.slice('--'.length)
  }
  return { found, pending, ended: false, next }
}

/** What a shell reads: a line for each offer, or `:files`. */
export function answerOf(shell: Shell, typed: readonly string[], { words, files }: Offers): string {
  const raw = typed.at(-1) ?? ''
  const current = (shell === 'bash' ? uncut(typed).at(-1) : raw) ?? ''
  const [flag = ''] = /^--[^=]+=/.exec(current) ?? []
  const value = current.slice(flag.length)
  if (files && !value.startsWith('-')) return ':files\n'
  const line = ([word, meaning = '']: Word): readonly string[] => {
    switch (shell) {
      case 'bash': // replaces only what it has cut off, and chooses nothing by itself
        return word.startsWith(value) ? [`${raw.startsWith(flag) ? flag : ''}${word}`] : []
      case 'zsh': // the form of _describe
        return [
          [word, ...(meaning === '' ? [] : [meaning])].map((part) => part.replaceAll('\\', '').replaceAll(':', '\\:')).join(':'),
        ]
      case 'fish': // flags where a dash is
        return word.startsWith('-') && !value.startsWith('-') ? [] : [`${flag}${word}\t${meaning}`]
    }
  }
  return words
    .flatMap(line)
    .map((text) => `${text}\n`)
    .join('')
}

/** Words whole again: bash cuts before and behind each = and :, and before an @ that is not at the beginning. */
export function uncut(words: readonly string[]): readonly string[] {
  const whole: string[] = []
  let open = false
  for (const word of words) {
    const joins = /^[=:]+@?$/.test(word)
    if (whole.length > 0 && (open || joins)) whole.push(`${whole.pop()}${word}`)
    else whole.push(word)
    open = joins || word === '@'
  }
  return whole
}
