import { switches } from '../../box/security.ts'
import { keyOf } from '../../config/keys/all.ts'
import { isWider, uncovered } from '../../config/keys/rules.ts'
import type { Layer } from '../../config/keys/settings.ts'
import type { Policy } from '../../network/allow.ts'
import { stagesOf } from '../../network/changes.ts'
import { pattern } from '../../network/decide.ts'
import type { Allow, Deny } from '../../network/entry.ts'
import { parseDenyEntry } from '../../network/groups.ts'
import { mergeDenies, portEntries } from '../../network/pattern.ts'
import { ofProviders } from '../../network/reach.ts'
import { readBandwidth, readWays, type Upstream } from '../../network/ways.ts'
import type { SessionRecord } from '../record/record.ts'
import { isCovered } from './host-credentials.ts'
import { policyOf } from './policy.ts'

/**
 * What a session has that nobody may have by what is managed now, as `KEY = VALUE`; null where there is nothing. A session may be
 * older than the managed file, and what is covered for a time counts too. `own` is what goes without saying, as HOST:PORT.
 */
export function beyondManaged(
  record: SessionRecord,
  managed: Layer,
  { own, now }: { readonly own: readonly string[]; readonly now: number },
): string | null {
  const weaker = switches.find((key) => {
    const least = managed[key]
    return least !== undefined && isWider(key, String(record.security[key]), least)
  })
  if (weaker !== undefined) return `${keyOf(weaker)} = ${record.security[weaker]}`
  if (record.network === 'none') return null
  if (managed.network !== undefined && isWider('network', record.network, managed.network))
    return `network.mode = ${record.network}`
  const [port] = managed.networkPorts === undefined ? [] : uncovered('networkPorts', record.ports.map(String), managed)
  if (port !== undefined) return `network.ports = ${port}`
  const places = ofProviders(record.injections).map(({ scheme, host, port, prefix }) => `${scheme}://${host}:${port}${prefix}`)
  const elsewhere = places.find((place) => managed.baseUrl !== undefined && place !== placeOf(managed.baseUrl))
  if (elsewhere !== undefined) return `provider.base_url = ${elsewhere}`
  const credential = beyondCredentials(record, managed)
  if (credential !== null) return credential
  const way = beyondWays(record, managed)
  if (way !== null) return way
  if (managed.networkAllow === undefined) return null
  const allows = policiesOf(record, now).flatMap(({ allow }) => allow)
  const entries = allows.flatMap(portEntries).filter((entry) => !own.includes(entry))
  const beyond = new Set(uncovered('networkAllow', entries, managed))
  const first = allows.find((allow) => portEntries(allow).some((entry) => beyond.has(entry)))
  return first === undefined ? null : `network.allow = ${entryBeyond(first, beyond)}`
}

/** A credential that nobody may have now. */
function beyondCredentials({ credentials, injections }: SessionRecord, managed: Layer): string | null {
  const { credentialsAllow, networkAllow } = managed
  const bound = credentials.flatMap((one, at) => (one.bound === undefined ? [] : [{ ...one.bound, at }]))
  const against = [...Map.groupBy(bound, ({ name }) => name)].find(([, members]) => {
    const places = members.flatMap(({ at }) => injections[at] ?? [])
    const [first] = members
    const entries = places.map(({ host, port }) => `${host}:${port}`)
    return (
      (credentialsAllow !== undefined && !isCovered(first?.kind ?? '', places, credentialsAllow)) ||
      (networkAllow !== undefined && uncovered('networkAllow', entries, managed).length > 0)
    )
  })
  return against === undefined ? null : `credentials.${against[0]}`
}

/** As it was written where no port of it may be; else the first port that may not. */
function entryBeyond(allow: Allow, beyond: ReadonlySet<string>): string {
  const entries = portEntries(allow)
  const range = allow.privateRange === '' ? '' : `@${allow.privateRange}`
  return entries.every((entry) => beyond.has(entry))
    ? `${pattern(allow)}${range}`
    : (entries.find((entry) => beyond.has(entry)) ?? '')
}

/** An address as a record has it. */
function placeOf(address: string): string {
  const { protocol, hostname, port, pathname } = new URL(address)
  return `${protocol}//${hostname}:${port || (protocol === 'https:' ? '443' : '80')}${pathname.replace(/\/+$/, '')}`
}

/** What it gets out by, where that is not as it is managed. */
function beyondWays({ ways: { upstream, dns, ip, bandwidth }, injections }: SessionRecord, managed: Layer): string | null {
  if (managed.upstreamProxy !== undefined) {
    const { upstreamProxy, upstreamCredentials = '', upstreamExcept = [] } = managed
    const most = readWays({ upstreamProxy, upstreamCredentials, upstreamExcept, dns: [], ip: 'any', bandwidth: '' }).upstream
    if (address(upstream) !== address(most)) return `network.upstream_proxy = ${address(upstream)}`
    const excepted = upstream?.except.find((host) => most?.except.includes(host) !== true)
    if (excepted !== undefined) return `network.upstream_except = ${excepted}`
    if (upstream?.credentials !== most?.credentials) return `network.upstream_credentials = ${upstream?.credentials || 'nothing'}`
  }
  const [server] = managed.dns === undefined ? [] : uncovered('dns', dns, managed)
  if (server !== undefined) return `network.dns = ${server}`
  if (managed.ip !== undefined && ip !== managed.ip) return `network.ip = ${ip}`
  const most = readBandwidth(managed.bandwidth ?? '')
  if (most > 0 && (bandwidth === 0 || bandwidth > most)) return `network.bandwidth = ${bandwidth || 'none'}`
  const way = injections.find((one) => managed.inject !== undefined && one.way !== managed.inject)?.way
  if (way !== undefined) return `network.inject = ${way}`
  return null
}

const address = (upstream: Upstream | null): string =>
  upstream === null ? 'nothing' : `${upstream.scheme}://${upstream.host}:${upstream.port}`

/** The managed denial that a session lacks, or will lack once something has ended; null where it has them all. */
export function missingDenial(record: SessionRecord, managed: Layer, now: number): string | null {
  if (record.network === 'none') return null
  const denials = policiesOf(record, now).map(({ deny }) => ({ deny, before: meaning(deny) }))
  return (
    (managed.networkDeny ?? []).find((entry) =>
      denials.some(({ deny, before }) => meaning([...deny, ...parseDenyEntry(entry, '')]) !== before),
    ) ?? null
  )
}

/** What holds now, and from each moment on at which something ends. */
const policiesOf = (record: SessionRecord, now: number): readonly Policy[] =>
  stagesOf(policyOf(record), record.changes, now).map(({ policy }) => policy)

const meaning = (deny: Policy['deny']): string => JSON.stringify(mergeDenies(deny).map(({ host, ports }: Deny) => [host, ports]))
