import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import { programs } from '../../backends/names.ts'
import { replaceFile } from '../../config/files/replace-file.ts'
import { findProgram, type Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'
import { allRecords } from './store.ts'

/**
 * Engines of this machine that had no session at the last look, by name, and what that depended on. They need not be asked again: podman's answer
 * costs more than all else of a list. What an engine has comes by a start, which makes a folder here first, so the answer is good while no folder
 * came or went and the same records are read. A start of another state folder is the one thing that this misses: hence the bound of an hour, and
 * whoever has to know asks all engines.
 */
export type EmptyEngines = { readonly mark: string; readonly at: number; readonly engines: readonly string[] }

/** What is kept, be it old; null where nothing is. */
export function readEmpty(host: Host): EmptyEngines | null {
  try {
    const { mark, at, engines } = JSON.parse(readFileSync(fileOf(host), 'utf8')) as Partial<EmptyEngines>
    return typeof mark === 'string' && typeof at === 'number' && Array.isArray(engines) ? { mark, at, engines } : null
  } catch {
    return null
  }
}

/** Whether it still holds. */
export const isGood = (kept: EmptyEngines | null, mark: string, now: number): boolean =>
  kept !== null && kept.mark === mark && kept.at <= now && now - kept.at < GOOD_FOR

/** Keeps which engines had nothing when all were asked. One that a record names is asked anyway. */
export function keepEmpty(host: Host, empty: readonly Backend[], { mark, at }: Pick<EmptyEngines, 'mark' | 'at'>): void {
  const used = new Set<string>(allRecords(host).map(({ backend }) => backend))
  const engines = empty.filter(({ name, remote }) => remote === null && !used.has(name)).map(({ name }) => name)
  if (engines.length === 0) return
  try {
    const text = JSON.stringify({ mark, at, engines } satisfies EmptyEngines)
    replaceFile(fileOf(host), `${text}\n`, { mode: 0o600, folderMode: 0o700, hint: '' })
  } catch {
    // Then all are asked again.
  }
}

/** Milliseconds. */
const GOOD_FOR = 3_600_000

const fileOf = (host: Host): string => join(stateFolder(host), 'empty-engines.json')

/** Changes when a session's folder comes or goes. Taken before engines are asked: what comes meanwhile makes another one. */
export function markOfFolders(host: Host): string {
  const folders = statSync(join(stateFolder(host), 'sessions'), { throwIfNoEntry: false })
  return folders === undefined ? '' : `${folders.ino} ${folders.mtimeMs}`
}

/** Variables by which a client may be led to another engine, or to another storage of the same. */
const LEADS = /^(CONTAINER|DOCKER|PODMAN|STORAGE|XDG)/

/** What an answer depends on: the folders of sessions, what is read of them, and where the clients look. */
export function markOf(host: Host, folders: string): string {
  const leads = Object.entries(host.env).filter(([name]) => LEADS.test(name))
  const clients = Object.values(programs).map((program) => findProgram(host, program))
  const records = allRecords(host).map(({ id, backend }) => [id, backend])
  return new Bun.CryptoHasher('sha256')
    .update(JSON.stringify([folders, records, clients, leads.sort(), host.uid, host.home]))
    .digest('hex')
}
