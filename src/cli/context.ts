import type { CommandDef } from 'citty'
import type { Context } from '../context.ts'
import type { Front } from './front-flags.ts'

/** A verb of ours. Its module is loaded when it is used: an unused one costs nothing. */
export type Verb = {
  readonly description: string
  /** Who reads the exit code: 125 for agents' callers, 1 and 2 for the rest. */
  readonly caller: 'agent' | 'management'
  /** What it makes of paude's own flags before it; null where each of its words decides. */
  readonly front: Front | null
  /** What may stand after the verb, where that is a closed list. */
  readonly words?: readonly string[]
  /** It starts a box, so it takes the flags of a start as well. */
  readonly starts?: true
  /** Called by paude itself: it stands in no help, completion or table. */
  readonly hidden?: true
  /** With `starts`: a session may be named before the words of the agent. */
  readonly session?: true
  /** What people type, and what that does. */
  readonly examples: readonly (readonly [line: string, effect: string])[]
  // biome-ignore lint/suspicious/noExplicitAny: citty's commands differ in the type of their flags, and only the caller's side is uniform
  readonly load: () => Promise<{ default: (context: CommandContext) => CommandDef<any> }>
}

/** The tables of verbs, for the commands that speak of other commands. */
export type Commands = {
  readonly verbs: Readonly<Record<string, Verb>>
  readonly aliases: Readonly<Record<string, string>>
  readonly find: (word: string | undefined) => { readonly name: string; readonly verb: Verb } | null
}

/** What a verb's module gets: those that speak of other verbs have the tables too. */
export type CommandContext = Context & { readonly commands: Commands }
