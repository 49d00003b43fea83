import type { ArgsDef } from 'citty'
import { keyNames } from '../../config/keys/names.ts'
import { type OwnFlag, ownFlags } from '../../config/keys/own-flags.ts'
import { groups } from '../../network/groups.ts'
import type { CommandContext, Verb } from '../context.ts'
import { type Kind, subVerbs } from '../words.ts'
import { verbArgs } from './text.ts'

/** What may stand in a place: a few words, a path, what paude itself is asked for at every Tab, or anything. */
export type Offer = readonly string[] | 'path' | 'sessions' | 'profiles' | 'anything'

/** A flag and what may follow it. */
export type Choice = { readonly name: string; readonly description: string; readonly takes: 'nothing' | Offer }

/** One of the words that a verb takes, and what may follow it. */
export type Word = {
  readonly name: string
  readonly flags: readonly Choice[]
  /** Its words in turn; the last one stands for all further ones where `many` says so. */
  readonly places: readonly Offer[]
  readonly many: boolean
}

/** A verb and what may follow it. */
export type Entry = {
  readonly name: string
  readonly description: string
  readonly flags: readonly Choice[]
  readonly words: readonly Word[]
  /** Whether a session may be named. */
  readonly sessions: boolean
}

/** Everything that can be completed: made of the very tables that read the words. */
export type Vocabulary = { readonly flags: readonly Choice[]; readonly verbs: readonly Entry[] }

const GROUP_NAMES: Offer = groups().map(({ name }) => name)
const OFFERS: Readonly<Record<Kind, () => Offer>> = {
  sessions: () => 'sessions',
  groups: () => groups().map(({ name }) => `@${name}`),
  'group-names': () => GROUP_NAMES,
  keys: keyNames,
  anything: () => 'anything',
}

/** What flags take whose definition does not say it. */
const VALUES: Readonly<Record<string, Offer>> = {
  mount: 'path',
  'ca-file': 'path',
  session: 'sessions',
  profile: 'profiles',
  groups: GROUP_NAMES,
  'network-group': GROUP_NAMES,
  'network-allow': OFFERS.groups(),
}

const offerOf = (name: string, values?: readonly string[]): Offer =>
  values ?? (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined) ?? 'anything'

export async function vocabulary(context: CommandContext): Promise<Vocabulary> {
  const { verbs, aliases } = context.commands
  const own = (ownFlags as readonly OwnFlag[]).map(
    ({ name, description, type, values, sets }): Choice => ({
      name,
      description,
      takes: type === 'switch' || sets !== undefined ? 'nothing' : offerOf(name, values),
    }),
  )
  const entries = await Promise.all(Object.entries(verbs).map(([name, verb]) => entryOf(context, name, verb, own)))
  const named = Object.entries(aliases).flatMap(([alias, target]) =>
    entries.filter(({ name }) => name === target).map((entry) => ({ ...entry, name: alias })),
  )
  return { flags: own, verbs: [...entries, ...named] }
}

async function entryOf(context: CommandContext, name: string, verb: Verb, own: readonly Choice[]): Promise<Entry> {
  const args = await verbArgs(context, verb)
  const flags = [...flagsOf(args, own), ...(verb.starts ? own : [])]
  return {
    name,
    description: verb.description,
    flags,
    words: name === 'help' ? helpWords(context) : (verb.words ?? []).map((word) => wordOf(name, word, flags)),
    sessions: Object.hasOwn(args, 'session') || Object.hasOwn(args, 'sessions'),
  }
}

function wordOf(verb: string, name: string, flags: readonly Choice[]): Word {
  const sub = subVerbs[verb]?.[name]
  return {
    name,
    flags: sub === undefined ? flags : flags.filter((flag) => sub.flags.includes(flag.name)),
    places: (sub?.places ?? []).map((kind) => OFFERS[kind]()),
    many: sub?.many === true,
  }
}

const helpWords = ({ commands: { verbs } }: CommandContext): readonly Word[] =>
  Object.entries(verbs).map(([name, { words }]) => ({
    name,
    flags: [],
    places: words !== undefined && name in subVerbs ? [words] : [],
    many: false,
  }))

const flagsOf = (args: ArgsDef, own: readonly Choice[]): readonly Choice[] =>
  Object.entries(args).flatMap(([name, { type, description = '' }]): readonly Choice[] => {
    if (type === 'positional') return []
    const words = own.find((flag) => flag.name === name)?.takes
    const values = Array.isArray(words) ? (words as readonly string[]) : undefined
    return [{ name, description, takes: type === 'boolean' ? 'nothing' : offerOf(name, values) }]
  })

/** Every flag that takes something, once: no name means two things. */
export const valued = ({ flags, verbs }: Vocabulary): readonly Choice[] =>
  distinct({ flags, verbs }).filter(({ takes }) => takes !== 'nothing')

/** Every flag that takes nothing, once. */
export const bare = ({ flags, verbs }: Vocabulary): readonly Choice[] =>
  distinct({ flags, verbs }).filter(({ takes }) => takes === 'nothing')

const distinct = ({ flags, verbs }: Vocabulary): readonly Choice[] => [
  ...new Map([...verbs.flatMap((verb) => verb.flags), ...flags].map((flag) => [flag.name, flag])).values(),
]
