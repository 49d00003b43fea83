import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Uncommitted } from '../plan/plan.ts'
import { nameInside } from '../text.ts'
import { hashSize } from './git.ts'
import { type IndexEntry, isClosedFolder, isGitlink, readIndex } from './git-index.ts'
import type { GitLayout } from './git-layout.ts'
import { readExcludes } from './identity.ts'
import { look } from './paths.ts'
import type { Surroundings } from './places.ts'

/** Looks at each tracked file, and opens none. Refuses an index that a clone cannot have. */
export const readUncommitted = (root: string, git: GitLayout, host: Surroundings): Uncommitted =>
  readTree({ root, git, host, what: 'the project cannot be cloned with --dirty' }).uncommitted

/** A working tree as its index tells of it. */
export type Tree = {
  readonly uncommitted: Uncommitted
  /** Of tracked files that are as the index has them: mode and object, by name. */
  readonly same: ReadonlyMap<string, string>
}

/** The same, with what is as the index has it. `what` cannot be done where the index is refused. */
export function readTree({
  root,
  git,
  host,
  what,
}: {
  readonly root: string
  readonly git: GitLayout
  readonly host: Surroundings
  readonly what: string
}): Tree {
  const cannot = (why: string, hint: string) => new PaudeError('refused', `${what}: ${why}`, { hint })
  const index = readIndex(join(git.gitDirectory, 'index'), hashSize(git))
  if ('fault' in index) throw cannot(`its index cannot be read: ${index.fault}`, 'git status')
  const entries = index.entries.filter(({ isIntent }) => !isIntent)
  const conflict = entries.find(({ stage }) => stage !== 0)
  if (conflict !== undefined)
    throw cannot(`${nameInside(textOf(conflict))} has a conflict`, 'finish the merge first, or git merge --abort')
  if (entries.some(isClosedFolder)) throw cannot('its index is sparse', 'git sparse-checkout reapply --no-sparse-index')
  const odd = entries.find(({ name }) => !isPlain(name))
  if (odd !== undefined) throw cannot(`its index names ${nameInside(textOf(odd))}`, 'git status')
  const isFolder = folders(root)
  const [repositories, files] = [entries.filter(isGitlink), entries.filter((entry) => !isGitlink(entry))]
  const changed = new Set(files.filter((entry) => !entry.isUnseen && !isSame(root, entry, isFolder)))
  return {
    uncommitted: {
      files: linesOf(files),
      repositories: linesOf(repositories),
      within: repositories.filter(({ name }) => look(pathOf(root, `${name}/.git`)) !== null).map(textOf),
      objects: files.map((entry) => `${entry.id}\n`).join(''),
      changed: [...changed].filter(isText).map(textOf),
      excludes: readExcludes(git, host, root),
      unreadable: [...changed].filter((entry) => !isText(entry)).map(textOf),
    },
    same: new Map(
      files
        .filter((entry) => !changed.has(entry) && isText(entry))
        .map((entry) => [textOf(entry), `${entry.mode.toString(8)} ${entry.id}`]),
    ),
  }
}

/** Of a name as the index has it, byte for byte. */
const pathOf = (root: string, name: string): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')])

const linesOf = (entries: readonly IndexEntry[]): string =>
  entries.map(({ mode, id, name }) => `${mode.toString(8)} ${id} 0\t${quoted(name)}\n`).join('')

const textOf = ({ name }: IndexEntry): string => Buffer.from(name, 'latin1').toString()
const isText = (entry: IndexEntry): boolean => Buffer.from(textOf(entry)).toString('latin1') === entry.name

/** Whether a name leads to a place in the tree and not into its git data. */
export const isPlain = (name: string): boolean =>
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')

/** As git reads it where it asks for lines: any byte that is not plain as a number. */
export const quoted = (name: string): string =>
  `"${name.replace(/[^ !#-[\]-~]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`

/** Nanoseconds that a time may be off, since it was a number of milliseconds in between. */
const OFF = 2000

/** By size, time and kind, as git does it. A file that only seems to differ comes along, which changes nothing. */
function isSame(root: string, entry: IndexEntry, isFolder: (path: string) => boolean): boolean {
  const above = entry.name.lastIndexOf('/')
  if (above !== -1 && !isFolder(entry.name.slice(0, above))) return false
  const file = look(pathOf(root, entry.name))
  if (file === null || file.size % 2 ** 32 !== entry.size || Math.floor(file.mtimeMs / 1000) !== entry.time) return false
  const nanoseconds = (file.mtimeMs - entry.time * 1000) * 1e6
  if (entry.nanoseconds === 0 || Math.abs(nanoseconds - entry.nanoseconds) > OFF) return false
  return entry.mode === 0o120000
    ? file.isSymbolicLink()
    : file.isFile() && ((file.mode & 0o100) !== 0) === ((entry.mode & 0o100) !== 0)
}

/** Tells whether a path in the tree is a folder that no link leads to. */
function folders(root: string): (path: string) => boolean {
  const known = new Map<string, boolean>()
  const isFolder = (path: string): boolean => {
    const before = known.get(path)
    if (before !== undefined) return before
    const above = path.lastIndexOf('/')
    const is = (above === -1 || isFolder(path.slice(0, above))) && look(pathOf(root, path))?.isDirectory() === true
    known.set(path, is)
    return is
  }
  return isFolder
}
