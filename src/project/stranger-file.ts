import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { isMissing } from '../config/files/missing.ts'

/**
 * What stands in a file that a stranger may have put there; null when nothing is there. Neither a link nor a pipe nor a device is
 * read, and no more than `most` bytes; `refused` makes the error of a fault.
 */
export function readStranger(file: string, most: number, refused: (fault: string) => Error): Buffer | null {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return null
    const { code } = error as { code?: string }
    throw refused(code === 'ELOOP' ? 'is a link' : `cannot be read (${code})`)
  }
  try {
    const stats = fstatSync(handle)
    if (!stats.isFile()) throw refused('is not a file')
    if ((stats.mode & 0o002) !== 0) throw refused('is writable for every user of this machine')
    const bytes = Buffer.alloc(Math.min(stats.size, most) + 1)
    const size = readSync(handle, bytes, 0, bytes.length, 0)
    if (size > most) throw refused(`is larger than ${Math.floor(most / 1024)} KiB`)
    if (size > stats.size) throw refused('changed while paude read it')
    return bytes.subarray(0, size)
  } finally {
    closeSync(handle)
  }
}
