import type { Allow, Deny } from './entry.ts'
import { HOST_NAME } from './names.ts'
import { mergeDenies, patternsOf } from './pattern.ts'
import { PRIVATE_RANGES, withoutRange } from './ranges.ts'
import type { Ways } from './ways.ts'

/** Lines of squid.conf as its text. */
export const lines = (...list: readonly string[]): string => `${list.join('\n')}\n`

/** Allows that share ports and private range: one set of acls. `terms` are what the destination's addresses must fulfil. */
export type Group = {
  readonly id: string
  readonly acls: readonly string[]
  readonly tls: boolean
  readonly web: boolean
  /** Whether tunnels may carry what is no TLS. */
  readonly plain: boolean
  readonly terms: string
}

/** Sets of acls for a merged list. */
export function groupsOf(allows: readonly Allow[]): readonly Group[] {
  const byKey = new Map<string, Allow[]>()
  let [last, same]: [Allow | undefined, Allow[]] = [undefined, []]
  for (const allow of allows) {
    const { host, ports, privateRange, plain } = allow
    const isThis = host === HOST_NAME
    // Most of a long list is like the entry before.
    const isSame =
      ports === last?.ports && privateRange === last.privateRange && plain === last.plain && !isThis && last.host !== HOST_NAME
    if (!isSame) {
      const key = `${isThis} ${plain ?? false} ${privateRange} ${ports.join(' ')}`
      same = byKey.get(key) ?? []
      byKey.set(key, same)
    }
    same.push(allow)
    last = allow
  }
  return [...byKey.values()].map((members, at) => group(`${at + 1}`, members))
}

/** Lists of ports as text. Most entries share one list, which is put together once. */
export function portsAs(between: string): (ports: readonly number[]) => string {
  const known = new Map<readonly number[], string>()
  return (ports) => {
    const text = known.get(ports) ?? ports.join(between)
    known.set(ports, text)
    return text
  }
}

function group(id: string, members: readonly Allow[]): Group {
  const [first] = members
  if (first === undefined) throw new Error('a group without members')
  const hosts = members.map(({ host }) => host)
  const { listed, excluded } = listing(hosts)
  const plain = first.plain === true
  const tls = first.ports.filter((port) => plain || port !== 80)
  const web = first.ports.filter((port) => plain || port !== 443)
  const { acls, terms } = destination(id, first)
  return {
    id,
    tls: tls.length > 0,
    web: web.length > 0,
    plain,
    terms,
    acls: [
      ...acls,
      ...listed.map((names) => `acl name${id} dstdomain -n ${names}`),
      ...listed.map((names) => `acl sni${id}${excluded.length > 0 ? '_in' : ''} ssl::server_name --client-requested ${names}`),
      ...excluded.flatMap((host) => [
        `acl apex${id} dstdomain -n ${host}`,
        `acl sni_apex${id} ssl::server_name --client-requested ${host}`,
      ]),
      ...(excluded.length > 0 ? [`acl sni${id} all-of sni${id}_in !sni_apex${id}`] : []),
      ...(tls.length > 0
        ? [`acl port_tls${id} port ${tls.join(' ')}`, `acl tls${id} all-of name${id} port_tls${id}${without(id, excluded)}`]
        : []),
      ...(web.length > 0
        ? [`acl port_web${id} port ${web.join(' ')}`, `acl web${id} all-of name${id} port_web${id}${without(id, excluded)}`]
        : []),
    ],
  }
}

const without = (id: string, excluded: readonly string[]): string => (excluded.length > 0 ? ` !apex${id}` : '')

/** The address terms of one allow: this machine, public only, or public and one private range. */
export function destination(
  id: string,
  { host, privateRange }: Allow,
): { readonly acls: readonly string[]; readonly terms: string } {
  if (host === HOST_NAME) return { acls: [], terms: 'gateway' }
  if (privateRange === '') return { acls: [], terms: '!never_net !priv_net' }
  // Denying the rest instead of allowing the range: a name may resolve into both.
  const rest = withoutRange(PRIVATE_RANGES, privateRange)
  return { acls: rest.map((range) => `acl rest${id} dst ${range}`), terms: `!never_net !rest${id}` }
}

