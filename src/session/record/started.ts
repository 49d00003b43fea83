import { statSync } from 'node:fs'
import { join } from 'node:path'
import { STARTED } from '../../box/lay-out.ts'

/** ISO time at which a session was started last; that of the command which made it, where its folder is lost or an older paude made it. */
export const startOf = (folder: string, { created }: { readonly created: string }): string =>
  statSync(join(folder, STARTED), { throwIfNoEntry: false })?.mtime.toISOString() ?? created
