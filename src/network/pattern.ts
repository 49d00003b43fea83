import { domainToASCII, domainToUnicode } from 'node:url'
import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'
import type { Allow, Deny } from './entry.ts'
import { HOST_NAME } from './names.ts'
import { isNever, isWithin, PRIVATE_RANGES, rangeText, readRange } from './ranges.ts'

/** Ports of what is written without one, where nobody says `network.ports`. */
export const USUAL_PORTS: readonly number[] = [80, 443]
/** Nothing that could be strange: most entries of a long list. */
const USUAL = /^[\w.*-]+$/
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/
const TOP_LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads `HOST[:PORT][@CIDR]`, where HOST is a name or `*.` before one; without a port it has the `usual` ones. `http://HOST:PORT` lets
 * tunnels carry what is no TLS as well. Throws `usage` for everything else.
 */
export function parseAllow(entry: string, why: string, usual = USUAL_PORTS): Allow {
  if (isPlain(entry)) return { host: entry, ports: usual, privateRange: '', why }
  const read = parseHost(entry, { why, verb: 'allow' })
  return isBare(read) ? { ...read, ports: usual } : read
}

/** Throws as `parseAllow` does. */
export function requireAllow(entry: string): void {
  if (!isPlain(entry)) parseHost(entry, { why: '', verb: 'allow' })
}

/** Whether it was written without a port. */
const isBare = ({ ports }: Allow): boolean => ports === USUAL_PORTS

/** Reads the ports of what is written without one. Throws `usage`. */
export const readPorts = (written: readonly string[]): readonly number[] =>
  written.length === 0 ? USUAL_PORTS : unite(written.map(readUsualPort))

/** Throws `usage`. */
export function readUsualPort(text: string): number {
  const port = portOf(text)
  if (port > 0) return port
  throw new PaudeError('usage', `invalid port ${quoted(text)}`, { hint: 'write a number from 1 to 65535, such as 8443' })
}

/** An entry of an allowlist once for each of these ports where it has none of its own; groups stay as they are, and what is no entry. */
export function atPorts(entry: string, ports: readonly number[]): readonly string[] {
  const read = entry.startsWith('@') ? null : readOrNull(entry)
  return read === null || !isBare(read) ? [entry] : portEntries({ ...read, ports })
}

/** The same permission, an entry for each port. */
export const portEntries = ({ host, ports, privateRange, plain }: Allow): readonly string[] =>
  ports.map((port) => `${schemeOf({ plain })}${host}:${port}${privateRange === '' ? '' : `@${privateRange}`}`)

/** What an entry begins with. */
export const schemeOf = ({ plain }: { readonly plain?: true | undefined }): string => (plain === true ? PLAIN_SCHEME : '')

/** An entry without it: what is said later of the same place takes the place of it. */
export const placeOf = (entry: string): string => (entry.startsWith(PLAIN_SCHEME) ? entry.slice(PLAIN_SCHEME.length) : entry)

const PLAIN_SCHEME = 'http://'

