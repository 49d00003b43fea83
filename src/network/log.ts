import type { Policy } from './allow.ts'
import { clock } from './clock.ts'
import { carriesPlain, denied, opensPort } from './decide.ts'
import type { Allow } from './entry.ts'
import { HOST_NAME } from './names.ts'
import { patternsOf } from './pattern.ts'

/** One thing the box asked for, and what became of it. */
export type Request = {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly session: string
  readonly method: string
  /** As asked for; characters no host name has are URL-encoded. '' when the request named none. */
  readonly host: string
  /** 0 when the request named none. */
  readonly port: number
  /** `waiting`: the user is asked; what came of it is a request of its own. */
  readonly decision: 'allowed' | 'blocked' | 'failed' | 'waiting'
  /** Allowed: the entry that says so. Otherwise the reason. */
  readonly rule: string
  /** Both directions. */
  readonly bytes: number
  /** Of the policy it was decided by. */
  readonly revision: string
  /** What the program calls itself (`curl/8.5.0`), which it may do as it likes; '' when it says nothing. */
  readonly program: string
  /** How many requests it stands for; absent for one. The proxy writes few of many refusals that are alike, with their number. */
  readonly times?: number
  /** A tunnel that carried something else than TLS, or would have. */
  readonly plain?: true
  /** HTTP status of an answer that is an error of the server; absent for every other one. */
  readonly status?: number
  /** Places in the policy's injections of the bound credentials that it got, from 0; absent for none. */
  readonly used?: readonly number[]
}

type Rules = Pick<Policy, 'mode' | 'allow' | 'deny'> & Partial<Pick<Policy, 'ways' | 'injections'>>

/** The policy that reasons are told by; requests of other revisions were decided by what has changed since, which `held` knows where anybody does. */
export type Known = Rules & { readonly revision: string; readonly held?: (revision: string) => Rules | null }

const NOTHING: Known = { mode: 'restricted', allow: [], deny: [], revision: '' }

/** How many refusals of one host, port and reason were read so far. */
export type Counted = Map<string, number>

/**
 * Reads the proxy's access log. Lines that are none of it are skipped; a tunnel's two lines (opened, closed) become one request. Whoever
 * reads it piece by piece keeps what was `counted`.
 */
export function parseLog(text: string, known: Known = NOTHING, counted: Counted = new Map()): readonly Request[] {
  const requests: (Request | null)[] = []
  const open = new Map<number, number>()
  for (const line of text.split('\n').flatMap(readLine)) {
    const opened = open.get(line.connection)
    const first = opened === undefined ? null : requests[opened]
    if (opened !== undefined && first && isEnd(line, first))
      requests[opened] = { ...toRequest(line, known), ...(first.plain === true ? { plain: true } : {}), time: first.time }
    else {
      // Inside an opened (bumped) tunnel its requests say more than the tunnel.
      if (opened !== undefined && line.bump === 'bump' && line.method !== 'CONNECT') requests[opened] = null
      if (isStart(line)) open.set(line.connection, requests.length)
      else if (line.method === 'CONNECT') open.delete(line.connection)
      const times = timesOf(line, counted)
      requests.push({ ...toRequest(line, known), ...(times > 1 ? { times } : {}) })
    }
  }
  return requests.filter((request) => request !== null)
}

/** A line with a number stands for all since the one before it, a line without one for itself. */
function timesOf({ host, port, error, bump, number: nth }: Line, counted: Counted): number {
  if (error === '' && bump !== 'terminate') return 1
  const key = `${host}:${port} ${error}`
  const before = counted.get(key) ?? 0
  const now = Math.max(nth, before + 1)
  counted.set(key, now)
  return now - before
}

/** What is known of a session's requests, and what is not. */
export type Beginning = {
  readonly text: string
  /** ISO time at which the engine's log begins; '' where all of it is there. */
  readonly cut: string
  /** More different hosts were asked for than paude keeps. */
  readonly full: boolean
}

