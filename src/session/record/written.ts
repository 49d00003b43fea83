import { readFileSync } from 'node:fs'
import type { Host } from '../../host.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import { changeRecord } from './change.ts'
import { keepAnew } from './kept.ts'
import { readRecords, sessionFolder } from './store.ts'

/** How a file of the project looked, and what paude made of it on your word: `text` is null where it was removed. */
export type Written = { readonly file: string; readonly before: string; readonly text: string | null }

/** Sessions that had the file as it looked before have it as it looks now: nobody need be warned of what you wrote. */
export async function noteWritten(host: Host, { file, before, text }: Written): Promise<void> {
  const now = fingerprint(file)
  // An agent may have written in between: that is told at the end.
  if (now === before || contentOf(file) !== text || fingerprint(file) !== now) return
  for (const { id, watch } of readRecords(host)) {
    if (watch[file] !== before) continue
    await changeRecord(host, id, (record) => {
      if (record.watch[file] !== before) return null
      keepAnew(sessionFolder(host, id), [file])
      return { ...record, watch: { ...record.watch, [file]: now } }
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
