import { join } from 'node:path'
import { folder, type Plan, type Uncommitted } from '../../plan/plan.ts'
import { inStore, packsOf, type Store } from '../../workspace/sterile-git.ts'
import { broughtFile } from '../record/began.ts'
import others from './others.sh' with { type: 'text' }
import pack from './uncommitted.sh' with { type: 'text' }

/** What a clone gets of a working tree besides its commit, and where it waits until the clone is filled. */
export type Snapshotted = {
  readonly root: string
  readonly store: Store
  readonly commit: string
  readonly uncommitted: Uncommitted
}

/** A session, and its folder on the host. */
type Of = { readonly id: string; readonly folder: string }

/** Beside the packs, from where it goes with the filling, or after a month. */
export const snapshotFolder = (store: Store, session: string): string => join(packsOf(store), `.uncommitted-${session}`)

/** Collects what is not committed. git runs in paude's own repository, with your folder as its working tree and nothing of your configuration. */
export function snapshotPlan({ id, folder: kept }: Of, { root, store, commit, uncommitted }: Snapshotted): Plan {
  const place = snapshotFolder(store, id)
  const find = inStore(store, ['/bin/sh', '-c', others + pack, 'sh', store.git, place, commit, root])
  return [folder(place), { kind: 'snapshot', root, folder: place, find, list: broughtFile(kept), uncommitted }]
}
