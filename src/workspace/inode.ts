import { closeSync, constants, fstatSync, openSync } from 'node:fs'

/** Linux's O_PATH, which node does not name: a handle on the place itself, without opening what is there. */
const O_PATH = 0o10000000

/**
 * `device:inode` of what is at an absolute path, or null when a link stands anywhere on the way. Each step goes from the handle
 * of the one before, so nobody can put a link where one has looked already.
 */
export function inodeOf(path: string): string | null {
  let handle = openSync('/', O_PATH)
  try {
    for (const name of path.split('/').filter(Boolean)) {
      const next = openSync(`/proc/self/fd/${handle}/${name}`, O_PATH | constants.O_NOFOLLOW)
      closeSync(handle)
      handle = next
      if (fstatSync(handle).isSymbolicLink()) return null
    }
    const { dev, ino } = fstatSync(handle, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  } finally {
    closeSync(handle)
  }
}
