import { basename, dirname, join, resolve } from 'node:path'
import { hasControl, shown } from '../text.ts'
import { CONFIG_LIMIT, setting, settings } from './git-config.ts'
import type { HashSize } from './git-index.ts'
import type { GitLayout } from './git-layout.ts'
import type { Identity } from './identity.ts'
import { below, look, readSmall, realPath } from './paths.ts'
import { objectToMount, type Surroundings } from './places.ts'

/** The layout, or one sentence on why the git data beside the project is left out. */
export type GitFinding = { readonly git: GitLayout | null; readonly note: string | null }

/** What the git data of a working tree's top level is; reads files only, runs nothing. */
export function readGit(root: string, host: Surroundings): GitFinding {
  const path = join(root, '.git')
  const kind = look(path)
  if (!kind) return isRepository(root) ? { git: whole(root), note: null } : { git: null, note: null }
  if (kind.isDirectory()) return isRepository(path) ? { git: whole(path), note: null } : ignored('it holds no repository')
  if (kind.isSymbolicLink()) return readLink(root, path)
  const pointer = readPointer(path)
  const target = pointer && realPath(resolve(root, pointer))
  if (!target) return ignored('it points to nothing')
  if (hasControl(target)) return ignored(`control characters in ${shown(target)}`)
  if (!below(root, target) && !belongs(path, target)) return ignored(`${shown(target)} does not point back to this project`)
  return admit(root, { gitDirectory: target, repository: commonOf(target) }, host)
}

/** Whether a folder is a git directory, by git's own signs. */
export const isRepository = (path: string): boolean =>
  ['HEAD', 'objects', 'refs'].every((name) => look(join(path, name)) !== null)

/** A `.git` file's word for where the git directory is; null when it is none. */
export const readPointer = (file: string): string | null => /^gitdir: (.+?)[\r\n]*$/s.exec(readSmall(file) ?? '')?.[1] ?? null

/** What the repository calls its objects by, in bytes: its index does not say. */
export const hashSize = ({ repository }: GitLayout): HashSize =>
  setting(settings(readSmall(join(repository, 'config'), CONFIG_LIMIT) ?? ''), 'extensions.objectformat') === 'sha256' ? 32 : 20

/** Configuration for git in the box by environment: nobody's file is written. */
export function gitEnvironment(
  { name, email }: Identity,
  safeDirectories: readonly string[],
  /** Beginnings of remotes' addresses, each with what git uses in its place. */
  replaced: readonly (readonly [from: string, to: string])[] = [],
): Readonly<Record<string, string>> {
  const settings = [
    ...safeDirectories.map((path) => ['safe.directory', path] as const),
    // The box does not see the other worktrees; without this gc takes them for deleted.
    ['gc.worktreePruneExpire', 'never'] as const,
    ...(name ? [['user.name', name] as const] : []),
    ...(email ? [['user.email', email] as const] : []),
    ...replaced.map(([from, to]) => [`url.${to}.insteadOf`, from] as const),
  ]
  const pairs = settings.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key] as const,
    [`GIT_CONFIG_VALUE_${n}`, value] as const,
  ])
  return {
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(pairs),
    // The project is a file system of its own in the box: git's words about that would be news of the box, not of the project.
    GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
  }
}

const whole = (gitDirectory: string): GitLayout => ({ commonDirectory: null, gitDirectory, repository: gitDirectory })

const ignored = (reason: string): GitFinding => ({ git: null, note: `.git ignored: ${reason}` })

function readLink(root: string, path: string): GitFinding {
  const target = realPath(path)
  if (!target || !below(root, target) || target === root) return ignored('it is a symbolic link out of the project')
  return isRepository(target) ? { git: whole(target), note: null } : ignored('its link does not lead to a repository')
}

/** Whether a git directory outside the project says itself that this `.git` file is its own. */
const belongs = (file: string, gitDirectory: string): boolean =>
  isLinkedWorktree(file, gitDirectory) || isSubmodule(file, gitDirectory)

/** `COMMON/worktrees/NAME`, with both its pointers in agreement: to COMMON and back to the `.git` file. */
function isLinkedWorktree(file: string, gitDirectory: string): boolean {
  const back = readLine(join(gitDirectory, 'gitdir'))
  const common = commonOf(gitDirectory)
  return (
    back !== null &&
    realPath(resolve(gitDirectory, back)) === file &&
    dirname(gitDirectory) === join(common, 'worktrees') &&
    isRepository(common)
  )
}

/** `SUPER/modules/…` of a git directory SUPER, with a core.worktree that leads back to the project. */
function isSubmodule(file: string, gitDirectory: string): boolean {
  const worktree = ['config', 'config.worktree']
    .map((name) => setting(settings(readSmall(join(gitDirectory, name)) ?? ''), 'core.worktree'))
    .findLast((value) => value !== null)
  if (!worktree || realPath(resolve(gitDirectory, worktree)) !== dirname(file)) return false
  if (!isRepository(gitDirectory) || commonOf(gitDirectory) !== gitDirectory) return false
  return modulesFolders(gitDirectory).some((folder) => isRepository(dirname(folder)))
}

/** Every folder called `modules` above a path. */
function modulesFolders(path: string): readonly string[] {
  const parent = dirname(path)
  if (parent === path) return []
  return basename(parent) === 'modules' ? [parent, ...modulesFolders(parent)] : modulesFolders(parent)
}

function admit(root: string, found: Omit<GitLayout, 'commonDirectory'>, host: Surroundings): GitFinding {
  const { gitDirectory, repository } = found
  if (!isRepository(repository) || !look(join(gitDirectory, 'HEAD'))) return ignored(`${shown(gitDirectory)} is not a repository`)
  if (below(root, gitDirectory) && below(root, repository)) return { git: { ...found, commonDirectory: null }, note: null }
  if (!below(repository, gitDirectory)) return ignored(`${shown(gitDirectory)} and ${shown(repository)} do not belong together`)
  const objection = hasControl(repository) ? `control characters in ${shown(repository)}` : objectToMount(repository, host)
  return objection ? ignored(objection) : { git: { ...found, commonDirectory: repository }, note: null }
}

/** Where `commondir` leads; the git directory itself when there is none. */
export function commonOf(gitDirectory: string): string {
  const common = readLine(join(gitDirectory, 'commondir'))
  return (common && realPath(resolve(gitDirectory, common))) ?? gitDirectory
}

const readLine = (file: string): string | null => readSmall(file)?.replace(/[\r\n]+$/, '') || null
