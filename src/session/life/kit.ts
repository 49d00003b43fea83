import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Backend, need } from '../../backends/backend.ts'
import { backendNames } from '../../backends/names.ts'
import type { Host } from '../../host.ts'
import { folder, type Plan } from '../../plan/plan.ts'
import { namesIn, stateFolder } from '../../state.ts'
import { readRecords } from '../record/store.ts'

const kits = (host: Host): string => join(stateFolder(host), 'kit')

/**
 * Where this machine keeps the first program of boxes, and beside it their git: one an engine and a version, since each is compiled in the image of the proxy. A file
 * and no volume: whether it is there is seen without asking an engine, and no engine takes it for one that is not used. No box sees the state folder.
 */
export const initFile = (host: Host, backend: string, proxy: string): string =>
  join(kits(host), `${backend}-${proxy.split(':').at(-1) ?? ''}`, 'init')

/** Takes it out of the proxy's image where it is missing; `bring` makes that image. */
export function kitPlan(
  init: string,
  {
    host,
    backend,
    proxy,
    bring,
  }: { readonly host: Host; readonly backend: Backend; readonly proxy: string; readonly bring: Plan },
): Plan {
  if (isWhole(init)) return []
  const path = dirname(init)
  // The folder is the first to fail where nothing can be written.
  return [
    folder(path, 0o755),
    folder(join(path, 'bin'), 0o755),
    ...bring,
    ...need(backend, 'images').init(proxy, { folder: path, user: backend.user(host) }),
  ]
}

/** A crash may leave it without its content. */
function isWhole(init: string): boolean {
  try {
    return statSync(init).size > 0
  } catch {
    return false
  }
}

/** Folders of those that neither a start with this image of the proxy nor a session that is there would use. */
export function staleKits(host: Host, proxy: string): readonly string[] {
  const used = new Set([...backendNames.map((name) => initFile(host, name, proxy)), ...readRecords(host).map(({ init }) => init)])
  return namesIn(kits(host))
    .map((name) => join(kits(host), name))
    .filter((path) => !used.has(join(path, 'init')))
}
