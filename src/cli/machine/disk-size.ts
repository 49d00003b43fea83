import { type Dirent, lstatSync, opendirSync } from 'node:fs'
import { join } from 'node:path'

/** Most entries that are looked at: more do not fit into a moment. */
const MOST = 20_000

/** `whole` unless there are more than were looked at, or some that cannot be. */
export type DiskSize = { readonly bytes: number; readonly whole: boolean }

/** Bytes of what lies below a folder, links not followed; nothing where there is none. */
export function sizeOf(top: string, most = MOST): DiskSize {
  const folders = [top]
  let [bytes, seen, whole] = [0, 0, true]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    try {
      for (const entry of entriesOf(folder)) {
        if (++seen > most) return { bytes, whole: false }
        const path = join(folder, entry.name)
        bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0
        if (entry.isDirectory()) folders.push(path)
      }
    } catch (error) {
      // What goes away meanwhile takes no room.
      whole &&= (error as { code?: string }).code === 'ENOENT'
    }
  return { bytes, whole }
}

/** One at a time: a folder may hold more than anybody wants to read. */
function* entriesOf(folder: string): Generator<Dirent> {
  const open = opendirSync(folder)
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) yield entry
  } finally {
    open.closeSync()
  }
}
