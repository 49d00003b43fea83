import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { nameInside, shown } from '../text.ts'
import { readBase } from './base.ts'
import { hashSize } from './git.ts'
import { settings } from './git-config.ts'
import { isClosedFolder, isGitlink, readIndex } from './git-index.ts'
import type { GitLayout } from './git-layout.ts'
import { look, readSmall, realPath } from './paths.ts'
import { isObjectName } from './ref-name.ts'
import { readHead } from './refs.ts'

/** What a clone of a project is made of. Read as data: git is not asked. */
export type CloneSource = {
  readonly commit: string
  /** The branch that HEAD is on; '' where it is on none. */
  readonly branch: string
  readonly sha256: boolean
  /** Lines of the commits where a shallow history ends; '' for a whole one. */
  readonly shallow: string
  /** Folder of the objects. */
  readonly objects: string
  readonly notes: readonly string[]
}

/** What a repository of paude's own needs to know of a project's. */
export const readStoreSource = (git: GitLayout): Pick<CloneSource, 'objects' | 'sha256' | 'shallow'> => ({
  sha256: hashSize(git) === 32,
  shallow: readShallow(git),
  objects: requireOwnObjects(git),
})

/** The source of a clone, or why there can be none. */
export function readCloneSource({
  root,
  git,
  isDirty = false,
  word = 'clone',
  base = '',
}: {
  readonly root: string
  readonly git: GitLayout | null
  /** What is not committed comes along. */
  readonly isDirty?: boolean
  /** What is made of it. */
  readonly word?: 'clone' | 'worktree'
  /** Branch, tag or commit; '' for where HEAD is. */
  readonly base?: string
}): CloneSource {
  if (git === null) throw noClone(`${shown(root)} is not a git repository`, 'git init and commit first, or say --workspace bind')
  const { branch, commit } = base === '' ? readHead(git) : readBase(git, base)
  const storage = setting(git, 'extensions.refstorage')
  if (storage !== '' && storage !== 'files')
    throw noClone(`its refs are kept as ${shown(storage)}, which paude does not read`, 'git refs migrate --ref-format=files')
  if (commit === null) throw noClone('the project has no commit yet', 'commit first, or say --workspace bind')
  return {
    commit,
    branch,
    ...readStoreSource(git),
    notes: [...(isDirty ? [] : changedNote(root, git)), ...lackingNotes(root, word)],
  }
}

/**
 * The folder of a repository's objects, or a refusal where a name in it leads elsewhere: an agent could have put a link there, and git
 * would then hand objects of another repository of yours to whoever knows their names.
 */
export function requireOwnObjects({ repository }: GitLayout): string {
  const objects = join(repository, 'objects')
  if (realPath(objects) !== objects) throw noClone(`${shown(objects)} is a link`, 'make it a folder')
  // Its size alone: git reads all of it, however long it is.
  for (const name of ['alternates', 'http-alternates'])
    if (isOdd(join(objects, 'info', name)) || (look(join(objects, 'info', name))?.size ?? 0) > 0)
      throw noClone(
        `its objects are in another repository (${shown(join(objects, 'info', name))})`,
        'git repack -a -d, then remove that file; or say --workspace bind',
      )
  for (const folder of list(objects)) {
    const path = join(objects, folder.name)
    if (!folder.isDirectory()) {
      if (folder.isFile()) continue
      throw noClone(`${shown(path)} is a link`, 'look at what put it there')
    }
    for (const file of list(path)) {
      if (file.isDirectory() && folder.name === 'info') continue
      if (!file.isFile()) throw noClone(`${shown(join(path, file.name))} is not a plain file`, 'look at what put it there')
      if (file.name.endsWith('.promisor'))
        throw noClone(
          'it is a partial clone: some of its objects are on the server alone',
          'git fetch --refetch --no-filter, or say --workspace bind',
        )
    }
  }
  return objects
}

const isOdd = (path: string): boolean => {
  const kind = look(path)
  return kind !== null && !kind.isFile()
}

/** What cannot be looked into may hide a link from this check, and not from git. */
function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return []
    throw noClone(`${shown(folder)} cannot be read`, 'make it readable for you: chmod u+rx on that folder')
  }
}

function readShallow({ repository }: GitLayout): string {
  const lines = (readSmall(join(repository, 'shallow'), 1024 ** 2) ?? '').split('\n').filter(isObjectName)
  return lines.map((line) => `${line}\n`).join('')
}

const setting = ({ repository }: GitLayout, key: string): string =>
  settings(readSmall(join(repository, 'config'), 1024 ** 2) ?? '').findLast((one) => one.key === key)?.value ?? ''

/** Entries of an index that are compared with their files: a look, and no walk. */
const MOST_LOOKED = 50_000

/** Says which files differ from what git last saw of them: what is not committed does not come along. */
function changedNote(root: string, git: GitLayout): readonly string[] {
  const index = readIndex(join(git.gitDirectory, 'index'), hashSize(git))
  if ('fault' in index) return []
  const changed = index.entries.slice(0, MOST_LOOKED).flatMap((entry) => {
    if (isGitlink(entry) || isClosedFolder(entry)) return []
    const file = look(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(entry.name, 'latin1')]))
    const same = file !== null && file.size % 2 ** 32 === entry.size && Math.floor(file.mtimeMs / 1000) === entry.time
    return same ? [] : [nameInside(Buffer.from(entry.name, 'latin1').toString())]
  })
  if (changed.length === 0) return []
  const more = changed.length > 3 ? ` and ${changed.length - 3} more` : ''
  return [`not committed, so not in the clone: ${changed.slice(0, 3).join(', ')}${more}; --dirty brings it`]
}

/** What a commit names and does not hold. */
function lackingNotes(root: string, word: string): readonly string[] {
  const modules = settings(readSmall(join(root, '.gitmodules')) ?? '').flatMap(({ key, value }) =>
    /^submodule\..*\.path$/s.test(key) ? [shown(value)] : [],
  )
  const attributes = readSmall(join(root, '.gitattributes')) ?? ''
  const filters = [...new Set([...attributes.matchAll(/[ \t]filter=(\S+)/g)].map(([, name = '']) => name))]
  return [
    ...(modules.length === 0
      ? []
      : [
          `submodules do not come with the ${word}: ${modules.slice(0, 5).join(', ')}${modules.length > 5 ? ` and ${modules.length - 5} more` : ''}; git submodule update --init fetches them in the sandbox, where the network allows it`,
        ]),
    ...filters.map((name) =>
      name === 'lfs'
        ? `files kept by Git LFS are pointers in the ${word}: git lfs pull fetches them in the sandbox`
        : `files with the filter ${nameInside(name)} are in the ${word} as git keeps them, since no filter runs`,
    ),
  ]
}

const noClone = (why: string, hint: string): PaudeError =>
  new PaudeError('refused', `the project cannot be cloned: ${why}`, { hint })
