import type { Copy, Mount, SessionSpec } from '../../box/spec.ts'
import { secret } from '../../secret.ts'
import { placesOf } from '../../workspace/further.ts'
import { CONFIG_LIMIT } from '../../workspace/git-config.ts'
import { readInPlace } from '../../workspace/inode.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { writable } from './further.ts'
import { shadowsOf } from './shadows.ts'
import type { Surroundings } from './surroundings.ts'

/** The project and the further repositories, each at its own path. */
export function projectTransport({ workspace, repos }: Pick<Surroundings, 'workspace' | 'repos'>): SessionSpec['transport'] {
  const own = [workspace, ...writable(repos)].map(guardedWorkspace)
  const read = repos.filter(({ readOnly }) => readOnly).flatMap((one) => placesOf(one.workspace))
  return {
    kind: 'bind',
    mounts: [...own.flatMap(({ mounts }) => mounts), ...read.map((path) => ({ source: path, target: path, readOnly: true }))],
    copies: own.flatMap(({ copies }) => copies),
    shadows: shadowsOf(workspace),
  }
}

/** A workspace; behind it what must stay in its place, what must stay as it is, and copies of git's configuration. */
function guardedWorkspace({ root, git, pinnedPaths, protectedPaths, copiedPaths }: Workspace): {
  readonly mounts: readonly Mount[]
  readonly copies: readonly Copy[]
} {
  const common = git?.commonDirectory ?? null
  const own = (paths: readonly string[], readOnly: boolean) => paths.map((path) => ({ source: path, target: path, readOnly }))
  // What is too large, or became a link meanwhile, stays read-only.
  const copies = copiedPaths.flatMap((target) => {
    const text = readInPlace(target, CONFIG_LIMIT)
    return text === null ? [] : [{ target, content: secret(text) }]
  })
  const kept = protectedPaths.filter((path) => copies.every(({ target }) => target !== path))
  return {
    mounts: [...own([root, ...(common === null ? [] : [common]), ...pinnedPaths], false), ...own(kept, true)],
    copies,
  }
}
