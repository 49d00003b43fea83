import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Bytes of a git or project file that are worth reading; larger ones are not what they claim to be. */
const READ_LIMIT = 64 * 1024

/** Where the path really is, or null when nothing is there or it cannot be looked at. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

/** Where the path will really be: links above it are followed, what does not exist yet is kept. */
export function realFuture(path: string): string {
  const missing: string[] = []
  for (let place = path; ; place = dirname(place)) {
    const real = realPath(place)
    if (real !== null || place === dirname(place)) return join(real ?? place, ...missing.reverse())
    missing.push(basename(place))
  }
}

/** What is at the path itself, links not followed; null when nothing is. */
export function look(path: string | Buffer): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    return null
  }
}

/** What is in a folder; nothing when it cannot be looked into. */
export const entriesOf = (folder: string): readonly Dirent[] => entriesIfOpen(folder) ?? []

/** What is in a folder; null when a folder is there that cannot be looked into. */
export function entriesIfOpen(folder: string): readonly Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? [] : null
  }
}

/** Where a link leads, in its own words; '' for anything else. */
export function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Whether a path is the place or lies below it, by its words alone. Both absolute and normalised. */
export const below = (place: string, path: string): boolean =>
  path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`)

/**
 * Whether a path is the place or lies below it, also when one of them is spelled differently: another case on a file system
 * that ignores it, a bind mount, a firmlink of macOS.
 */
export function inside(place: string, path: string): boolean {
  if (below(place, path)) return true
  const wanted = identity(place)
  return wanted !== null && ancestors(path).some((ancestor) => identity(ancestor) === wanted)
}

/** Whether one of the two lies in the other, or they are the same. */
export const overlap = (one: string, other: string): boolean => inside(one, other) || inside(other, one)

/** The path and every folder above it, nearest first. */
export function ancestors(path: string): readonly string[] {
  const found = [path]
  for (let parent = dirname(path); parent !== found.at(-1); parent = dirname(parent)) found.push(parent)
  return found
}

/** Text of a small regular file, of `most` bytes at most; null for anything else. Never blocks on a pipe and never follows a last link. */
export const readSmall = (path: string, most = READ_LIMIT): string | null => readBytes(path, most)?.toString() ?? null

/** The same as it is; with `follow` 0 the path is a handle's. */
export function readBytes(path: string, most: number, follow: number = constants.O_NOFOLLOW): Buffer | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | follow | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size > most) return null
    // One that grows meanwhile is read as far as it went.
    const buffer = Buffer.alloc(stats.size)
    return buffer.subarray(0, readSync(file, buffer, 0, stats.size, 0))
  } catch {
    return null
  } finally {
    closeSync(file)
  }
}

function identity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}
