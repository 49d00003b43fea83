import type { Context } from '../context.ts'
import { type Args, flagsOf, type Values } from './args.ts'
import type { Front } from './front-flags.ts'

type About = {
  /** One line, for lists. */
  readonly description: string
  /** What its own help tells besides. */
  readonly details?: string
  /** What people type, and what that does. */
  readonly examples: readonly (readonly [line: string, effect: string])[]
}

/** A verb of ours: everything about it stands in its module. */
export type Verb<A extends Args = Args> = About & {
  /** Its caller takes its exit code for an agent's or a command's, so what fails of ours is 125; else 1 and 2. */
  readonly caller?: 'agent'
  /** What it makes of paude's own flags before it. */
  readonly front: Front
  /** It starts a box, so it takes the flags of a start as well. */
  readonly starts?: true
  readonly args?: A
  /** Keys of its screen, for its help. */
  readonly keys?: readonly (readonly [key: string, effect: string])[]
  /** Returns the exit code. A method, since the table holds verbs with all kinds of args. */
  run(context: CommandContext, given: Values<A>): Promise<number> | number
}

/** A verb with verbs of its own: `paude network allow`. */
export type Topic = About & { readonly verbs: Readonly<Record<string, Verb>> }

export const verb = <const A extends Args>(definition: Verb<A>): Verb<A> => definition
export const topic = (definition: Topic): Topic => definition

/** Flags and places of a verb; of a topic the flags of all its verbs, since none means two things. */
export const argsOf = (verb: Verb | Topic): Args =>
  'verbs' in verb ? Object.fromEntries(Object.values(verb.verbs).flatMap(({ args = {} }) => flagsOf(args))) : (verb.args ?? {})

/** The verb that a word means behind a topic, by its own name or by what other programs call the same. */
export const verbOf = (verb: Verb | Topic, word: string): Verb | undefined =>
  'verbs' in verb
    ? [word, ALSO[word] ?? ''].flatMap((name) => (Object.hasOwn(verb.verbs, name) ? (verb.verbs[name] ?? []) : []))[0]
    : undefined

const ALSO: Readonly<Record<string, string>> = { list: 'ls', ls: 'list', remove: 'rm', delete: 'rm' }

/** The table of verbs, for the verbs that speak of others. */
export type Commands = {
  /** Those that people type, in the order of the help. */
  readonly names: readonly string[]
  readonly aliases: Readonly<Record<string, string>>
  /** The name of the verb that a word means, or null. */
  readonly find: (word: string | undefined) => string | null
  readonly load: (name: string) => Promise<Verb | Topic>
}

/** What a verb is carried out with. */
export type CommandContext = Context & { readonly commands: Commands }
