import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import type { Host } from '../host.ts'
import { withLock } from '../run/lock.ts'
import { stateFolder } from '../state.ts'
import { jsonLine, printable, shown } from '../text.ts'

/** `host` is an agent that ran without a sandbox and without a session: by `fallback = "host"`, or for a prompt on zellij. */
const EVENTS = [
  ...(['start', 'continue', 'recreate', 'failed', 'stop', 'end', 'remove'] as const),
  ...(['allow', 'deny', 'unset', 'trust', 'untrust', 'host'] as const),
]

const texts = v.optional(v.array(v.string()))

/** One line of the audit log: what a person did with a session, and what it could reach then. No secret, and no prompt. */
const Entry = v.object({
  v: v.literal(1),
  /** ISO time. */
  at: v.string(),
  event: v.picklist(EVENTS),
  uid: v.number(),
  user: v.string(),
  /** Id and name; absent for what concerns none. */
  session: v.optional(v.string()),
  name: v.optional(v.string()),
  workspace: v.optional(v.string()),
  agent: v.optional(v.string()),
  backend: v.optional(v.string()),
  network: v.optional(v.string()),
  /** What it may reach from then on. */
  reach: texts,
  /** What was allowed, denied or unset, as it was written. */
  entries: texts,
  /** What it may reach in its new sandbox and not before, and the other way round. */
  gained: texts,
  lost: texts,
  /** ISO time at which a change ends. */
  until: v.optional(v.string()),
  /** A file that was trusted, and the keys that it loosens. */
  file: v.optional(v.string()),
  keys: texts,
  /** Exit code of an agent in the foreground. */
  code: v.optional(v.number()),
  /** Why a start failed, as one word. */
  reason: v.optional(v.string()),
})
export type AuditEntry = v.InferOutput<typeof Entry>

/** What the caller says; who and when is added. */
export type Audited = Omit<AuditEntry, 'v' | 'at' | 'uid' | 'user'>

/** Bytes of a file before it becomes the older one of two. */
const MOST_BYTES = 1024 ** 2
/** Entries of a list, and characters of a text: a line stays one write. */
const MOST = { entries: 200, letters: 4096 } as const

export const auditFile = (host: Pick<Host, 'env' | 'home'>): string => join(stateFolder(host), 'audit.jsonl')
const olderFile = (host: Pick<Host, 'env' | 'home'>): string => join(stateFolder(host), 'audit.1.jsonl')

/** Adds a line. Throws where it cannot be written. */
export async function writeAudit(host: Host, entry: Audited, now = new Date()): Promise<void> {
  const path = auditFile(host)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (sizeOf(path) > MOST_BYTES)
    await withLock(host, { path: `${path}.lock`, what: 'the audit log' }, async () => {
      // Another paude may have done it meanwhile.
      if (sizeOf(path) > MOST_BYTES) renameSync(path, olderFile(host))
    })
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.uid !== host.uid) throw new Error('it is not a file of yours')
    writeSync(file, `${jsonLine({ v: 1, at: now.toISOString(), uid: host.uid, user: host.user, ...bounded(entry) })}\n`)
  } finally {
    closeSync(file)
  }
}

/** What concerns no session. That it cannot be written, as on a full disk, is said and stops nothing. */
export async function auditAlone(
  { host, warn }: { readonly host: Host; readonly warn: (text: string) => void },
  what: Audited,
): Promise<void> {
  try {
    await writeAudit(host, what)
  } catch (error) {
    warn(`paude cannot write its audit log ${shown(auditFile(host))}: ${printable((error as Error).message)}`)
  }
}

/** The log, the oldest entry first. A line that is none is left out. */
export const readAudit = (host: Pick<Host, 'env' | 'home'>): readonly AuditEntry[] =>
  [olderFile(host), auditFile(host)].flatMap((path) => linesOf(path).flatMap(entryOf))

const bounded = (entry: Audited): Audited =>
  Object.fromEntries(
    Object.entries(entry).map(([key, value]) => [key, Array.isArray(value) ? boundedList(value) : cut(value)]),
  ) as Audited

function boundedList(all: readonly string[]): readonly string[] {
  const more = all.length - MOST.entries
  return [...all.slice(0, MOST.entries).map(cut), ...(more > 0 ? [`and ${more} more`] : [])]
}

const cut = <T>(value: T): T => (typeof value === 'string' ? (value.slice(0, MOST.letters) as T) : value)

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

function entryOf(line: string): readonly AuditEntry[] {
  try {
    const result = v.safeParse(Entry, JSON.parse(line))
    return result.success ? [result.output] : []
  } catch {
    return []
  }
}