function readOrNull(entry: string): Allow | null {
  try {
    return parseAllow(entry, '')
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** A name that is canonical as it stands, the same words in one look: ten thousand of them are read in a fifth of the time. */
const PLAIN = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** What needs a second look takes the long way: punycode, our own names, and a name of this very machine. */
const isPlain = (entry: string): boolean =>
  entry.length <= 253 && PLAIN.test(entry) && !entry.includes('xn--') && !/(?:localhost|internal)$/.test(entry)

/** Reads what the upstream proxy is not asked for, as in NO_PROXY: `.example.org` is everything below, and it too. */
export const parseExcept = (entry: string): string =>
  parseHost(entry, { why: '', verb: 'except' }, entry.replace(/^\./, '*.')).host

function parseHost(
  entry: string,
  { why, verb }: { readonly why: string; readonly verb: 'allow' | 'deny' | 'except' },
  plain = entry,
): Allow {
  const refuse: Refuse = (problem, hint) => {
    throw new PaudeError('usage', `cannot ${verb} ${quoted(entry)}: ${problem}`, { hint })
  }
  const tunnels = verb === 'allow' && plain.startsWith(PLAIN_SCHEME)
  const bare = tunnels ? plain.slice(PLAIN_SCHEME.length).replace(/\/$/, '') : plain
  if (tunnels) requireOnePlace(bare, refuse)
  refuseStrangers(bare, refuse)
  const [address = '', range, ...more] = bare.split('@')
  if (more.length > 0) refuse('more than one @', 'write HOST, HOST:PORT or HOST:PORT@CIDR')
  const [name = '', port, ...colons] = address.split(':')
  if (colons.length > 0) refuseAddress(refuse)
  const host = canonicalHost(name, refuse)
  if (host === HOST_NAME && port === undefined) refuse('an entry for this machine needs a port', `write ${HOST_NAME}:PORT`)
  if (host === HOST_NAME && range !== undefined)
    refuse('an entry for this machine has no address range', `write ${HOST_NAME}:PORT`)
  return {
    host,
    ports: port === undefined ? USUAL_PORTS : [readPort(port, refuse)],
    privateRange: range === undefined ? '' : readPrivateRange(range, refuse),
    ...(tunnels ? { plain: true as const } : {}),
    why,
  }
}

/** A tunnel that carries anything is as wide as its entry, so that names one host and one port. */
function requireOnePlace(bare: string, refuse: Refuse): void {
  const [address = ''] = bare.split('@')
  if (address.startsWith('*.')) refuse('http:// needs the full name of one host', 'write http://HOST:PORT for each host')
  if (/:[^:]*$/.test(address) || /[[\]/\\?#%]/.test(address)) return
  refuse(
    'http:// needs a port, since it allows tunnels without TLS there',
    `write ${plainHost(`http://${address}`) ?? 'example.org'} for ordinary requests, or http://HOST:PORT`,
  )
}

/** Reads `HOST[:PORT]` of a denylist, where HOST is a name or `*.` before one. Throws `usage` for everything else. */
export function parseDeny(entry: string, why: string): Deny {
  if (entry.includes('@'))
    throw new PaudeError('usage', `cannot deny ${quoted(entry)}: only an allow entry can have an address range`, {
      hint: 'write HOST or HOST:PORT',
    })
  const port = entry.includes(':') || entry !== HOST_NAME ? '' : ':1'
  const { host, ports } = parseHost(`${entry}${port}`, { why, verb: 'deny' })
  return { host, ports: entry.includes(':') ? ports : [], why }
}

/**
 * An entry of an allowlist as it holds, in lower case and punycode, so that no letter passes for another. Groups stay as they are,
 * and what is no entry.
 */
export function heldEntry(entry: string): string {
  const read = entry.startsWith('@') ? null : readOrNull(entry)
  if (read === null) return entry
  const { host, ports, privateRange } = read
  return `${schemeOf(read)}${host}${isBare(read) ? '' : `:${ports.join()}`}${privateRange === '' ? '' : `@${privateRange}`}`
}

/** The same list is merged for the policy, its revision, its file and its page, and a long one takes its time. */
const MERGED = new WeakMap<readonly Allow[], readonly Allow[]>()

/** The same permissions in the fewest lines, sorted: ports united, lines dropped that a wildcard already covers. */
export function mergeAllows(list: readonly Allow[]): readonly Allow[] {
  const known = MERGED.get(list)
  if (known !== undefined) return known
  const merged = merge(list)
  MERGED.set(list, merged)
  MERGED.set(merged, merged)
  return merged
}

function merge(list: readonly Allow[]): readonly Allow[] {
  // Without a wildcard and a host that is there twice nothing covers anything, and names alone are sorted faster.
  const single = new Map<string, Allow>()
  for (const allow of list) single.set(allow.host, allow)
  if (single.size === list.length && !list.some(({ host }) => host.startsWith('*.')))
    return [...single.keys()].sort().map((host) => single.get(host) as Allow)
  const byKey = new Map<string, Allow>()
  for (const allow of list) {
    const key = `${schemeOf(allow)}${allow.host}@${allow.privateRange}`
    const known = byKey.get(key)
    byKey.set(key, known === undefined ? allow : joined(known, allow))
  }
  const merged = [...byKey.values()]
  const byName = Map.groupBy(merged, ({ host }) => host)
  const wider = merged.map((allow) =>
    patternsOf(allow.host)
      .flatMap((pattern) => byName.get(pattern) ?? [])
      .filter((other) => covers(other, allow)),
  )
  const reasons = new Map<Allow, Set<string>>()
  for (const [at, allow] of merged.entries())
    for (const one of [allow, ...(wider[at] ?? [])]) reasons.set(one, (reasons.get(one) ?? new Set<string>()).add(allow.why))
  return merged
    .filter((_, at) => wider[at]?.length === 0)
    .map((allow) => ({ ...allow, why: together([allow.why, ...(reasons.get(allow) ?? [])]) }))
    .sort(byHost)
}

/** The same denials in the fewest lines, sorted: what is denied at every port or by a wildcard is not said again. */
export function mergeDenies(list: readonly Deny[]): readonly Deny[] {
  const byHost = new Map<string, Deny>()
  for (const deny of list) {
    const known = byHost.get(deny.host)
    byHost.set(deny.host, known === undefined ? { ...deny, ports: unite(deny.ports) } : joinedDeny(known, deny))
  }
  const merged = [...byHost.values()]
  const isCovered = (deny: Deny) =>
    patternsOf(deny.host).some((pattern) => {
      const wide = byHost.get(pattern)
      return wide !== undefined && wide !== deny && matches(wide.host, deny.host) && holdsPorts(wide, deny)
    })
  return merged.filter((deny) => !isCovered(deny)).sort((one, other) => (one.host < other.host ? -1 : 1))
}

/** Every pattern that can stand for this name: itself, and the wildcards above it. */
export const patternsOf = (host: string): readonly string[] => [
  host,
  ...[...host.matchAll(/\./g)].map(({ index }) => `*${host.slice(index)}`).filter((pattern) => pattern !== host),
]

/** Whether the pattern (`host` of an Allow) stands for this very name; a wildcard also for every narrower wildcard. */
export const matches = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host !== HOST_NAME)

type Refuse = (problem: string, hint: string) => never

const covers = (wide: Allow, narrow: Allow): boolean =>
  wide.host !== narrow.host || wide.privateRange !== narrow.privateRange || wide.plain !== narrow.plain
    ? matches(wide.host, narrow.host) &&
      (wide.plain === true || narrow.plain !== true) &&
      (narrow.privateRange === '' || narrow.privateRange === wide.privateRange) &&
      narrow.ports.every((port) => wide.ports.includes(port))
    : false

const unite = (...ports: readonly (readonly number[])[]): readonly number[] => [...new Set(ports.flat())].sort((a, b) => a - b)

const joined = (one: Allow, other: Allow): Allow => ({
  ...one,
  ports: unite(one.ports, other.ports),
  why: together([one.why, other.why]),
})

/** Reasons, each of them once. */
const together = (reasons: readonly string[]): string => [...new Set(reasons.flatMap((why) => why.split('; ')))].join('; ')

const holdsPorts = (wide: Deny, narrow: Deny): boolean =>
  wide.ports.length === 0 || (narrow.ports.length > 0 && narrow.ports.every((port) => wide.ports.includes(port)))

const joinedDeny = (one: Deny, other: Deny): Deny => ({
  ...one,
  ports: one.ports.length === 0 || other.ports.length === 0 ? [] : unite(one.ports, other.ports),
  why: together([one.why, other.why]),
})

const byHost = (one: Allow, other: Allow): number => {
  const [first, second] = [one, other].map((allow) => `${allow.host} ${allow.privateRange} ${schemeOf(allow)}`)
  return (first ?? '') < (second ?? '') ? -1 : 1
}

function refuseStrangers(entry: string, refuse: Refuse): void {
  if (USUAL.test(entry)) return
  if (entry === '') refuse('it is empty', 'write a host name such as example.org')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are refused
  if (/[\s\u0000-\u001f\u007f-\u009f]/u.test(entry))
    refuse('a host name cannot have spaces or control characters', 'write an entry for each host')
  if (entry.includes('://'))
    refuse('an entry has no scheme', `write only the host, such as ${plainHost(entry) ?? 'example.org or example.org:8443'}`)
  if (entry.includes('[') || entry.includes(']')) refuseAddress(refuse)
  if (/[\\?#%]/.test(entry) || entry.split('@')[0]?.includes('/'))
    refuse('an entry is a whole host, without a path', 'write only the host')
}

/** HOST or HOST:PORT of a web address, since an entry is a whole host; null for what is an entry itself, or no address. */
export function hostOfAddress(text: string): string | null {
  if (/^http:\/\/[^/:@]+:\d+\/?$/.test(text) || (text.includes('@') && !text.includes('://'))) return null
  if (!/^https?:\/\//i.test(text) && !/^[\w.-]+(:\d+)?[/?#]/.test(text)) return null
  return plainHost(/^https?:\/\//i.test(text) ? text : `https://${text}`)
}

/** What a whole address means of it; null where that is no name. */
function plainHost(address: string): string | null {
  const { host = '', hostname = '' } = URL.parse(address) ?? {}
  if (hostname === 'localhost' || !/^[a-z\d.-]+(:\d+)?$/.test(host)) return null
  return host
}

const refuseAddress = (refuse: Refuse): never =>
  refuse(
    'IP addresses are always denied; allow a host name instead',
    'write a name that resolves to it, such as name.example@10.0.0.0/8',
  )

function canonicalHost(written: string, refuse: Refuse): string {
  const undotted = written.endsWith('.') ? written.slice(0, -1) : written
  const wildcard = undotted.startsWith('*.')
  const name = (wildcard ? undotted.slice(2) : undotted).toLowerCase()
  if (name.includes('*')) refuse('a star can replace only the first label', 'write *.example.org')
  const ascii = toAscii(name, refuse)
  const labels = ascii.split('.')
  if (labels.includes('')) refuse('it has an empty label', 'write a host name such as example.org')
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) refuseAddress(refuse)
  if (labels.at(-1) === 'localhost')
    refuse('the proxy never connects to itself', `write ${HOST_NAME}:PORT to reach a port of this machine`)
  if (labels.length < 2)
    refuse(wildcard ? 'such a wildcard is too wide' : 'a name needs at least two labels', 'write a full name such as example.org')
  const good = labels.every((label, at) => (at === labels.length - 1 ? TOP_LABEL : LABEL).test(label))
  if (!good || ascii.length > 253 - (wildcard ? 2 : 0))
    refuse('it is not a valid host name', 'labels have up to 63 letters, digits and hyphens')
  if (ascii.endsWith('paude.internal') && (wildcard || ascii !== HOST_NAME) && /(^|\.)paude\.internal$/.test(ascii))
    refuse('paude uses that name itself', `write ${HOST_NAME}:PORT to reach a port of this machine`)
  return wildcard ? `*.${ascii}` : ascii
}

/** Punycode; refuses names that Unicode mapping would quietly turn into others (full-width letters, invisible characters). */
function toAscii(name: string, refuse: Refuse): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII itself
  if (/^[\u0000-\u007f]*$/.test(name) && !/(^|\.)xn--/.test(name)) return name
  const ascii = domainToASCII(name)
  const faithful = name.includes('xn--') ? ascii === name : domainToUnicode(ascii) === name.normalize('NFC')
  return ascii !== '' && faithful ? ascii : refuse('it is not a valid international name', 'write it in punycode (xn--…)')
}

function readPort(text: string, refuse: Refuse): number {
  return portOf(text) || refuse('the port must be 1 to 65535', 'write HOST:PORT, such as example.org:8443')
}

/** 0 for what is no port. */
function portOf(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0
  return port < 65536 ? port : 0
}

function readPrivateRange(text: string, refuse: Refuse): string {
  const range = readRange(text)
  if (range === null) return refuse('after @ an entry needs an address range', 'write a CIDR such as 10.20.0.0/16')
  const known = isWithin(range, PRIVATE_RANGES)
  if (!known) return refuse('the range is not inside private address space', 'public addresses need no range')
  return isNever(range)
    ? refuse('the range is a metadata address of a cloud', 'such addresses are never reached')
    : rangeText(range)
}

/** A text as a regular expression of that text alone; JavaScript and squid read it alike. */
export const literalPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
