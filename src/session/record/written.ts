import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../config/files/replace-file.ts'
import type { Host } from '../../host.ts'
import { withLock } from '../../run/lock.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import { keepAnew } from './kept.ts'
import { readRecord, readRecords, sessionFolder } from './store.ts'

/** How a file of the project looked, and what paude made of it on your word: `text` is null where it was removed. */
export type Written = { readonly file: string; readonly before: string; readonly text: string | null }

/** Sessions that had the file as it looked before have it as it looks now: nobody need be warned of what you wrote. */
export async function noteWritten(host: Host, { file, before, text }: Written): Promise<void> {
  const now = fingerprint(file)
  // An agent may have written in between: that is told at the end.
  if (now === before || contentOf(file) !== text || fingerprint(file) !== now) return
  for (const { id, watch } of readRecords(host)) {
    if (watch[file] !== before) continue
    const folder = sessionFolder(host, id)
    await withLock(host, { path: join(folder, 'policy.lock'), what: `session ${id}` }, async () => {
      const record = readRecord(host, id)
      if (record === null || record.watch[file] !== before) return
      const after = { ...record, watch: { ...record.watch, [file]: now } }
      const hint = 'check the permissions of the state folder'
      keepAnew(folder, [file])
      replaceFile(join(folder, 'session.json'), `${JSON.stringify(after, null, 2)}\n`, { mode: 0o600, folderMode: 0o700, hint })
    })
  }
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
