import type { CommandDef } from 'citty'
import type { Context } from './context.ts'

/** A verb of ours. Its module is loaded when it is used: an unused one costs nothing. */
export type Verb = {
  readonly description: string
  /** Who reads the exit code: 125 for agents' callers, 1 and 2 for the rest. */
  readonly caller: 'agent' | 'management'
  // biome-ignore lint/suspicious/noExplicitAny: citty's commands differ in the type of their flags, and only the caller's side is uniform
  readonly load: () => Promise<{ default: (context: Context) => CommandDef<any> }>
}

/** Every verb in the order of the help. Claude's verbs of the same name are reached with `paude -- VERB`. */
export const verbs = {
  sessions: {
    description: 'List sessions on every usable engine',
    caller: 'management',
    load: () => import('./commands/sessions.ts'),
  },
  attach: {
    description: 'Attach this terminal to a running session',
    caller: 'agent',
    load: () => import('./commands/attach.ts'),
  },
  stop: { description: 'Stop a session and keep it', caller: 'management', load: () => import('./commands/stop.ts') },
  start: { description: 'Start a stopped session again', caller: 'agent', load: () => import('./commands/start.ts') },
  rm: { description: 'Remove a session', caller: 'management', load: () => import('./commands/rm.ts') },
  logs: { description: 'Show what a session printed', caller: 'management', load: () => import('./commands/logs.ts') },
  exec: { description: 'Run a command in a running session', caller: 'agent', load: () => import('./commands/exec.ts') },
  shell: { description: 'Open a shell in a running session', caller: 'agent', load: () => import('./commands/shell.ts') },
  run: { description: 'Run one command in a box of its own', caller: 'agent', load: () => import('./commands/run.ts') },
  image: { description: 'Build, list and check images', caller: 'management', load: () => import('./commands/image.ts') },
  network: { description: 'Show what a session asked for', caller: 'management', load: () => import('./commands/network.ts') },
  demo: {
    description: 'Show the box and its wall, without an account',
    caller: 'agent',
    load: () => import('./commands/demo.ts'),
  },
  backends: {
    description: 'List the engines that can run a box',
    caller: 'management',
    load: () => import('./commands/backends.ts'),
  },
  doctor: {
    description: 'Check this machine, with a fix for each problem',
    caller: 'management',
    load: () => import('./commands/doctor.ts'),
  },
  selftest: {
    description: 'Try every way out of a real box',
    caller: 'management',
    load: () => import('./commands/selftest.ts'),
  },
  version: { description: "Print paude's version", caller: 'management', load: () => import('./commands/version.ts') },
} as const satisfies Record<string, Verb>

export const aliases: Readonly<Record<string, keyof typeof verbs>> = { ls: 'sessions' }

/** The verb a word means, or null. */
export function findVerb(word: string | undefined): { readonly name: string; readonly verb: Verb } | null {
  if (word === undefined) return null
  const name = Object.hasOwn(aliases, word) ? (aliases[word] ?? word) : word
  return Object.hasOwn(verbs, name) ? { name, verb: verbs[name as keyof typeof verbs] } : null
}
