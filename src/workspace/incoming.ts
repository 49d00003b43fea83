import { constants, copyFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import type { GitLayout } from './git-layout.ts'
import { inFolder } from './inode.ts'
import { type Listed, NAMED, rank } from './listed.ts'
import { below } from './paths.ts'
import { isRefName } from './ref-name.ts'
import { type Hit, matcher } from './walk.ts'

/** A path of a tree that programs of this machine run or obey once it is checked out. */
export type Executed = Pick<Listed, 'severity' | 'tool' | 'why'> & { readonly path: string }

/** What this machine obeys in any folder, and the paths in the tree that configuration of git names. */
export type Obeyed = { readonly list: readonly Listed[]; readonly named: readonly string[] }

/** Those of the paths of a tree that the list has, or that configuration of git names, the severest first. */
export function executedHere(paths: readonly string[], { list, named }: Obeyed): readonly Executed[] {
  const match = matcher(list)
  const folded = named.map((path) => path.toLowerCase())
  // What stands above a named path may be a link now.
  const isNamed = (path: string) => folded.some((one) => below(one, path.toLowerCase()) || below(path.toLowerCase(), one))
  return bySeverity(
    [...new Set(paths)].flatMap((path): readonly Executed[] => {
      if (isNamed(path)) return [{ path, severity: NAMED.severity, tool: NAMED.tool, why: NAMED.why }]
      const names = path.split('/')
      const hit = names.reduce<Hit | null>((found, name, at) => severestHit(found, match(name, names[at - 1] ?? '')), null)
      return hit === null ? [] : [{ path, severity: hit.listed.severity, tool: hit.listed.tool, why: hit.listed.why }]
    }),
  )
}

export const bySeverity = (all: readonly Executed[]): readonly Executed[] =>
  all.toSorted((one, other) => rank(one.severity) - rank(other.severity) || (one.path < other.path ? -1 : 1))

const severestHit = (one: Hit | null, other: Hit | null): Hit | null =>
  one !== null && other !== null && rank(other.listed.severity) < rank(one.listed.severity) ? other : (one ?? other)

/** Lays a pack into a repository, its index last: git looks for that. */
export function placePack({ repository }: GitLayout, pack: string): void {
  const folder = join(repository, 'objects', 'pack')
  for (const source of [pack, pack.replace(/\.pack$/, '.idx')])
    into(folder, repository, (place) => {
      const draft = `${place}/.paude-${process.pid}-${basename(source)}`
      copyFileSync(source, draft, constants.COPYFILE_EXCL)
      renameSync(draft, `${place}/${basename(source)}`)
    })
}

/** Writes a ref of paude's own as git does, by a lock beside it. `content` is a commit, or where it leads. */
export function writeOwnRef({ repository }: GitLayout, ref: string, content: string): void {
  if (!isRefName(ref) || !/^refs\/(?:remotes\/paude(?:-[a-z0-9-]+)?|paude\/old)\//.test(ref))
    throw new Error('a ref that is none of ours')
  const path = join(repository, ref)
  into(dirname(path), repository, (folder) => {
    const lock = `${folder}/${basename(path)}.lock`
    writeFileSync(lock, `${content}\n`, { flag: 'wx' })
    try {
      renameSync(lock, `${folder}/${basename(path)}`)
    } catch (error) {
      unlinkSync(lock)
      throw error
    }
  })
}

/** What is written lies where it was meant to, or nothing is written. */
function into(folder: string, repository: string, write: (folder: string) => void): void {
  let done: true | null
  try {
    done = inFolder(folder, repository, (place) => {
      write(place)
      return true as const
    })
  } catch (cause) {
    const { code = '' } = cause as { code?: string }
    // A link that must not be followed is told apart by its place, not by the code.
    throw new PaudeError('refused', `cannot write in ${shown(folder)}: ${WHY[code] ?? (cause as Error).message}`, {
      hint: 'look at what lies there; nothing was brought',
      cause,
    })
  }
  if (done === null)
    throw new PaudeError('refused', `cannot write in ${shown(folder)}: a link or a file stands on the way`, {
      hint: 'look at what put it there; nothing was brought',
    })
}

const WHY: Readonly<Record<string, string>> = {
  EEXIST: 'another git is writing the same name',
  ENOTDIR: 'a file stands on the way',
  ELOOP: 'a link stands on the way',
  EISDIR: 'a folder has this name',
  ENOTEMPTY: 'a folder has this name',
}
