import { existsSync, readFileSync, statSync } from 'node:fs'
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
  const path = join(folder, 'session.json')
  try {
    const { ino, mtimeMs, size } = statSync(path)
    const mark = `${id} ${ino} ${mtimeMs} ${size}`
    const before = read.get(path)
    if (before?.mark === mark) return before.record
    const result = v.safeParse(SessionRecord, ofToday(JSON.parse(readFileSync(path, 'utf8'))))
    const record = result.success && result.output.id === id ? result.output : null
    read.set(path, { mark, record })
    return record
  } catch {
    return null
  }
}

/** Whether the record of a session is still the text of its start: checking a long allowlist costs more than comparing. */
export function isAsWritten({ folder, record }: { readonly folder: string; readonly record: string }): boolean {
  try {
    return readFileSync(join(folder, 'session.json'), 'utf8') === record
  } catch {
    return false
  }
}

/** What was read, by path: a list of a hundred sessions asks for each of them five times, and checking one costs 0.2 ms. Nobody writes into the file: a new one takes its place. */
const read = new Map<string, { readonly mark: string; readonly record: SessionRecord | null }>()
