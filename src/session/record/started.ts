import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { STARTED } from '../../box/lay-out.ts'
import { namesIn } from '../../state.ts'

/** ISO time at which a session was started last; that of the command which made it, where its folder is lost or an older paude made it. */
export const startOf = (folder: string, { created }: { readonly created: string }): string =>
  statSync(join(folder, STARTED), { throwIfNoEntry: false })?.mtime.toISOString() ?? created

/** ISO time at which a session last did something that left a trace in its folder; its last start where that is lost. */
export function lastSignOf(folder: string, row: { readonly created: string }): string {
  const files = ['', 'out'].flatMap((below) => namesIn(join(folder, below)).map((name) => join(folder, below, name)))
  const times = files.flatMap((path) => {
    // What a box wrote is looked at, never followed.
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.isFile() ? [timeOf(stats, Date.now())] : []
  })
  return [startOf(folder, row), ...times].toSorted().at(-1) ?? row.created
}

/** ISO time of a file's last change. A box may set any, also one that no date is: a time to come is now. */
export const timeOf = ({ mtimeMs }: { readonly mtimeMs: number }, now: number): string =>
  new Date(Math.max(0, Math.min(now, mtimeMs))).toISOString()
