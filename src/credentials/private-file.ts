import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/** Why a file is not read. The code is the system's, such as ENOENT, for a file that cannot be opened. */
export type PrivateFault =
  | { readonly kind: 'closed'; readonly code: string; readonly cause: unknown }
  | { readonly kind: 'shape' | 'owner' | 'mode' }

/** What is asked of a private file: its owner, its size in bytes at the most, and whether a link may stand in its place. */
export type PrivateRule = { readonly uid: number; readonly limit: number; readonly links: 'follow' | 'refuse' }

/** The text of a file that only this user can read, or why it is refused. Never waits, as a FIFO would make it. */
export function readPrivate(path: string, { uid, limit, links }: PrivateRule): string | PrivateFault {
  let descriptor: number
  try {
    const nofollow = links === 'refuse' ? constants.O_NOFOLLOW : 0
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | nofollow)
  } catch (cause) {
    return { kind: 'closed', code: String((cause as { code?: string }).code), cause }
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile() || stats.size > limit) return { kind: 'shape' }
    if (stats.uid !== uid) return { kind: 'owner' }
    if ((stats.mode & 0o077) !== 0) return { kind: 'mode' }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
