import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { KEPT } from '../../box/lay-out.ts'
import { SESSION_ID } from '../../box/session-id.ts'
import { PaudeError } from '../../errors.ts'
import { TIMES_FILE } from '../../hold/times.ts'
import type { Host } from '../../host.ts'
import { openBoxFile } from '../../run/box-file.ts'
import { namesIn, stateFolder } from '../../state.ts'
import type { SessionRecord } from './record.ts'
import { keepShadows } from './shadows.ts'
import { readRecordIn } from './store.ts'

/** What is kept of a session that is gone. Its folder has the names of a session's own, so whatever reads those reads these. */
export type Past = {
  readonly record: SessionRecord
  readonly folder: string
  /** ISO time. */
  readonly ended: string
  /** Exit code of an agent whose output is here; null where it had none yet, or printed elsewhere. */
  readonly code: number | null
  /** Whether only the end of its output is kept. */
  readonly cut: boolean
}

/** Bounds of what is kept: sessions, days, and bytes of each record. */
const MOST = { sessions: 20, days: 7, bytes: 1024 ** 2 } as const

/** The proxy's log, as the engine had it. */
const REQUESTS = 'requests'
/** Written by the box but for the first two; all are read as its word. */
const COPIED = ['screen.txt', TIMES_FILE, 'out/events', 'out/stdout', 'out/stderr'] as const
const OUTPUT: readonly string[] = COPIED.slice(3)

const pastFolder = (host: Host): string => join(stateFolder(host), 'past')

/** Copies what a session leaves to read, with `review` how the project looked when it began, and with `shadows` its changes of the agents' configuration, before its folder goes. One that leaves nothing is not remembered. */
export function keepPast(
  host: Host,
  {
    record,
    folder,
    requests,
    code,
    review,
    shadows,
  }: Pick<Past, 'record' | 'folder' | 'code'> & {
    readonly requests: string
    readonly review: boolean
    /** Whether it changed its agents' configuration. */
    readonly shadows: boolean
  },
): void {
  const copies = COPIED.map((name) => ({ name, ...copyOf(join(folder, name)) }))
  const files = [[REQUESTS, lastBytes(requests)], ...copies.map(({ name, text }) => [name, text] as const)].filter(
    (file): file is [string, string] => file[1] !== '',
  )
  const cut = copies.some(({ name, isCut }) => isCut && OUTPUT.includes(name))
  // The id of a session whose folder is lost is what an engine says.
  if ((files.length === 0 && !review && !shadows) || !SESSION_ID.test(record.id)) return
  const place = join(pastFolder(host), record.id)
  const draft = `${place}.${process.pid}`
  mkdirSync(join(draft, 'out'), { recursive: true, mode: 0o700 })
  const write = (name: string, text: string) => writeFileSync(join(draft, name), text, { encoding: 'latin1', mode: 0o600 })
  for (const [name, bytes] of files) write(name, bytes)
  if (review) copyFileSync(join(folder, KEPT), join(draft, KEPT))
  if (shadows) keepShadows(record, folder, draft)
  write('ended', [new Date().toISOString(), code ?? '', cut ? 'cut' : ''].join('\n'))
  const { words: _, ...facts } = record
  writeFileSync(join(draft, 'session.json'), `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 })
  rmSync(place, { recursive: true, force: true })
  renameSync(draft, place)
  for (const one of pastSessions(host).filter(isTooMuch)) forgetPast(one)
}

/** Those that are kept, the last one first. */
export const pastSessions = (host: Host): readonly Past[] =>
  namesIn(pastFolder(host))
    .filter((name) => SESSION_ID.test(name))
    .flatMap((id) => {
      const folder = join(pastFolder(host), id)
      const record = readRecordIn(folder, id)
      const [ended = '', code = '', cut = ''] = pastText(folder, 'ended').split('\n')
      return record === null || ended === ''
        ? []
        : [{ record, folder, ended, code: code === '' ? null : Number(code), cut: cut !== '' }]
    })
    .toSorted((a, b) => (a.ended < b.ended ? 1 : -1))

export const forgetPast = ({ folder }: Pick<Past, 'folder'>): void => rmSync(folder, { recursive: true, force: true })

/** The last one of this directory, or the last one that a word means: an id, its start, or a name. */
export function findPast(host: Host, word: string | undefined): Past {
  const found = pastSessions(host).find(({ record }) => (word === undefined ? isHere(host, record) : isCalled(record, word)))
  if (found !== undefined) return found
  throw new PaudeError(
    'not-found',
    word === undefined
      ? 'paude has no record of a session of this directory'
      : `paude has no record of a session ${JSON.stringify(word)}`,
    { hint: `paude keeps the records of the last ${MOST.sessions} sessions for ${MOST.days} days` },
  )
}

/** Whether something is kept of a session of this directory. */
export const hasPast = (host: Host): boolean => pastSessions(host).some(({ record }) => isHere(host, record))

/** The proxy's log as it was kept; '' where there was none. */
export const pastRequests = ({ folder }: Past): string => pastText(folder, REQUESTS)

const isHere = ({ cwd }: Host, { workspace }: SessionRecord): boolean => cwd === workspace || cwd.startsWith(`${workspace}/`)

const isCalled = ({ id, name }: SessionRecord, word: string): boolean =>
  word !== '' && (id === word || name === word || id.startsWith(word.startsWith('paude-') ? word : `paude-${word}`))

const isTooMuch = ({ ended }: Past, at: number): boolean =>
  at >= MOST.sessions || Date.now() - Date.parse(ended) > MOST.days * 86_400_000

/** The end of a file that a box may have written, each byte one character; '' where there is none, or something else. */
function copyOf(path: string): { readonly text: string; readonly isCut: boolean } {
  let descriptor: number | null = null
  try {
    descriptor = openBoxFile(path, constants.O_RDONLY)
    if (descriptor === null) return NO_FILE
    const { size } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.min(size, MOST.bytes))
    const count = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
    const isCut = size > bytes.length
    return { text: wholeLines(bytes.toString('latin1', 0, count), isCut), isCut }
  } catch {
    return NO_FILE
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}

const NO_FILE = { text: '', isCut: false } as const

function lastBytes(text: string): string {
  const bytes = Buffer.from(text)
  return wholeLines(bytes.subarray(-MOST.bytes).toString('latin1'), bytes.length > MOST.bytes)
}

/** Without the rest of a line whose beginning is not kept. */
const wholeLines = (text: string, isCut: boolean): string => (isCut ? text.slice(text.indexOf('\n') + 1) : text)

/** A file of it; '' where there is none. */
export function pastText(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return ''
  }
}