/** Says what is missing in a log; '' where nothing is. */
export function cutWords({ cut, full }: Omit<Beginning, 'text'>): string {
  if (full) return 'the session requested more hosts than paude can record, so some requests are missing'
  return cut === ''
    ? ''
    : `the engine has dropped the log before ${clock(cut)}: from that time paude knows only the first request for each host and outcome`
}

/** The engine's log with the first line of each host, port and outcome, where the engine has dropped it or it was counted only. */
export function withBeginning(noted: string, log: string): Beginning {
  const begin = timeOfFirst(log)
  const lines = noted.split('\n')
  const full = lines.includes('full')
  const early = lines.filter((line) => {
    const time = timeOfFirst(line)
    return time !== '' && (begin === '' || time < begin)
  })
  // Up to so many hosts the log has a line of each.
  const printed = lines.length > MOST_KEYS ? new Set([...log.split('\n'), ...early]) : null
  const counted = printed === null ? [] : lines.filter((line) => !printed.has(line) && timeOfFirst(line) !== '')
  if (early.length + counted.length === 0) return { text: log, cut: '', full }
  return {
    text: [...early, log, ...counted]
      .filter((part) => part !== '')
      .map((part) => (part.endsWith('\n') ? part : `${part}\n`))
      .join(''),
    cut: early.length === 0 ? '' : begin || timeOfFirst(early.at(-1) ?? ''),
    full,
  }
}

/** As in squid/log.awk. */
const MOST_KEYS = 500

/** Characters among which there is a whole line: an engine may have cut the first one. */
const HEAD = 64 * 1024

/** ISO time of the first line that can be read; '' where there is none. */
export function timeOfFirst(log: string): string {
  for (const line of log.slice(0, HEAD).split('\n')) {
    const [read] = readLine(line)
    if (read !== undefined) return read.time
  }
  return ''
}

type Line = {
  readonly time: string
  readonly session: string
  readonly revision: string
  readonly connection: number
  readonly method: string
  readonly url: string
  readonly host: string
  readonly port: number
  readonly sni: string
  readonly bump: string
  readonly status: number
  readonly result: string
  readonly error: string
  readonly detail: string
  readonly bytes: number
  readonly program: string
  /** Of a refusal that is written after others like it were not; 0 for every other line. */
  readonly number: number
  /** Seconds that it waits for the user's answer; 0 for what does not. */
  readonly asks: number
  readonly used: readonly number[]
}

const isStart = (line: Line): boolean =>
  line.method === 'CONNECT' && line.result === 'NONE_NONE' && line.status === 200 && (line.error === '' || isPlain(line))

/** Squid looked for TLS in a tunnel and found none. Where that is allowed, the line of the tunnel's end follows. */
const isPlain = ({ method, error }: Line): boolean => method === 'CONNECT' && error === 'ERR_PROTOCOL_UNKNOWN'

const isEnd = ({ method, result, host, port }: Line, first: Request): boolean =>
  method === 'CONNECT' && result.startsWith('TCP_TUNNEL') && host === first.host && port === first.port

/** Objects are refused, since their own toString may throw. */
const number = (value: unknown): number => (typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN)

function readLine(text: string): readonly Line[] {
  const fields = readObject(text)
  const seconds = number(fields?.['t'])
  if (fields === null || fields['v'] !== 1 || !(Math.abs(seconds) < 8e12)) return []
  // What is left of a connection that squid could not tunnel.
  if (fields['u'] === 'error:transaction-end-before-headers') return []
  const word = (name: string) => (typeof fields[name] === 'string' && fields[name] !== '-' ? fields[name] : '')
  const count = (name: string) => (Number.isSafeInteger(number(fields[name])) ? Math.max(0, number(fields[name])) : 0)
  return [
    {
      time: new Date(Math.round(seconds * 1000)).toISOString(),
      session: word('sid'),
      revision: word('rev'),
      connection: count('c'),
      method: word('m'),
      url: word('u'),
      host: word('h'),
      port: count('p'),
      sni: word('sni'),
      bump: word('bump'),
      status: count('st'),
      result: word('r'),
      error: word('err'),
      detail: word('ed'),
      bytes: count('in') + count('out'),
      number: count('n'),
      asks: count('ask'),
      program: PROGRAM.exec(word('ua'))?.[0] ?? '',
      used: [...word('cr').matchAll(/\d{1,3}/g)].map(([digits]) => Number(digits) - 1),
    },
  ]
}

