import { lstatSync } from 'node:fs'
import { type HashSize, isClosedFolder, isGitlink, readIndex } from './git-index.ts'
import type { Workspace } from './workspace.ts'

/** What this machine may act on, by path, and how it looked at the start; '' for what was not there. */
export type Watch = Readonly<Record<string, string>>

/** The project's index, how it looked at the start, and what its repository calls objects by. */
export type WatchedIndex = { readonly path: string; readonly mark: string; readonly hash: HashSize }

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

/** How an index looks from outside. The box writes it, and can set every time but that of the change. */
export const indexMark = (path: string): string => `${fingerprint(path)}:${changeTime(path)}`

/**
 * Repositories made or changed since `moment` that the index names: the host's `git status` goes into them and obeys their
 * configuration. `fault` is half a sentence where the index cannot be read. No git is run: its configuration may be the box's.
 */
export function newRepositories(
  root: string,
  { path, hash }: WatchedIndex,
  moment: number,
): { readonly paths: readonly string[]; readonly fault: string | null } {
  const index = readIndex(path, hash)
  if ('fault' in index) return { paths: [], fault: index.fault }
  // A closed folder that is there all the same may hold one: which, stands in no index.
  const places = index.entries.flatMap((entry) =>
    isGitlink(entry) ? [`${entry.name}/.git`] : isClosedFolder(entry) ? [entry.name.replace(/\/$/, '')] : [],
  )
  if (places.length > MOST_PLACES) return { paths: [], fault: `it names more than ${MOST_PLACES} repositories` }
  if (!places.every(staysInside)) return { paths: [], fault: 'it names places outside the project' }
  // Names have one character a byte.
  const paths = places.map((place) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(place, 'latin1')]))
  return { paths: paths.filter((one) => changeTime(one) > moment).map((one) => one.toString()), fault: null }
}

/** Nobody has so many, and each is looked at. */
const MOST_PLACES = 10_000

const staysInside = (place: string): boolean => place.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/** When something was made or changed last, in milliseconds since 1970; whoever changes it cannot set this. 0 when nothing is there. */
function changeTime(path: string | Buffer): number {
  try {
    return lstatSync(path).ctimeMs
  } catch {
    return 0
  }
}
