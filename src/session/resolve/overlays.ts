import type { Overlay } from '../../box/spec.ts'
import type { StandIn } from '../../box/stand-ins.ts'
import type { Config } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import { look } from '../../workspace/paths.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { overlayVolume } from '../record/id.ts'
import { isAsMade } from '../record/stand-ins.ts'

/** A folder of the project in whose place the box has a volume, and whether paude makes it on this machine for the mount to lie on. */
export type OverlaidFolder = Overlay & { readonly isMade: boolean }

/** What is to have a volume: nothing where no folder of this machine is in the box, and there nobody may ask for it. */
export function overlaysHere({ settings: { overlay, workspaceMode }, origins }: Config): readonly string[] {
  if (workspaceMode === 'bind') return overlay
  if (origins.overlay.some(({ layer }) => layer === 'flag' || layer === 'environment'))
    throw new PaudeError('usage', `--overlay and --workspace ${workspaceMode} cannot be combined`, {
      hint: 'leave --overlay out: no folder of your project is in the sandbox',
    })
  return []
}

/** `listed` is what sessions list as put into projects: what another one made goes with the last of them. */
export const overlaidFolders = ({ root, overlays }: Workspace, listed: ReadonlySet<string>): readonly OverlaidFolder[] =>
  overlays.map((path) => ({
    path,
    volume: overlayVolume(root, path),
    isMade: look(path) === null || (listed.has(path) && isAsMade({ kind: 'overlay', path })),
  }))

export const overlayStandIns = (overlays: readonly OverlaidFolder[]): readonly StandIn[] =>
  overlays.flatMap(({ path, isMade }) => (isMade ? [{ kind: 'overlay', path, target: path } as const] : []))
