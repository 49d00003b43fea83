import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { GitLayout } from './git-layout.ts'
import { readInPlace } from './inode.ts'
import { realPath } from './paths.ts'
import { isObjectName, isRefName } from './ref-name.ts'

/** Bytes of packed-refs that are read: some hundred thousand refs. */
const PACKED_LIMIT = 32 * 1024 ** 2

/** The commit that a ref of a repository names, read as data; null where it names none. */
export function readRef({ repository }: Pick<GitLayout, 'repository'>, ref: string): string | null {
  const loose = readInPlace(join(repository, ref), 1024)?.trim() ?? ''
  if (isObjectName(loose)) return loose
  return packedRefs(repository).get(ref) ?? null
}

/** The commit behind an annotated tag, where the list of packed refs says it; null elsewhere. */
export function readPeeled({ repository }: Pick<GitLayout, 'repository'>, ref: string): string | null {
  // A loose one is newer.
  if (isObjectName(readInPlace(join(repository, ref), 1024)?.trim() ?? '')) return null
  const lines = (readInPlace(join(repository, 'packed-refs'), PACKED_LIMIT) ?? '').split('\n')
  const at = lines.findIndex((line) => line.split(' ')[1] === ref)
  const next = lines[at + 1] ?? ''
  return at !== -1 && next.startsWith('^') && isObjectName(next.slice(1)) ? next.slice(1) : null
}

/** The commits of all refs below one. */
export function readRefsBelow({ repository }: Pick<GitLayout, 'repository'>, ref: string): readonly string[] {
  const packed = [...packedRefs(repository)].flatMap(([name, commit]) => (name.startsWith(`${ref}/`) ? [commit] : []))
  const loose = (folder: string, depth: number): readonly string[] =>
    depth === 0 || realPath(folder) !== folder
      ? []
      : entries(folder).flatMap((entry) => {
          const path = join(folder, entry.name)
          if (entry.isDirectory()) return loose(path, depth - 1)
          const text = readInPlace(path, 1024)?.trim() ?? ''
          return isObjectName(text) ? [text] : []
        })
  return [...new Set([...loose(join(repository, ref), DEEPEST), ...packed])]
}

/** Slashes in the name of a branch that are followed. */
const DEEPEST = 12

function entries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function packedRefs(repository: string): ReadonlyMap<string, string> {
  const text = readInPlace(join(repository, 'packed-refs'), PACKED_LIMIT) ?? ''
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name = '', ref = ''] = line.split(' ')
      return isObjectName(name) && ref !== '' ? [[ref, name] as const] : []
    }),
  )
}

/** Where HEAD is: a branch with its commit, or a commit alone. `commit` is null before the first one. */
export function readHead(git: Pick<GitLayout, 'repository' | 'gitDirectory'>): {
  readonly branch: string
  readonly commit: string | null
} {
  const text = readInPlace(join(git.gitDirectory, 'HEAD'), 4096)?.trim() ?? ''
  if (isObjectName(text)) return { branch: '', commit: text }
  const ref = /^ref: (refs\/heads\/(.+))$/.exec(text)
  if (ref === null || !isRefName(ref[2] ?? '')) return { branch: '', commit: null }
  return { branch: ref[2] ?? '', commit: readRef(git, ref[1] ?? '') }
}
