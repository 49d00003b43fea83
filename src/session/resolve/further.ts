import type { StandIn } from '../../box/stand-ins.ts'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { type Further, furtherRepository, requireApart } from '../../workspace/further.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { withStandInsOfOthers } from '../record/stand-ins.ts'
import { guardList, standInsOf } from './own-mounts.ts'

/** The further repositories that somebody asked for, each looked at as the project is. */
export function furtherRepositories(
  host: Host,
  config: Config,
  { listed, project }: { readonly listed: ReadonlySet<string>; readonly project: Workspace },
): readonly Further[] {
  const { settings, origins } = config
  if (settings.repos.length === 0) return []
  // A clone is there so that the agent has no folder of yours. What it may read besides is a mount.
  if (settings.workspaceMode !== 'bind')
    throw new PaudeError('usage', `--repo and --workspace ${settings.workspaceMode} cannot be combined`, {
      hint: 'leave one of them out; --mount PATH gives the agent a folder to read',
    })
  const found = settings.repos.map((text, at) =>
    asSaid('workspace.repos', origins.repos[at], () => furtherRepository(text, host, guardList(config))),
  )
  // A path in your file and in a project's is one.
  const all = found.filter(({ workspace: { root }, readOnly }, at) =>
    found.slice(0, at).every((one) => one.workspace.root !== root || one.readOnly !== readOnly),
  )
  requireApart(project, all)
  return all.map((one) => ({ ...one, workspace: withStandInsOfOthers(listed, one.workspace) }))
}

/** Those that the box can write. */
export const writable = (repos: readonly Further[]): readonly Workspace[] =>
  repos.flatMap(({ workspace, readOnly }) => (readOnly ? [] : [workspace]))

/** Of one that the box only reads its sockets alone: nothing can be planted there. */
export const furtherStandIns = ({ workspace, readOnly }: Further): readonly StandIn[] =>
  standInsOf(readOnly ? { ...workspace, standIns: [] } : workspace, (path) => path)
