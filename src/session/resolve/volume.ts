import { join } from 'node:path'
import { PACKS, type SessionSpec } from '../../box/spec.ts'
import { cloneFill } from '../clone/fill.ts'
import { branchOf } from '../clone/names.ts'
import { snapshotFolder } from '../clone/uncommitted.ts'
import { sessionFolder } from '../record/store.ts'
import type { Wish } from './wish.ts'

/** A volume of the session, empty or with a clone; null where the project itself is mounted. */
export function volumeTransport(
  { backend, config, host, images, around: { clone, own, workspace }, again }: Wish,
  session: { readonly id: string; readonly name: string },
): SessionSpec['transport'] | null {
  if (config.settings.workspaceMode === 'bind' || config.settings.workspaceMode === 'worktree') return null
  const { root, directory } = workspace
  const volume = { name: `${session.id}-workspace`, root, image: images.agent, ...backend.user(host), selinux: own.selinux }
  if (again?.volume !== undefined)
    return { kind: 'volume', volume: { ...volume, name: again.volume.name }, fill: null, kept: true }
  if (clone === null) return { kind: 'volume', volume, fill: null }
  const uncommitted = clone.uncommitted === null ? '' : snapshotFolder(clone.store, session.id)
  // What lies elsewhere cannot be labelled for one box alone.
  const isShared = own.kind === 'oci' && own.link === 'folder' && !own.selinux
  const packs = isShared ? join(sessionFolder(host, session.id), PACKS) : ''
  const fill = cloneFill(clone, { store: clone.store, root, directory, branch: branchOf(session), uncommitted, packs })
  return { kind: 'volume', volume, fill }
}
