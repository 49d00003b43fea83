import { join } from 'node:path'
import { replaceFile } from '../../config/files/replace-file.ts'
import type { Host } from '../../host.ts'
import { withLock } from '../../run/lock.ts'
import { recordText, type SessionRecord } from './record.ts'
import { readRecord, sessionFolder } from './store.ts'

/** Writes the record of a session again, as `changed` makes it of what stands there now; null leaves it, and so does a session that is gone. */
export async function changeRecord(
  host: Host,
  id: string,
  changed: (record: SessionRecord) => SessionRecord | null,
): Promise<void> {
  const folder = sessionFolder(host, id)
  if (readRecord(host, id) === null) return
  await withLock(host, { path: join(folder, 'policy.lock'), what: `session ${id}` }, async () => {
    const record = readRecord(host, id)
    const after = record === null ? null : changed(record)
    if (after === null) return
    const hint = 'check the permissions of the state folder'
    replaceFile(join(folder, 'session.json'), recordText(after), { mode: 0o600, folderMode: 0o700, hint })
  })
}
