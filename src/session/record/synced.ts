import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** File of a session's folder with what `paude sync` brought into its clone. No box reaches it. */
const SYNCED = 'synced.json'

const Shape = v.object({
  v: v.literal(1),
  /** Mode and object of each path that the clone got since it began; '' for one that was removed. */
  synced: v.record(v.string(), v.string()),
  /** How files looked when they were read, and their mode and object then: they need not be read again. */
  read: v.record(v.string(), v.tuple([v.string(), v.string()])),
})

export type Synced = Pick<v.InferOutput<typeof Shape>, 'synced' | 'read'>

/** What a clone got; nothing where that is not known. Then what differs from its commit is compared with the clone itself. */
export function readSynced(folder: string): Synced {
  try {
    return v.parse(Shape, JSON.parse(readFileSync(join(folder, SYNCED), 'utf8')))
  } catch {
    return { synced: {}, read: {} }
  }
}

export async function writeSynced(folder: string, { synced, read }: Synced): Promise<void> {
  const path = join(folder, SYNCED)
  await writeFile(`${path}.new`, JSON.stringify({ v: 1, synced, read }), { mode: 0o600 })
  await rename(`${path}.new`, path)
}
