import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Tree } from '../agents/imports.ts'
import { SECRET_FILE } from '../credentials/looks-secret.ts'
import type { OwnFile } from '../plan/plan.ts'
import { hasControl } from '../text.ts'
import { below } from '../workspace/paths.ts'
import { objectToMount } from '../workspace/places.ts'
import { type Bounds, locate, trace } from './trace.ts'

/** What is read of one set-up at most: more is no set-up, but somebody's data. */
const MOST = { file: 4 * 1024 ** 2, all: 64 * 1024 ** 2, files: 10_000, depth: 16 }

/** What no set-up is made of. */
const IDLE = ['.git', '.DS_Store', '__pycache__']

type Walk = {
  readonly bounds: Bounds
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
  bounds: Bounds,
): { readonly files: readonly OwnFile[]; readonly left: readonly string[] } {
  const state: Walk = { bounds, files: [], left: [], bytes: 0 }
  // The trees themselves lie where the agent's own files said, so the first is judged as a link is.
  for (const { from, to, root } of trees) enter(state, { path: from, to, anchor: null, depth: 0 }, root)
  const most = state.files.length >= MOST.files ? [`more than ${MOST.files} files`] : []
  return { files: state.files, left: [...state.left, ...most] }
}

type Place = { readonly path: string; readonly to: string; readonly anchor: string | null; readonly depth: number }

function enter(walk: Walk, { path, to, anchor, depth }: Place, root?: string): void {
  const stats = statsOf(path)
  if (stats === null || walk.files.length >= MOST.files) return
  if (depth > MOST.depth) return void walk.left.push(`${to} (too deep)`)
  const found =
    depth === 0
      ? locate(walk.bounds, path, root)
      : stats.isSymbolicLink()
        ? trace(walk.bounds, { at: dirname(path), rest: basename(path), anchor })
        : { real: path, anchor }
  const fault = 'fault' in found ? found.fault : found.real === path && depth > 0 ? null : faultOf(walk.bounds, found.real)
  if ('fault' in found || fault !== null) return void walk.left.push(`${to} (${fault})`)
  const { real } = found
  const own = walk.bounds.anchor ?? (below(walk.bounds.folder, real) ? null : real)
  const next = root === undefined ? (anchor ?? own) : found.anchor
  const there = real === path ? stats : statsOf(real)
  if (there?.isDirectory()) return void enterFolder(walk, { path: real, to, anchor: next, depth })
  if (SECRET_FILE.test(basename(to)) || SECRET_FILE.test(basename(real)))
    return void walk.left.push(`${to} (may be a credential)`)
  if (there?.isFile()) take(walk, { path: real, to }, there)
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

/** Why nothing is read of a place; null where it may be. */
function faultOf({ host, home, folder }: Bounds, real: string): string | null {
  if (below(folder, real)) return null
  return below(home, real) ? objectToMount(real, host) : 'is outside your home directory'
}

/** Where a file that decides what comes in really is; null where it is not read. With `root`, it must lie in that folder. */
export function ownPath(path: string, bounds: Bounds, root?: string): string | null {
  const found = locate(bounds, path, root)
  if ('fault' in found || SECRET_FILE.test(basename(found.real))) return null
  // Claude's own state lies beside the folder, in a place of credentials.
  const beside = found.real === join(bounds.home, basename(path))
  return beside || faultOf(bounds, found.real) === null ? found.real : null
}

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
