import { closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import { readBytes, realPath } from './paths.ts'

/** Linux's O_PATH, which node does not name: a handle on the place itself, without opening what is there. */
export const O_PATH = 0o10000000

/** `device:inode` of what is at an absolute path, or null when a link stands anywhere on the way. */
export const inodeOf = (path: string): string | null =>
  withHandle(path, (handle) => {
    const { dev, ino } = fstatSync(handle, { bigint: true })
    return `${dev}:${ino}`
  })

/** Text of a plain file of `most` bytes at most; null for anything else, and when a link stands anywhere on the way. */
export const readInPlace = (path: string, most: number): string | null => bytesInPlace(path, most)?.toString() ?? null

/** The same as it is, byte for byte. */
export function bytesInPlace(path: string, most: number): Buffer | null {
  // Where the kernel has no such handles, one look before and one after: a link that comes and goes between them is not seen.
  if (process.platform !== 'linux') {
    const bytes = realPath(path) === path ? readBytes(path, most) : null
    return realPath(path) === path ? bytes : null
  }
  return withHandle(path, (handle) => (fstatSync(handle).isFile() ? readBytes(`/proc/self/fd/${handle}`, most, 0) : null))
}

/**
 * Makes a small file, or with null an empty folder, where nothing is; false where something is. Refuses when a link stands on the way
 * to it.
 */
export function makeInPlace(path: string, content: string | null): boolean {
  const fault = inPlace(path, (at): string => {
    try {
      if (content === null) mkdirSync(at, 0o755)
      else writeFileSync(at, content, { flag: 'wx', mode: 0o644 })
      return ''
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      return code
    }
  })
  if (fault === '' || fault === 'EEXIST') return fault === ''
  const why = fault === null ? 'its folder no longer exists, or its path has a link now' : fault
  throw new PaudeError('refused', `cannot put a guard at ${shown(path)}: ${why}`, {
    hint: 'look at what changed in the project before you start again',
  })
}

/** Removes what is at a path with all it holds, but nothing that a link on the way or in its place leads to. */
export const takeBackInPlace = (path: string): void => void inPlace(path, (at) => rmSync(at, { recursive: true, force: true }))

/** Does something at a path by a name for it that leads to the same folder whatever becomes of the way; null when a link stands on the way. */
export function inPlace<T>(path: string, use: (at: string) => T): T | null {
  const folder = dirname(path)
  if (process.platform !== 'linux') return realPath(folder) === folder ? use(path) : null
  return withHandle(folder, (handle) => use(`/proc/self/fd/${handle}/${basename(path)}`))
}

function withHandle<T>(path: string, use: (handle: number) => T): T | null {
  const handle = openTo(path)
  if (handle === null) return null
  try {
    return use(handle)
  } finally {
    closeSync(handle)
  }
}

/**
 * Does something in a folder on the way to which no link stands; what is missing of it below `from` is made. `use` gets a path that goes on
 * meaning this folder, whoever renames what. null where it cannot be reached so.
 */
export function inFolder<T>(path: string, from: string, use: (folder: string) => T): T | null {
  if (process.platform !== 'linux') {
    mkdirSync(path, { recursive: true })
    return realPath(path) === path ? use(path) : null
  }
  let handle = openSync('/', O_PATH)
  let place = ''
  try {
    for (const name of path.split('/').filter(Boolean)) {
      place += `/${name}`
      const next = `/proc/self/fd/${handle}/${name}`
      if (place.startsWith(`${from}/`)) makeFolder(next)
      const inner = openSync(next, O_PATH | constants.O_NOFOLLOW)
      closeSync(handle)
      handle = inner
      if (!fstatSync(handle).isDirectory()) return null
    }
    return use(`/proc/self/fd/${handle}`)
  } finally {
    closeSync(handle)
  }
}

/** What is there already is looked at when it is opened. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  }
}

/** Each step goes from the handle of the one before, so nobody can put a link where one has looked already. */
function openTo(path: string): number | null {
  let handle = openSync('/', O_PATH)
  try {
    for (const name of path.split('/').filter(Boolean)) {
      const next = openSync(`/proc/self/fd/${handle}/${name}`, O_PATH | constants.O_NOFOLLOW)
      closeSync(handle)
      handle = next
      if (fstatSync(handle).isSymbolicLink()) throw new Error('a link')
    }
    return handle
  } catch {
    closeSync(handle)
    return null
  }
}
