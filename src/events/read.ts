import type { SessionEvent } from './event.ts'
import { mended } from './mend.ts'

/** What the hooks appended, as events. The box can write there whatever it likes: what is no record is skipped. */
export type Reader = {
  /** Whole lines, each byte one character. */
  readonly read: (bytes: string) => readonly SessionEvent[]
  /** Lines so far that were no record. */
  readonly skipped: () => number
}

/** Bytes of a record at most: a hook writes less than 4 KiB. */
export const LONGEST = 4096
/** Bytes that a hook keeps of the end of a long text; the middle is left out. */
const TAIL = 1000
/** Ids of tool calls. A repetition follows at once, so few would do. */
const REMEMBERED = 1000

/** What an agent's hook wrote, as an event; null for what says nothing. */
export type HookReader = (payload: unknown, at: { readonly time: string; readonly session: string }) => SessionEvent | null

/** `boot` is when this machine started, in seconds since 1970: for a box whose entry script could not tell. */
export function eventReader(session: string, boot: number, toEvent: HookReader): Reader {
  let start = boot
  let skipped = 0
  const readLine = (line: string): readonly SessionEvent[] => {
    const record = line.length > LONGEST ? null : split(line)
    const time = record === null ? null : isoTime(start + record.up)
    if (record?.kind === 'start' && record.now > 0) start = record.now - record.up
    const event =
      record === null || time === null
        ? null
        : record.kind === 'start'
          ? ({ v: 1, time: isoTime(start + record.up) ?? time, session, conversation: '', kind: 'session-start' } as const)
          : toEvent(record.payload, { time, session })
    if (event === null) skipped++
    return event === null || isRepeated(event) ? [] : [event]
  }
  // An agent may call a hook again with the path it made of a relative one, and as for a success after a failure.
  const ids = new Set<string>()
  const isRepeated = (event: SessionEvent): boolean => {
    if ((event.kind !== 'tool' && event.kind !== 'tool-result') || event.id === '') return false
    const mark = `${event.kind} ${event.id}`
    const known = ids.has(mark)
    ids.add(mark)
    if (ids.size > REMEMBERED) for (const oldest of [...ids].slice(0, REMEMBERED / 2)) ids.delete(oldest)
    return known
  }
  return { read: (bytes) => [...lines(bytes)].flatMap(readLine), skipped: () => skipped }
}

/** One by one: millions of empty lines must not become millions of strings at once. */
function* lines(bytes: string): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at)
    if (end === -1) return yield bytes.slice(at)
    if (end > at) yield bytes.slice(at, end)
    at = end + 1
  }
}

type Record =
  | { readonly kind: 'start'; readonly up: number; readonly now: number }
  | { readonly kind: 'hook'; readonly up: number; readonly payload: unknown }

/** A record is `UP start NOW` or `UP {JSON…<tab>…JSON}`, where the tab stands for what was left out, if anything was. */
function split(line: string): Record | null {
  const match = /^(\d{1,10}(?:\.\d{1,3})?) (?:start (\d{0,11})\t$|(\{.*)$)/s.exec(line)
  if (match === null) return null
  const [, up = '', now, text] = match
  if (text === undefined) return { kind: 'start', up: Number(up), now: Number(now) }
  const tab = text.indexOf('\t')
  const [head, tail] = tab === -1 ? [text, ''] : [text.slice(0, tab), text.slice(tab + 1)]
  // The shell drops the newline at the end, so a full tail may be a byte or two shorter.
  const payload = tail.length < TAIL - 2 ? whole(head + tail) : { ...object(mended(decoded(head))), ...ending(tail) }
  return object(payload) === null ? null : { kind: 'hook', up: Number(up), payload }
}

function whole(bytes: string): unknown {
  const text = decoded(bytes)
  try {
    return JSON.parse(text)
  } catch {
    return mended(text)
  }
}

/** The last fields of a text that is cut. They stand behind the agent's own closing quote: no text of others looks like that. */
function ending(tail: string): object {
  const [, id] = /,"tool_use_id":"([\w-]{1,100})"(?:,"duration_ms":\d{1,12})?\}\s*$/.exec(tail) ?? []
  const [, duration] = /,"duration_ms":(\d{1,12})\}\s*$/.exec(tail) ?? []
  return {
    ...(id === undefined ? {} : { tool_use_id: id }),
    ...(duration === undefined ? {} : { duration_ms: Number(duration) }),
  }
}

const decoded = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

const object = (value: unknown): object | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null

/** null beyond the years a date can hold. */
function isoTime(seconds: number): string | null {
  const date = new Date(Math.round(seconds * 100) * 10)
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 ? null : date.toISOString()
}
