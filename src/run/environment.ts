import { homedir } from 'node:os'
import { isPrivate } from '../credentials/outside.ts'
import { findProgram, ownPath } from '../host.ts'
import { requireOwnFiles } from './client-files.ts'
import { builderVariables, OWN_FILES, STEERS_CLIENT } from './client-variables.ts'

/** What a program needs to run at all, whatever else refers to it. */
const ORDINARY = /^(LANG|LC_.*|TERM|COLORTERM|TZ|PWD|DISPLAY|WAYLAND_DISPLAY)$/

const withheld = new Set<string>()
const clients = new Map<string, number>()

/**
 * Programs that run boxes: only they, and helpers of theirs, may log in with what is withheld from others. Each with the seconds
 * for which it may be silent when it is asked something.
 */
export function admitClients(programs: Readonly<Record<string, number>>): void {
  for (const [program, seconds] of Object.entries(programs)) clients.set(program, seconds)
}

/** Seconds for which a program may be silent when it is asked something; undefined for one that runs no boxes. */
export const patienceWith = (program: string): number | undefined => clients.get(program)

/**
 * The folder of a program that says nothing of it: a client of an engine may start others, such as ssh and what ssh is told to start, which would
 * find files of the project under work. Not where one of its own files is named from the caller's folder.
 */
export const folderFor = (program: string): { readonly cwd?: string } =>
  clients.has(program.split('/').at(-1) ?? '') && !OWN_FILES.some((name) => isRelative(Bun.env[name] ?? '')) ? { cwd: '/' } : {}

const isRelative = (list: string): boolean => list.split(':').some((path) => path !== '' && !path.startsWith('/'))

/** From now on, only an engine's client inherits these variables. */
export function withhold(names: readonly string[]): void {
  for (const name of names) if (!ORDINARY.test(name) && !STEERS_CLIENT.test(name)) withheld.add(name)
}

/**
 * The environment of a program, with `more` on top. No program gets the provider's credential: a step of a plan says itself what it needs.
 * `keep` names withheld variables that paude reads again in another process.
 */
export function inherited(
  program: string,
  {
    more = {},
    keep = [],
  }: { readonly more?: Readonly<Record<string, string>> | undefined; readonly keep?: readonly string[] } = {},
): Record<string, string> {
  const name = program.split('/').at(-1) ?? ''
  const isEngine = clients.has(name)
  if (isEngine) requireOwnFiles(name, { env: Bun.env, home: Bun.env['HOME'] ?? homedir() })
  const open = (name: string) => !isPrivate(name) && (isEngine || keep.includes(name) || !withheld.has(name))
  return {
    ...Object.fromEntries(
      Object.entries(Bun.env).flatMap(([name, value]) => (value !== undefined && open(name) ? [[name, value]] : [])),
    ),
    // buildx asks git about the folder that an image is built from, and that may be a project's.
    BUILDX_GIT_INFO: 'false',
    ...builderVariables(Bun.env),
    ...withOwnPath(),
    ...more,
  }
}

/** An empty one would mean the current directory. */
function withOwnPath(): { readonly PATH?: string } {
  const path = ownPath({ env: Bun.env })
  return path === '' ? {} : { PATH: path }
}

/** All that paude inherited, for the agent's own program when it runs without a box. */
export const everything = (more: Readonly<Record<string, string>>): Record<string, string | undefined> => ({
  ...Bun.env,
  ...more,
})

/**
 * What an agent without a box inherits where you chose that: your variables, and so the credential that it logs in with, but nothing that paude is told
 * by, and no secret that the configuration names for something else.
 */
export const yours = (more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> => ({
  ...Object.fromEntries(
    Object.entries(Bun.env).filter(([name]) => !name.startsWith('PAUDE_') && (isPrivate(name) || !withheld.has(name))),
  ),
  ...more,
})

/** Where a program is; null where it is not. Not left to the system: a relative entry of PATH would let the project under work choose it. */
export const locate = (name: string): string | null => (name.includes('/') ? name : findProgram({ env: Bun.env }, name))
