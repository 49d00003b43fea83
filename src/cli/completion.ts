import type { ArgsDef } from 'citty'
import { type OwnFlag, ownFlags } from '../config/own-flags.ts'
import type { Context } from './context.ts'
import { verbArgs } from './help.ts'
import type { Verb } from './verbs.ts'

/** A flag and what may follow it: nothing, one of a few words, a path, or anything. */
export type Choice = {
  readonly name: string
  readonly description: string
  readonly takes: 'nothing' | 'path' | 'anything' | readonly string[]
}

/** A verb and what may follow it. */
export type Entry = {
  readonly name: string
  readonly description: string
  readonly flags: readonly Choice[]
  readonly words: readonly string[]
  /** Whether a session may be named. */
  readonly sessions: boolean
}

/** Everything that can be completed: made of the very tables that read the words. */
export type Vocabulary = { readonly flags: readonly Choice[]; readonly verbs: readonly Entry[] }

const PATHS = ['mount', 'ca-file']

export async function vocabulary(context: Context): Promise<Vocabulary> {
  const { verbs, aliases } = context.commands
  const own = (ownFlags as readonly OwnFlag[]).map(
    ({ name, description, type, values, sets }): Choice => ({
      name,
      description,
      takes: type === 'switch' || sets !== undefined ? 'nothing' : (values ?? (PATHS.includes(name) ? 'path' : 'anything')),
    }),
  )
  const entries = await Promise.all(Object.entries(verbs).map(([name, verb]) => entryOf(context, name, verb, own)))
  const named = Object.entries(aliases).flatMap(([alias, target]) =>
    entries.filter(({ name }) => name === target).map((entry) => ({ ...entry, name: alias })),
  )
  return { flags: own, verbs: [...entries, ...named] }
}

async function entryOf(context: Context, name: string, verb: Verb, own: readonly Choice[]): Promise<Entry> {
  const args = await verbArgs(context, verb)
  const words = verb.words ?? (name === 'help' ? Object.keys(context.commands.verbs) : [])
  return {
    name,
    description: verb.description,
    flags: [...flagsOf(args), ...(verb.starts ? own : [])],
    words,
    sessions: Object.hasOwn(args, 'session') || Object.hasOwn(args, 'sessions'),
  }
}

const flagsOf = (args: ArgsDef): readonly Choice[] =>
  Object.entries(args).flatMap(([name, { type, description = '' }]): readonly Choice[] =>
    type === 'positional' ? [] : [{ name, description, takes: type === 'boolean' ? 'nothing' : 'anything' }],
  )
