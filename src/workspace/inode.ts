import { closeSync, constants, fstatSync, openSync } from 'node:fs'
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
