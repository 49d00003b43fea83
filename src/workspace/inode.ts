import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs'
import { readSmall, realPath } from './paths.ts'

/** Linux's O_PATH, which node does not name: a handle on the place itself, without opening what is there. */
const O_PATH = 0o10000000

/** `device:inode` of what is at an absolute path, or null when a link stands anywhere on the way. */
export const inodeOf = (path: string): string | null =>
  withHandle(path, (handle) => {
    const { dev, ino } = fstatSync(handle, { bigint: true })
    return `${dev}:${ino}`
  })

/** Text of a plain file of `most` bytes at most; null for anything else, and when a link stands anywhere on the way. */
export function readInPlace(path: string, most: number): string | null {
  // Where the kernel has no such handles, one look before and one after: a link that comes and goes between them is not seen.
  if (process.platform !== 'linux') {
    const text = realPath(path) === path ? readSmall(path, most) : null
    return realPath(path) === path ? text : null
  }
  return withHandle(path, (handle) => (fstatSync(handle).isFile() ? readSmall(`/proc/self/fd/${handle}`, most, 0) : null))
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
function withHandle<T>(path: string, use: (handle: number) => T): T | null {
  let handle = openSync('/', O_PATH)
  try {
    for (const name of path.split('/').filter(Boolean)) {
      const next = openSync(`/proc/self/fd/${handle}/${name}`, O_PATH | constants.O_NOFOLLOW)
      closeSync(handle)
      handle = next
      if (fstatSync(handle).isSymbolicLink()) return null
    }
    return use(handle)
  } catch {
    return null
  } finally {
    closeSync(handle)
  }
}
