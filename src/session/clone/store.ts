import { dirname, join } from 'node:path'
import type { Host } from '../../host.ts'
import { folder, type Plan, write } from '../../plan/plan.ts'
import { cacheFolder } from '../../state.ts'
import type { CloneSource } from '../../workspace/clone-source.ts'
import { findGit, packsOf, type Store, storeFiles } from '../../workspace/sterile-git.ts'

/** What of a source decides about its store: a project whose history is cut elsewhere gets another one. */
export type StoreSource = Pick<CloneSource, 'objects' | 'sha256' | 'shallow'>

export function storeOf(host: Host, { objects, shallow }: StoreSource): Store {
  const key = new Bun.CryptoHasher('sha256').update(`${objects}\n${shallow}`).digest('hex').slice(0, 16)
  return { git: findGit(host), folder: join(cacheFolder(host), 'clones', key) }
}

/** Lays a store out; the same each time, so it stays. */
export function storePlan(store: Store, source: StoreSource): Plan {
  const files = Object.entries(storeFiles(source))
  const folders = [store.folder, join(store.folder, 'refs'), join(store.folder, 'objects'), packsOf(store)]
  return [
    ...[...folders, ...files.map(([name]) => dirname(join(store.folder, name)))]
      .filter((path, at, all) => all.indexOf(path) === at)
      .map((path) => folder(path)),
    ...files.map(([name, content]) => write(join(store.folder, name), content)),
  ]
}