/** The first word of a User-Agent, which squid URL-encodes. */
const PROGRAM = /^[\w.+-]{1,40}(\/[\w.+-]{1,20})?/

function readObject(text: string): Record<string, unknown> | null {
  if (!text.startsWith('{')) return null
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
}

function toRequest(line: Line, known: Known): Request {
  const judged = judge(line, known)
  return {
    time: line.time,
    session: line.session,
    method: line.method,
    host: line.host,
    port: line.port,
    ...judged,
    ...(isPlain(line) ? { plain: true as const } : {}),
    // Of a tunnel the status is the proxy's own.
    ...(judged.decision === 'allowed' && line.method !== 'CONNECT' && line.status >= 400 ? { status: line.status } : {}),
    ...(judged.decision === 'allowed' && line.used.length > 0 ? { used: line.used } : {}),
    bytes: line.bytes,
    revision: line.revision,
    program: line.program,
  }
}

/** By the policy of its moment, where that is known. */
function judge(line: Line, known: Known): Pick<Request, 'decision' | 'rule'> {
  const then = isPast(line, known) ? (known.held?.(line.revision) ?? null) : null
  if (then === null) return decision(line, known)
  const judged = decision(line, { ...then, revision: line.revision })
  const lacked = judged.rule === UNLISTED || judged.rule === 'port'
  return lacked && named(known.allow, line).some((entry) => opens(entry, line)) && denied(known.deny, line) === null
    ? { ...judged, rule: UNLISTED_THEN }
    : judged
}

function decision(line: Line, known: Known): Pick<Request, 'decision' | 'rule'> {
  const { error, bump, sni, host, asks } = line
  if (asks > 0) return { decision: 'waiting', rule: WAITING }
  if (bump === 'terminate')
    return { decision: 'blocked', rule: sni !== '' && sni !== host ? `sni differs: ${sni}` : 'not allowed inside a tunnel' }
  if (isPlain(line) && !carriesPlain(known, line)) return { decision: 'blocked', rule: NOT_TLS }
  if (DENIALS.includes(error)) return { decision: 'blocked', rule: denial(line, known) }
  if (error === 'ERR_PAUDE_ASTRAY') return { decision: 'blocked', rule: ASTRAY }
  if (error === 'ERR_PAUDE_UNFOUND') return { decision: 'failed', rule: UNFOUND }
  if (error === 'ERR_PAUDE_UNREACHED') return { decision: 'blocked', rule: UNREACHED }
  if (error.startsWith('ERR_') && line.status >= 400)
    return { decision: line.status < 500 ? 'blocked' : 'failed', rule: failure(line, known) }
  if (error.startsWith('ERR_') && line.result.includes('NONE') && !isPlain(line))
    return { decision: 'failed', rule: failure(line, known) }
  // Of a tunnel that could not be made squid says no more than this.
  if (line.method === 'CONNECT' && line.status >= 500 && error === '')
    return { decision: 'failed', rule: failure({ ...line, error: 'ERR_CONNECT_FAIL' }, known) }
  if (host === '') return { decision: 'failed', rule: 'malformed request' }
  const entry = named(known.allow, line).find((one) => opens(one, line))
  return {
    decision: 'allowed',
    rule:
      entry?.host ??
      boundHost(known, line) ??
      (isPast(line, known) ? 'allowed then' : known.mode === 'record' ? 'record' : 'open'),
  }
}

/** The rule of a request that bore the placeholder of a credential to where that does not go. */
export const ASTRAY = 'placeholder of a credential'

