import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { SESSION_ID } from '../../box/session-id.ts'
import type { Host } from '../../host.ts'
import { namesIn, stateFolder } from '../../state.ts'
import { ofToday } from './older.ts'
import { SessionRecord } from './record.ts'

export const sessionFolder = (host: Host, id: string): string => join(stateFolder(host), 'sessions', id)

/** Every session that has a folder, newest first, but those that are being removed. */
export const readRecords = (host: Host): readonly SessionRecord[] =>
  recordsOf(
    host,
    folderNames(host).filter((id) => !isLeaving(sessionFolder(host, id))),
  )

/** Those that are being removed as well. */
export const allRecords = (host: Host): readonly SessionRecord[] => recordsOf(host, folderNames(host))

/** A folder that cannot be read is left out: `doctor` lists it. */
function recordsOf(host: Host, ids: readonly string[]): readonly SessionRecord[] {
  return ids.flatMap((id) => readRecord(host, id) ?? []).toSorted((a, b) => (a.created < b.created ? 1 : -1))
}

/** File of a session's folder that says that it is being removed. */
export const LEAVING_FILE = 'leaving'

export const isLeaving = (folder: string): boolean => existsSync(join(folder, LEAVING_FILE))

/** Ids of all session folders, readable or not. */
export const folderNames = (host: Host): readonly string[] =>
  namesIn(join(stateFolder(host), 'sessions')).filter((name) => SESSION_ID.test(name))

/** The record of a session; null when its folder is gone or cannot be read. */
export const readRecord = (host: Host, id: string): SessionRecord | null => readRecordIn(sessionFolder(host, id), id)

/** The same of a folder that may lie elsewhere. */
export function readRecordIn(folder: string, id: string): SessionRecord | null {
  try {
    const result = v.safeParse(SessionRecord, ofToday(JSON.parse(readFileSync(join(folder, 'session.json'), 'utf8'))))
    return result.success && result.output.id === id ? result.output : null
  } catch {
    return null
  }
}
