import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../config/files/replace-file.ts'

/** File of a session's folder that says which credential could not be renewed, and why. */
const FAULTS = 'not-renewed.json'

/** What could not be renewed since when, by the names of credentials. */
export type Unrenewed = Readonly<Record<string, { readonly since: string; readonly fault: string }>>

/** Credentials of a session that could not be renewed the last time. */
export function unrenewed(folder: string): Unrenewed {
  try {
    return JSON.parse(readFileSync(join(folder, FAULTS), 'utf8')) as Unrenewed
  } catch {
    return {}
  }
}

/** Remembers that it could not be renewed; '' for that it was. */
export function noteUnrenewed(folder: string, name: string, fault: string): void {
  const { [name]: before, ...others } = unrenewed(folder)
  if (fault === '' && before === undefined) return
  const all = fault === '' ? others : { ...others, [name]: { since: before?.since ?? new Date().toISOString(), fault } }
  const path = join(folder, FAULTS)
  if (Object.keys(all).length === 0) rmSync(path, { force: true })
  else
    try {
      replaceFile(path, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, folderMode: 0o700, hint: '' })
    } catch {
      // Of a session that goes, nobody asks.
    }
}
