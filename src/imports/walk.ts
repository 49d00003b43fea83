import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'
import type { Tree } from '../agents/imports.ts'
import { SECRET_FILE } from '../credentials/looks-secret.ts'
import type { Host } from '../host.ts'
import type { OwnFile } from '../plan/plan.ts'
import { hasControl } from '../text.ts'
import { below, realPath } from '../workspace/paths.ts'
import { objectToMount } from '../workspace/places.ts'

/** What is read of one set-up at most: more is no set-up, but somebody's data. */
const MOST = { file: 4 * 1024 ** 2, all: 64 * 1024 ** 2, files: 10_000, depth: 16 }

/** What no set-up is made of. */
const IDLE = ['.git', '.DS_Store', '__pycache__']

type Walk = {
  readonly host: Pick<Host, 'home' | 'env'>
  /** The user's home and the folder of the set-up, as they really are. */
  readonly home: string
  readonly folder: string
  readonly files: OwnFile[]
  readonly left: string[]
  bytes: number
}

/**
 * The files below these trees. A link may lead to a regular file or folder of the user's, outside of the places of credentials. What
 * lies outside of the set-up may be a project, in which a box writes: a link there leads nowhere but into the same folder.
 */
export function walk(
  trees: readonly Tree[],
  { host, folder }: { readonly host: Walk['host']; readonly folder: string },
): { readonly files: readonly OwnFile[]; readonly left: readonly string[] } {
  const home = realPath(host.home) ?? host.home
  const state: Walk = { host, home, folder: realPath(folder) ?? folder, files: [], left: [], bytes: 0 }
  const anchor = anchorOf(folder, state.folder)
  for (const { from, to } of trees) enter(state, { path: from, to, anchor, depth: 0 })
  const most = state.files.length >= MOST.files ? [`more than ${MOST.files} files`] : []
  return { files: state.files, left: [...state.left, ...most] }
}

type Place = { readonly path: string; readonly to: string; readonly anchor: string | null; readonly depth: number }

function enter(walk: Walk, { path, to, anchor, depth }: Place): void {
  const stats = statsOf(path)
  if (stats === null || walk.files.length >= MOST.files) return
  if (depth > MOST.depth) return void walk.left.push(`${to} (too deep)`)
  if (SECRET_FILE.test(to.split('/').at(-1) ?? '') && !stats.isDirectory())
    return void walk.left.push(`${to} (may be a credential)`)
  // The trees themselves lie where the agent's own files said, so the first is judged as a link is.
  const real = depth === 0 || stats.isSymbolicLink() ? realPath(path) : path
  const fault = real === null ? 'leads nowhere' : real === path && depth > 0 ? null : faultOf(walk, real, anchor)
  if (real === null || fault !== null) return void walk.left.push(`${to} (${fault})`)
  const next = anchor ?? (below(walk.folder, real) ? null : real)
  const found = real === path ? stats : statsOf(real)
  if (found?.isDirectory()) enterFolder(walk, { path: real, to, anchor: next, depth })
  else if (found?.isFile()) take(walk, { path: real, to }, found)
}

function enterFolder(walk: Walk, { path, to, anchor, depth }: Place): void {
  for (const name of namesIn(path)) {
    if (IDLE.includes(name)) continue
    if (hasControl(name)) walk.left.push(`${to}/${name} (a name with control characters)`)
    else enter(walk, { path: join(path, name), to: `${to}/${name}`, anchor, depth: depth + 1 })
  }
}

function take(walk: Walk, { path, to }: Pick<Place, 'path' | 'to'>, { size, mtimeMs, ino, dev, mode }: Stats): void {
  if (size > MOST.file || walk.bytes + size > MOST.all) return void walk.left.push(`${to} (too large)`)
  walk.bytes += size
  walk.files.push({ path: to, source: path, mark: `${dev}:${ino}:${size}:${mtimeMs}`, executable: (mode & 0o100) !== 0 })
}

/** What a place is judged by: the user's home and the folder of the set-up, as they really are. */
type Bounds = Pick<Walk, 'host' | 'home' | 'folder'>

/** Why nothing is read of a place that a link leads to; null where it may be. */
function faultOf({ host, home, folder }: Bounds, real: string, anchor: string | null): string | null {
  if (below(folder, real)) return null
  if (anchor !== null && !below(anchor, real)) return `leads out of ${anchor}`
  if (!below(home, real)) return 'is outside your home directory'
  return objectToMount(real, host)
}

/** Where a file that decides what comes in really is; null where it is not read. */
export function ownPath(path: string, { host, folder }: { readonly host: Walk['host']; readonly folder: string }): string | null {
  const real = realPath(path)
  const bounds = { host, home: realPath(host.home) ?? host.home, folder: realPath(folder) ?? folder }
  // Claude's own state lies beside the folder, in a place of credentials.
  if (real === null || real === join(bounds.home, basename(path))) return real
  return faultOf(bounds, real, anchorOf(folder, bounds.folder)) === null ? real : null
}

/** Where the folder itself is a link, it lies in a repository. */
const anchorOf = (folder: string, real: string): string | null => (statsOf(folder)?.isSymbolicLink() ? real : null)

function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    return null
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort()
  } catch {
    return []
  }
}
