import { dirname, join, resolve } from 'node:path'
import { hasControl } from '../text.ts'
import { isRepository, readPointer } from './git.ts'
import { CONFIG_LIMIT, setting, settings } from './git-config.ts'
import type { GitLayout } from './git-layout.ts'
import type { Tree } from './git-named.ts'
import { IN_GIT, severeNames } from './listed.ts'
import { below, entriesOf, look, readSmall, realPath } from './paths.ts'

/** Worktrees, submodules and nested repositories guarded one by one; with more, the folder that holds them becomes read-only. */
export const NESTED_LIMIT = 200

/** What of git data decides what git runs. */
export type GitFiles = {
  readonly files: readonly string[]
  /** Those whose configuration may name more. */
  readonly trees: readonly Tree[]
}

/** The names in a git directory that are read-only. */
export const GUARDED_IN_GIT = severeNames(IN_GIT)

/** The project's own git data, with that of its other worktrees and of its submodules. */
export function ownGitFiles(root: string, { gitDirectory, repository }: GitLayout): GitFiles {
  const pointer = join(root, '.git')
  const own = repositoryFiles({ root, gitDirectory, repository })
  return {
    files: [
      ...(look(pointer)?.isDirectory() ? [] : [pointer]),
      ...(gitDirectory === repository ? [] : worktreeFiles(gitDirectory)),
      ...own.files,
    ],
    trees: own.trees,
  }
}

/** Repositories that lie in the project, each as its own is: `places` are `.git` files and folders, and bare repositories. */
export function nestedGitFiles(root: string, places: readonly string[]): GitFiles {
  const found = places.slice(0, NESTED_LIMIT).map((place): GitFiles => {
    const kind = look(place)
    if (kind?.isDirectory()) {
      const isBare = !place.endsWith('/.git')
      if (!isBare && !isRepository(place)) return { files: [place], trees: [] }
      return repositoryFiles({ root: isBare ? place : dirname(place), gitDirectory: place, repository: place })
    }
    const pointer = kind?.isFile() ? readPointer(place) : null
    const target = pointer && realPath(resolve(dirname(place), pointer))
    const tree = target && below(root, target) && isRepository(target) ? target : null
    return tree === null || tree === ''
      ? { files: [place], trees: [] }
      : joined([{ files: [place], trees: [] }, repositoryFiles({ root: dirname(place), gitDirectory: tree, repository: tree })])
  })
  return joined(found)
}

const joined = (all: readonly GitFiles[]): GitFiles => ({
  files: all.flatMap(({ files }) => files),
  trees: all.flatMap(({ trees }) => trees),
})

function repositoryFiles(tree: Tree): GitFiles {
  const { repository } = tree
  const worktrees = folders(join(repository, 'worktrees'))
  const modules = [repository, ...worktrees].map((folder) => moduleFiles(join(folder, 'modules')))
  return joined([
    {
      files: [
        ...GUARDED_IN_GIT.map((name) => join(repository, name)),
        ...(worktrees.length > NESTED_LIMIT || worktrees.some(hasControl)
          ? [join(repository, 'worktrees')]
          : worktrees.flatMap(worktreeFiles)),
      ],
      trees: [tree],
    },
    ...modules,
  ])
}

/** The git side of a linked worktree, and the `.git` file on its other end. */
function worktreeFiles(folder: string): readonly string[] {
  const back = readSmall(join(folder, 'gitdir'))?.trimEnd()
  const names = ['commondir', 'gitdir', 'config.worktree'].map((name) => join(folder, name))
  return back ? [...names, ...pointerFile(resolve(folder, back))] : names
}

/** All submodules below a `modules` folder, also those in submodules; names may have slashes. */
function moduleFiles(top: string): GitFiles {
  const [files, trees]: [string[], Tree[]] = [[], []]
  const waiting = [top]
  for (const folder of waiting) {
    // A name that cannot be mounted, or too many of them: the whole folder it is, at the price of commits in submodules.
    if (waiting.length > NESTED_LIMIT || hasControl(folder)) return { files: [top], trees: [] }
    if (folder === top || !isRepository(folder)) {
      waiting.push(...folders(folder))
      continue
    }
    const worktree = setting(settings(readSmall(join(folder, 'config'), CONFIG_LIMIT) ?? ''), 'core.worktree')
    files.push(...GUARDED_IN_GIT.map((name) => join(folder, name)))
    trees.push({ root: worktree ? resolve(folder, worktree) : folder, gitDirectory: folder, repository: folder })
    if (worktree) files.push(...pointerFile(join(resolve(folder, worktree), '.git')))
    waiting.push(...folders(join(folder, 'modules')))
  }
  return { files, trees }
}

/** The `.git` file of another working tree: whoever rewrites it chooses the configuration that the host's git obeys there. */
function pointerFile(path: string): readonly string[] {
  const folder = realPath(dirname(path))
  const file = folder && join(folder, '.git')
  return file && readPointer(file) !== null ? [file] : []
}

/** Folders in a folder, links left out. Empty when there is no such folder, or when it is a link itself. */
const folders = (path: string): readonly string[] =>
  look(path)?.isDirectory() ? entriesOf(path).flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : [])) : []
