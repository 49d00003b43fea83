import { type Setting, settings } from './git-config.ts'

/** What a box changed in its copy of a git configuration. */
type GitChanges = {
  /** Keys that were set, changed or removed. */
  readonly keys: readonly string[]
  /** Commands that do on this machine what is harmless of it: the upstream of branches, from remotes that it has itself. */
  readonly commands: readonly string[]
}

/**
 * Compares a copy with what it was made from. Only branches are proposed, by names alone: any other value may be a program that git
 * would start, and a remote may be one too (`ext::`).
 */
export function gitChanges(before: string, after: string): GitChanges {
  const [was, is] = [valuesOf(settings(before)), valuesOf(settings(after))]
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) => String(was.get(key)) !== String(is.get(key)))
  const branches = [...new Set(keys.flatMap((key) => /^branch\.(.+)\.(?:remote|merge)$/s.exec(key)?.[1] ?? []))]
  return { keys, commands: branches.flatMap((name) => command(name, was, is)) }
}

type Values = ReadonlyMap<string, readonly string[]>

const valuesOf = (all: readonly Setting[]): Values =>
  new Map([...Map.groupBy(all, ({ key }) => key)].map(([key, list]) => [key, list.map(({ value }) => JSON.stringify(value))]))

function command(name: string, was: Values, is: Values): readonly string[] {
  if (!PLAIN.test(name)) return []
  const one = (key: string): string => JSON.parse(is.get(`branch.${name}.${key}`)?.at(-1) ?? '""') as string
  const [remote, merge] = [one('remote'), one('merge')]
  if (remote === '' && merge === '') return [`git config --remove-section branch.${name}`]
  const branch = merge.replace(/^refs\/heads\//, '')
  if (!PLAIN.test(remote) || !PLAIN.test(branch) || branch === merge || !was.has(`remote.${remote}.url`)) return []
  return [`git branch --set-upstream-to=${remote}/${branch} ${name}`]
}

/** What no shell and no git reads as anything but a name. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/
