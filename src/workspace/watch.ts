import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Query } from '../plan/query.ts'
import type { Workspace } from './workspace.ts'

/** What this machine may act on, by path, and how it looked at the start; '' for what was not there. */
export type Watch = Readonly<Record<string, string>>

/** Remembers the guarded paths, those that exist and those that do not. */
export const watch = ({ protectedPaths, watchedPaths }: Pick<Workspace, 'protectedPaths' | 'watchedPaths'>): Watch =>
  Object.fromEntries([...protectedPaths, ...watchedPaths].map((path) => [path, fingerprint(path)]))

/** Paths that look different now. A guard may have been lost on the way: the host's own rename detaches a mounted file. */
export const changed = (before: Watch): readonly string[] =>
  Object.entries(before).flatMap(([path, mark]) => (fingerprint(path) === mark ? [] : [path]))

/** How a path looks from outside: which file it is, and when and how large it was last written. */
export function fingerprint(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, mode } = lstatSync(path)
    return `${dev}:${ino}:${mode}:${size}:${mtimeMs}`
  } catch {
    return ''
  }
}

/** Repositories that the index names inside the project: the host's `git status` goes into them and obeys their configuration. */
export const nestedRepositories = (root: string): Query<readonly string[]> => ({
  argv: ['git', '-C', root, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'ls-files', '--stage', '-z'],
  parse: (stdout) =>
    stdout
      .split('\0')
      .flatMap((line) => (line.startsWith('160000 ') ? [join(root, line.slice(line.indexOf('\t') + 1), '.git')] : []))
      .filter((path) => existsSync(path)),
})

/** Whether something was made or changed after a moment; the time of change cannot be set by whoever changes it. */
export function isYounger(path: string, moment: number): boolean {
  try {
    return lstatSync(path).ctimeMs > moment
  } catch {
    return false
  }
}
