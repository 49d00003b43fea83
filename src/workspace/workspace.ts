import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { hasControl, shown } from '../text.ts'
import { isRepository, readGit } from './git.ts'
import type { GitLayout } from './git-layout.ts'
import { type Guards, guard } from './guard.ts'
import { IN_FOLDERS, type Listed } from './listed.ts'
import { overlayPaths, requireUnguarded } from './overlay.ts'
import { ancestors, below, look, readSmall, realFuture, realPath } from './paths.ts'
import { objectToWorkspace, ownFolders, type Surroundings } from './places.ts'

/** The project as the box sees it. Notes are lines for the user on stderr. */
export type Workspace = Guards & {
  /** Real path, mounted writable at itself. */
  readonly root: string
  /** Real current directory, root or below: the working directory in the box. */
  readonly directory: string
  readonly git: GitLayout | null
  readonly list: readonly Listed[]
  /** Folders in whose place the box has a volume. */
  readonly overlays: readonly string[]
  /** Folders of paude's own below the root, in whose place the box sees nothing: other sessions' sockets lie there. */
  readonly hiddenPaths: readonly string[]
}

type Machine = Pick<Host, 'cwd' | 'home' | 'uid' | 'env'>

/**
 * Finds what to mount around the current directory, or refuses. `force` allows a place that is too much, never `/` or the kernel's;
 * `protect` names further paths that are read-only in the box, `list` what is guarded in any folder, `overlay` where a volume is.
 */
export function findWorkspace(
  host: Machine,
  {
    force,
    protect = [],
    list = IN_FOLDERS,
    overlay = [],
  }: {
    readonly force: boolean
    readonly protect?: readonly string[]
    readonly list?: readonly Listed[]
    readonly overlay?: readonly string[]
  },
): Workspace {
  const directory = host.cwd === '' ? null : realPath(host.cwd)
  if (directory === null)
    throw new PaudeError('refused', 'the current directory no longer exists', { hint: 'cd into an existing folder' })
  if (hasControl(directory))
    throw new PaudeError('refused', `control characters in the path of the current directory: ${shown(directory)}`, {
      hint: 'rename it',
    })
  refuseWorkspace(directory, { host, force })
  const { root, notes } = findRoot(directory, host)
  const { git, note } = readGit(root, host)
  // A pointer that leads nowhere makes no top level: what is mounted shrinks to what was asked for.
  const place = git || look(join(root, '.git'))?.isDirectory() ? root : directory
  const area = { root: place, directory, git, protect, list, force }
  const overlays = overlayPaths(area, overlay)
  const guards = guard({ ...area, overlays }, host)
  requireUnguarded(place, overlays, guards)
  const isOverlaid = (path: string) => overlays.some((one) => below(one, path))
  const [state = '', ...others] = ownFolders(host).map(realFuture)
  // That of the state is made by the start itself, at the latest.
  const own = [state, ...others.filter((path) => look(path))].filter((path) => path !== place && below(place, path))
  return {
    ...area,
    ...guards,
    overlays,
    hiddenPaths: own.filter((path) => !isOverlaid(path)),
    notes: [...notes, ...(note ? [note] : []), ...(git ? borrowed(area.root, git) : []), ...guards.notes],
  }
}

/** What in a further folder that the box can write must not change. Its git data counts where it lies in the folder. */
export function guardMount(root: string, host: Surroundings, list: readonly Listed[] = IN_FOLDERS): Guards {
  const { git } = readGit(root, host)
  return guard({ root, directory: root, git: git?.commonDirectory === null ? git : null, protect: [], list }, host)
}

/** Folders whose own configuration concerns the current directory: from the project's top level down to it. */
export function projectFolders(host: Machine): readonly string[] {
  const directory = host.cwd === '' ? null : realPath(host.cwd)
  if (directory === null || hasControl(directory)) return []
  const { root } = findRoot(directory, host)
  return ancestors(directory)
    .filter((folder) => below(root, folder))
    .toReversed()
}

/** What the agent can write to: the project, and its git data where that lies beside it. */
export function writableFolders(root: string, host: Pick<Machine, 'home' | 'env'>): readonly string[] {
  const common = readGit(root, host).git?.commonDirectory ?? null
  return common === null ? [root] : [root, common]
}

/** What git in the box must trust although another user owns it: the working trees and git directories of this workspace. */
export const safeDirectories = ({ root, git }: Workspace): readonly string[] => [
  ...new Set([root, `${root}/*`, ...(git ? [git.repository, git.gitDirectory] : [])]),
]

function refuseWorkspace(directory: string, { host, force }: { readonly host: Machine; readonly force: boolean }): void {
  const objection = objectToWorkspace(directory, host)
  if (!objection || (force && !objection.final)) return
  const hint = objection.final ? 'cd into a project' : 'cd into a project, or use --force to give the agent this folder'
  throw new PaudeError('refused', `refusing to work in ${shown(directory)}: ${objection.reason}`, { hint })
}

/** The git top level around the directory when it may be mounted, else the directory itself. --force is no wish for more than that. */
function findRoot(directory: string, host: Machine): { readonly root: string; readonly notes: readonly string[] } {
  const top = topLevel(directory)
  if (top === null || top === directory) return { root: directory, notes: [] }
  const reason = isForeign(top, host) ? 'it belongs to another user' : objectToWorkspace(top, host)?.reason
  if (reason === undefined) return { root: top, notes: [] }
  return { root: directory, notes: [`mounting only ${shown(directory)}, not its git repository ${shown(top)}: ${reason}`] }
}

/** Nearest folder with git data, on the same file system as git does it. */
function topLevel(directory: string): string | null {
  const device = look(directory)?.dev
  for (const folder of ancestors(directory)) {
    if (look(folder)?.dev !== device) return null
    const data = look(join(folder, '.git'))
    if (data?.isDirectory() ? isRepository(join(folder, '.git')) : data !== null) return folder
  }
  return null
}

/** Whether somebody else may have put the git data above us, as in a folder open to all. */
function isForeign(top: string, { uid, env }: Machine): boolean {
  const owner = look(join(top, '.git'))?.uid
  return owner !== uid && owner !== 0 && String(owner) !== env['SUDO_UID']
}

/** Objects that git takes from another repository, which is not mounted. */
function borrowed(root: string, { repository }: GitLayout): readonly string[] {
  const lines = readSmall(join(repository, 'objects/info/alternates'))?.split('\n') ?? []
  const places = lines.filter((line) => line.startsWith('/') && !below(root, line) && !below(repository, line))
  return places.map((path) => `git objects in ${shown(path)} are missing in the sandbox; mount that folder to use them`)
}