/** An acl that judges names and then addresses; behind an upstream proxy, which resolves them, names alone. */
export const reaching = (start: string, terms: string, { upstream }: Ways): readonly string[] => [
  ...(upstream === null ? [] : [`acl ${start} via_upstream`]),
  `acl ${start} any_dst ${terms}`,
]

/** An acl that any of the members fulfils; `nothing` stands for an empty list, which squid refuses. */
export const anyOf = (name: string, members: readonly string[]): string =>
  `acl ${name} any-of nothing${members.map((member) => ` ${member}`).join('')}`

/** The acls `denied` and `denied_sni`: what no other rule can open. The lists stand here and in no file of their own, since a missing one would open all. */
export function denialAcls(deny: readonly Deny[], more: readonly string[]): readonly string[] {
  const byPorts = [...Map.groupBy(mergeDenies(deny), ({ ports }) => ports.join(' ')).entries()]
  const sets = byPorts.map(([ports, members], at) => {
    const id = `${at + 1}`
    const { listed, excluded } = listing(members.map(({ host }) => host))
    const port = ports === '' ? [] : [`no_port${id}`]
    return {
      id,
      acls: [
        ...listed.map((names) => `acl no_name${id} dstdomain -n ${names}`),
        ...listed.map((names) => `acl no_listed_sni${id} ssl::server_name --client-requested ${names}`),
        ...excluded.flatMap((host) => [
          `acl no_apex${id} dstdomain -n ${host}`,
          `acl no_apex_sni${id} ssl::server_name --client-requested ${host}`,
        ]),
        ...port.map((name) => `acl ${name} port ${ports}`),
        `acl no${id} all-of ${['no_name', ...(excluded.length > 0 ? ['!no_apex'] : [])].map((name) => name + id).join(' ')} ${port.join(' ')}`.trimEnd(),
        `acl no_sni${id} all-of ${['no_listed_sni', ...(excluded.length > 0 ? ['!no_apex_sni'] : [])].map((name) => name + id).join(' ')} ${port.join(' ')}`.trimEnd(),
      ],
    }
  })
  return [
    ...sets.flatMap(({ acls }) => acls),
    anyOf('denied', [...sets.map(({ id }) => `no${id}`), ...more]),
    anyOf(
      'denied_sni',
      sets.map(({ id }) => `no_sni${id}`),
    ),
  ]
}

/** Sorted as squid compares names, from their end: its tree takes ten thousand so in 10 ms, and in 120 in any other order. */
const fromTheEnd = (hosts: readonly string[]): readonly string[] => backwards(backwards(hosts).sort())

/** Each name backwards. All of them in one text: ten thousand take a tenth of the time that one by one they do. Names are ASCII. */
const backwards = (names: readonly string[]): string[] =>
  names.length === 0 ? [] : Buffer.from(names.join('\n'), 'latin1').reverse().toString('latin1').split('\n').reverse()

/** One name a line, or many where there are many: squid's lines end at 2048 signs. */
function packed(hosts: readonly string[]): readonly string[] {
  if (hosts.length <= 100) return hosts
  const packs: string[] = []
  let [from, length] = [0, 0]
  for (const [at, host] of hosts.entries()) {
    if (length + host.length > 1800) {
      packs.push(hosts.slice(from, at).join(' '))
      from = at
      length = 0
    }
    length += host.length + 1
  }
  return [...packs, hosts.slice(from).join(' ')]
}

/** In squid `.x.org` holds x.org too, and an exact name beside a wildcard that covers it is fatal. */
function listing(hosts: readonly string[]): { readonly listed: readonly string[]; readonly excluded: readonly string[] } {
  if (!hosts.join('').includes('*')) return { listed: packed(fromTheEnd(hosts)), excluded: [] }
  const known = new Set(hosts)
  const apexes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(2))
  const dotted = new Set(apexes)
  return {
    listed: packed(
      fromTheEnd(hosts.filter((host) => !dotted.has(host)).map((host) => (host.startsWith('*') ? host.slice(1) : host))),
    ),
    excluded: apexes.filter((apex) => !patternsOf(apex).some((pattern) => known.has(pattern))),
  }
}