/** The host of a credential is allowed without an entry, for the requests that it is meant for. */
const boundHost = ({ injections = [] }: Known, { host, port }: Pick<Line, 'host' | 'port'>): string | null =>
  injections.find((one) => one.bound !== undefined && one.host === host && one.port === port)?.host ?? null

const DENIALS = ['ERR_ACCESS_DENIED', 'ERR_FORWARDING_DENIED', 'ERR_PAUDE_UNNAMED']
/** The rule of a request that waits. */
export const WAITING = 'waits for your answer'
/** The rule of a request whose name nobody knows. */
export const UNFOUND = 'name not found'
/** The rule of a tunnel that was cut for want of TLS: `http://HOST:PORT` would allow it. */
export const NOT_TLS = 'not TLS'
/** The rule of a request to the host of a credential that it is not meant for. */
const OTHER_REQUEST = 'method or path not allowed'
const UNREACHED = 'at a private address'
/** The same of a tunnel, of which squid does not say which. */
export const UNFOUND_OR_PRIVATE = 'not found, or at a private address'

const UNLISTED = 'not on the allowlist'
/** The rule of a request that an entry of today would allow. */
export const UNLISTED_THEN = 'not on the allowlist then'

/** Why a host that is on the list was denied all the same. */
export const UNREACHABLE: readonly string[] = [UNFOUND_OR_PRIVATE, UNREACHED]

/** The log has the verdict; the reason follows from the list the verdict was made by. */
function denial(line: Line, known: Known): string {
  if (/^(\[|%5b|[\d.]+$|0x)/i.test(line.host)) return 'address literal'
  if (/^[^.]+$/.test(line.host)) return 'no full host name'
  if (/^(TRACE|TRACK|PURGE)$/.test(line.method)) return 'method'
  const rule = denied(known.deny, line)
  if (rule !== null) return `denied: ${rule.host}`
  const entries = named(known.allow, line)
  if (boundHost(known, line) !== null && !entries.some((entry) => opens(entry, line)))
    return line.bump === 'bump' ? OTHER_REQUEST : UNFOUND_OR_PRIVATE
  if (entries.length === 0) return known.mode === 'record' && line.host !== HOST_NAME ? UNFOUND_OR_PRIVATE : UNLISTED
  if (!entries.some((entry) => opens(entry, line))) return 'port'
  if (isPast(line, known)) return UNLISTED_THEN
  return line.bump === 'bump' || line.host === HOST_NAME ? 'path not allowed' : UNFOUND_OR_PRIVATE
}

function named(allow: readonly Allow[], { host }: Line): readonly Allow[] {
  const patterns = host === HOST_NAME ? [host] : patternsOf(host)
  return allow.filter((entry) => patterns.includes(entry.host))
}

const isPast = (line: Line, { revision }: Known): boolean => line.revision !== '' && revision !== '' && line.revision !== revision

const opens = (allow: Allow, { method, port, bump }: Line): boolean =>
  opensPort(allow, port, method === 'CONNECT' || bump === 'bump' ? 'https' : 'http')

function failure({ error, detail }: Line, { ways }: Known): string {
  const upstream = ways?.upstream
  if (upstream && /^ERR_(CANNOT_FORWARD|READ_ERROR|CONNECT_FAIL)$/.test(error))
    return `by the upstream proxy ${upstream.host}:${upstream.port}: ${error === 'ERR_READ_ERROR' ? 'broken off' : 'not reached'}`
  switch (error) {
    case 'ERR_DNS_FAIL':
      return UNFOUND
    case 'ERR_CONNECT_FAIL':
      return 'connection failed'
    case 'ERR_SECURE_CONNECT_FAIL':
      return `TLS failed${detail && `: ${detail}`}`
    case 'ERR_CLIENT_GONE':
      return 'client gave up'
    case 'ERR_INVALID_URL':
    case 'ERR_INVALID_REQ':
      return 'malformed request'
    default:
      return error.slice(4).toLowerCase().replaceAll('_', ' ')
  }
}
