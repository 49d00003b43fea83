import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { hasControl, shown } from '../text.ts'
import type { Listed } from './listed.ts'
import { modeOf, parseMount, requireMountTarget } from './mount.ts'
import { look, overlap, realPath } from './paths.ts'
import { objectToMount, objectToWorkspace } from './places.ts'
import { findWorkspace, type Workspace } from './workspace.ts'

/** A further repository in the box, at its own path and looked at as the project is. */
export type Further = { readonly workspace: Workspace; readonly readOnly: boolean }

type Machine = Pick<Host, 'cwd' | 'home' | 'uid' | 'env'>

/** Reads `PATH[:ro]`. */
export function parseRepository(text: string, around: { readonly cwd: string; readonly home: string }) {
  const { mode, words } = modeOf(text)
  const { source } = parseMount(text, around)
  if (words.length > 1)
    throw refused(source, 'a further repository has its own path in the sandbox, so there is no second path to write')
  return { source, readOnly: mode === 'ro' }
}

/** Looks at a further repository, or refuses it. */
export function furtherRepository(text: string, host: Machine, list: readonly Listed[]): Further {
  const { source, readOnly } = parseRepository(text, host)
  const root = realPath(source)
  if (root === null || look(root)?.isDirectory() !== true) throw refused(source, 'it is not a folder')
  if (hasControl(root)) throw refused(source, 'it has control characters')
  const reason = objectToWorkspace(root, host)?.reason ?? objectToMount(root, host)
  if (reason !== null) throw refused(source, reason)
  requireMountTarget(root)
  const workspace = findWorkspace({ ...host, cwd: root }, { force: false, list })
  if (workspace.root !== root) throw refused(source, `it is in the repository ${shown(workspace.root)}: name that`)
  if (workspace.git === null) throw refused(source, 'it is not a git repository: to mount a folder, use --mount')
  return { workspace, readOnly }
}

/** Refuses what is in the project or holds it, and what has to do with another one: each is guarded by itself. */
export function requireApart(project: Workspace, further: readonly Further[]): void {
  const all = [project, ...further.map(({ workspace }) => workspace)]
  for (const [at, one] of all.entries())
    for (const other of all.slice(0, at))
      if (placesOf(one).some((place) => placesOf(other).some((another) => overlap(place, another))))
        throw refused(one.root, `it shares folders with ${other === project ? 'the project' : shown(other.root)}`)
}

/** Folders of a workspace that the box has. */
export const placesOf = ({ root, git }: Workspace): readonly string[] => [
  root,
  ...(git?.commonDirectory ? [git.commonDirectory] : []),
]

const refused = (path: string, fault: string): PaudeError =>
  new PaudeError('refused', `cannot use ${shown(path)} as a further repository: ${fault}`, {
    hint: 'name the top folder of another repository: --repo PATH, or PATH:ro to let the agent only read it',
  })
