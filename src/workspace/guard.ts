import { readdirSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { hasControl, shown } from '../text.ts'
import { isRepository, readPointer } from './git.ts'
import { setting, settings } from './git-config.ts'
import type { GitLayout } from './git-layout.ts'
import { ancestors, below, look, readSmall, realPath } from './paths.ts'

/** What programs of the host run or obey by themselves, relative to a git directory. */
const PROTECTED_IN_GIT = ['hooks', 'config', 'config.worktree', 'commondir'] as const

/** The same, relative to the project and to every folder between it and the working directory. */
const PROTECTED_IN_PROJECT = [
  ...(['.claude', '.mcp.json', '.codex', '.gemini', '.cursor', '.vscode', '.idea', '.zed', '.devcontainer'] as const),
  ...(['.husky', '.envrc', 'paude.toml', 'paude.json', '.devcontainer.json'] as const),
] as const

/** What is read-only in the box, relative to the project. */
export const PROTECTED: readonly string[] = [...PROTECTED_IN_GIT.map((name) => `.git/${name}`), ...PROTECTED_IN_PROJECT]

/** Worktrees and submodules guarded one by one; with more, the folder that holds them becomes read-only. */
const NESTED_LIMIT = 200

export type Guards = {
  /** Exist; mounted read-only over the project. */
  readonly protectedPaths: readonly string[]
  /** Those of them that are git's own configuration: the box has copies that it may write, and nothing of them comes back. */
  readonly copiedPaths: readonly string[]
  /** Folders mounted writable over themselves: a mount point cannot be renamed, so nothing protected is moved away in its parent. */
  readonly pinnedPaths: readonly string[]
  /** Protected by nothing because they are missing, or links: to be looked at again when the session is over. */
  readonly watchedPaths: readonly string[]
  readonly notes: readonly string[]
}

export type Area = {
  readonly root: string
  readonly directory: string
  readonly git: GitLayout | null
  /** Further paths, absolute, or relative to the root. */
  readonly protect: readonly string[]
}

type Finding = { readonly protects?: string; readonly watches?: string; readonly note?: string }

/** What in the project must not change because the host acts on it. Looks only; links are never followed out of the project. */
export function guard(area: Area): Guards {
  const { root, git, protect } = area
  const gits = git ? gitFiles(area, git) : [join(root, '.git')]
  const paths = [...projectFiles(area), ...protect.map((path) => resolve(root, path)), ...gits]
  const findings = [...new Set(paths)].map((path) => examine(path, area))
  const all = findings.flatMap(({ protects }) => (protects === undefined ? [] : [protects]))
  const protectedPaths = outermost(all)
  return {
    protectedPaths,
    copiedPaths: protectedPaths.filter((path) => gits.includes(path) && isConfiguration(path)),
    pinnedPaths: pins(protectedPaths, area),
    watchedPaths: [...findings.flatMap(({ watches }) => (watches === undefined ? [] : [watches])), ...bareSign(root)].sort(),
    notes: [...new Set(findings.flatMap(({ note }) => (note === undefined ? [] : [note])))],
  }
}

/** Files that git writes by itself, for a branch's upstream for example. Not what they include: that is a file of the project. */
const isConfiguration = (path: string): boolean =>
  ['config', 'config.worktree'].includes(basename(path)) &&
  look(path)?.isFile() === true &&
  look(join(dirname(path), 'HEAD')) !== null

/** With this file a folder can pass for a bare repository, whose `config` the host's git would obey. */
const bareSign = (root: string): readonly string[] => [join(root, 'HEAD')].filter((path) => !look(path))

function projectFiles({ root, directory }: Area): readonly string[] {
  const folders = ancestors(directory).filter((folder) => below(root, folder))
  return folders.flatMap((folder) => PROTECTED_IN_PROJECT.map((name) => join(folder, name)))
}

/** Everything in the git data that decides what git runs, with that of the other worktrees and of the submodules. */
function gitFiles({ root }: Area, git: GitLayout): readonly string[] {
  const pointer = join(root, '.git')
  return [
    ...(look(pointer)?.isDirectory() ? [] : [pointer]),
    ...(git.gitDirectory === git.repository ? [] : worktreeFiles(git.gitDirectory)),
    ...repositoryFiles(git.repository, root),
  ]
}

function repositoryFiles(repository: string, root: string): readonly string[] {
  const worktrees = folders(join(repository, 'worktrees'))
  const modules = [repository, ...worktrees].map((folder) => join(folder, 'modules'))
  return [
    ...PROTECTED_IN_GIT.map((name) => join(repository, name)),
    ...configuredPaths(repository, root),
    ...(worktrees.length > NESTED_LIMIT || worktrees.some(hasControl)
      ? [join(repository, 'worktrees')]
      : worktrees.flatMap(worktreeFiles)),
    ...modules.flatMap(moduleFiles),
  ]
}

/** The git side of a linked worktree, and the `.git` file on its other end. */
function worktreeFiles(folder: string): readonly string[] {
  const back = readSmall(join(folder, 'gitdir'))?.trimEnd()
  const names = ['commondir', 'gitdir', 'config.worktree'].map((name) => join(folder, name))
  return back ? [...names, ...pointerFile(resolve(folder, back))] : names
}

/** All submodules below a `modules` folder, also those in submodules; names may have slashes. */
function moduleFiles(top: string): readonly string[] {
  const found: string[] = []
  const waiting = [top]
  for (const folder of waiting) {
    // A name that cannot be mounted, or too many of them: the whole folder it is, at the price of commits in submodules.
    if (waiting.length > NESTED_LIMIT || hasControl(folder)) return [top]
    if (folder === top || !isRepository(folder)) {
      waiting.push(...folders(folder))
      continue
    }
    const worktree = setting(settings(readSmall(join(folder, 'config')) ?? ''), 'core.worktree')
    found.push(...PROTECTED_IN_GIT.map((name) => join(folder, name)))
    if (worktree) found.push(...pointerFile(join(resolve(folder, worktree), '.git')))
    waiting.push(...folders(join(folder, 'modules')))
  }
  return found
}

/** The `.git` file of another working tree: whoever rewrites it chooses the configuration that the host's git obeys there. */
function pointerFile(path: string): readonly string[] {
  const folder = realPath(dirname(path))
  const file = folder && join(folder, '.git')
  return file && readPointer(file) !== null ? [file] : []
}

/** Hook folders and further configuration that the repository's own configuration names. */
function configuredPaths(repository: string, root: string): readonly string[] {
  return settings(readSmall(join(repository, 'config')) ?? '').flatMap(({ key, value }) => {
    if (value.startsWith('~')) return []
    if (key === 'core.hookspath') return [resolve(root, value)]
    return /^include(if\..*)?\.path$/s.test(key) ? [resolve(repository, value)] : []
  })
}

/** What to do about one path. A path outside the project is nobody's business here. */
function examine(path: string, area: Area): Finding {
  const places = [area.root, ...(area.git?.commonDirectory ? [area.git.commonDirectory] : [])]
  const within = (real: string) => places.some((place) => below(place, real)) && !places.some((place) => below(real, place))
  const name = shown(relative(area.root, path).startsWith('../') ? path : relative(area.root, path))
  if (!within(path)) return {}
  const kind = look(path)
  if (!kind) return { watches: path }
  const real = realPath(path)
  if (!real || !within(real))
    return { watches: path, note: `${name} is a link out of the project: paude does not guard it, and the agent can replace it` }
  if (hasControl(real)) return { watches: path, note: `paude cannot guard ${name}: control characters in ${shown(real)}` }
  if (real !== path)
    return {
      protects: real,
      watches: path,
      note: `${name} is a link: its target is read-only, but the agent can replace the link`,
    }
  if (kind.isFile() && kind.nlink > 1)
    return { protects: path, watches: path, note: `${name} has a hard link, through which the agent can change it` }
  return kind.isFile() || kind.isDirectory() ? { protects: path } : { watches: path }
}

/** Without those that lie in others. */
const outermost = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => other !== path && below(other, path))).sort()

/** The folders above what is protected, up to the mount that holds them. */
function pins(protectedPaths: readonly string[], { root, git }: Area): readonly string[] {
  const bases = [root, ...(git?.commonDirectory ? [git.commonDirectory] : [])]
  return [...new Set(protectedPaths.flatMap((path) => ancestors(path).slice(1)))]
    .filter((path) => !bases.includes(path) && bases.some((base) => below(base, path)))
    .filter((path) => !bases.some((base) => below(path, base)))
    .sort()
}

/** Folders in a folder, links left out. Empty when there is no such folder, or when it is a link itself. */
function folders(path: string): readonly string[] {
  if (!look(path)?.isDirectory()) return []
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : []))
  } catch {
    return []
  }
}
