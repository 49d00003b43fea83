import { PaudeError } from '../errors.ts'
import type { Policy } from './allow.ts'
import type { Allow, Deny } from './entry.ts'
import { isInjectedPath } from './inject.ts'
import { HOST_NAME } from './names.ts'
import { patternsOf, schemeOf, USUAL_PORTS } from './pattern.ts'
import { isIn, NEVER_RANGES, PRIVATE_RANGES } from './ranges.ts'
import type { Ways } from './ways.ts'

/** What somebody would like to reach. `https` stands for every tunnel. */
export type Target = {
  readonly scheme: 'https' | 'http'
  readonly host: string
  readonly port: number
  /** With its query; begins with a slash. '' where only a host is asked about. */
  readonly path: string
}

/** The answer of `why`. */
export type Verdict = {
  readonly decision: 'allowed' | 'blocked'
  /** The entry that decides, or the reason where none does. */
  readonly rule: string
  /** Who put that entry there; '' where there is none. */
  readonly why: string
}

/** Reads `https://host:port/path`, or a host alone. Throws `usage` for what no proxy would be asked. */
export function readTarget(text: string): Target {
  const refuse = (problem: string): never => {
    throw new PaudeError('usage', `not an address: ${JSON.stringify(text)}: ${problem}`, {
      hint: 'write a host or an address like https://example.org/path',
    })
  }
  const [, said, authority = '', path = ''] = /^([a-z]+:\/\/)?([^/?#]*)(.*)$/i.exec(text) ?? []
  const name = (said ?? 'https://').slice(0, -3).toLowerCase()
  if (name !== 'https' && name !== 'http') refuse('the proxy only takes http and https')
  // As squid reads it: a user name says nothing of the host, and neither does a dot behind it.
  const [, dotted = '', digits] = /^(?:.*@)?(\[[^\]]*\]|[^:@]*)(?::(\d+))?$/.exec(authority) ?? []
  const host = dotted.replace(/\.+$/, '')
  if (host === '' || /[\s\p{Cc}]/u.test(text)) refuse('it has no host')
  const port = digits === undefined ? (name === 'https' ? 443 : 80) : Number(digits)
  if (!(port > 0 && port < 65_536)) refuse('the port must be 1 to 65535')
  const rest = path.replace(/#.*$/s, '')
  return {
    scheme: name === 'https' ? 'https' : 'http',
    host: host.toLowerCase(),
    port,
    path: said === undefined && rest === '' ? '' : rest.startsWith('/') ? rest : `/${rest}`,
  }
}

/**
 * What the proxy says to a request, and by which entry. `resolved` is what the name resolves to; null when nobody looked,
 * and then they are taken for public ones.
 */
export function decide(policy: Policy, target: Target, resolved: readonly string[] | null): Verdict {
  const { host, port, scheme } = target
  const addresses = resolvesElsewhere(policy.ways, host) ? null : asked(policy.ways, resolved)
  if (scheme === 'http' && host === HELP) return { decision: 'allowed', rule: "paude's own help page", why: '' }
  if (scheme === 'http' && target.path.startsWith('/squid-internal-')) return blocked("the proxy's own pages")
  const denial = denied(policy.deny, target)
  if (denial !== null) return { decision: 'blocked', rule: `denied: ${pattern(denial)}`, why: denial.why }
  if (policy.mode === 'open') return injected(policy, target, addresses) ?? reached(OPEN, addresses)
  if (!PLAIN_NAME.test(host)) return blocked(isLiteral(host) ? 'address literal' : 'no full host name')
  const inject = injected(policy, target, addresses)
  if (inject !== null) return inject
  const bound = boundTo(policy, target)
  const meant = bound.filter(({ path }) => path)
  if (meant.length > 0) return reached(judge(placeOf(policy, target), policy.ports), addresses)
  const patterns = host === HOST_NAME ? [host] : patternsOf(host)
  const named = policy.allow.filter((allow) => patterns.includes(allow.host))
  const open = named.filter((allow) => opensPort(allow, port, scheme))
  const verdicts = open.map((allow) => reached(judge(allow, policy.ports), addresses))
  const good = verdicts.find(({ decision }) => decision === 'allowed')
  if (good !== undefined) return good
  if (policy.mode === 'record' && host !== HOST_NAME)
    return host === CANARY ? blocked('no host of the world') : reached(RECORD, addresses)
  if (verdicts[0] !== undefined) return verdicts[0]
  if (bound.length > 0) return blocked('path not allowed: only what its credential is meant for')
  if (named.length === 0) return blocked('not on the allowlist')
  return {
    decision: 'blocked',
    rule: `port ${port} is not open: ${named.map((one) => pattern(one, policy.ports)).join(', ')}`,
    why: named[0]?.why ?? '',
  }
}

/** 80 is for plain requests and 443 for TLS; every other port takes both, and so does what `http://` was written for. */
export const opensPort = ({ ports, plain }: Allow, port: number, scheme: Target['scheme']): boolean =>
  ports.includes(port) && (plain === true || port !== (scheme === 'https' ? 80 : 443))

/** Whether a tunnel to this place may carry what is no TLS; in open and record mode every tunnel may. */
export const carriesPlain = (
  { mode, allow }: Pick<Policy, 'mode' | 'allow'>,
  { host, port }: Pick<Target, 'host' | 'port'>,
): boolean =>
  mode === 'open' || mode === 'record' || allow.some((one) => one.plain === true && one.host === host && one.ports.includes(port))

/** Without IPv6 an address of it is none. */
const asked = ({ ip }: Ways, addresses: readonly string[] | null): readonly string[] | null =>
  ip === 'any' || addresses === null ? addresses : addresses.filter((address) => !address.includes(':'))

/** An upstream proxy resolves the names that go through it. */
export const resolvesElsewhere = ({ upstream }: Ways, host: string): boolean =>
  upstream !== null &&
  host !== HOST_NAME &&
  !upstream.except.some((name) => patternsOf(host).includes(name) || name === `*.${host}`)

const HELP = 'paude.internal'
const CANARY = 'canary.paude.internal'
const PLAIN_NAME = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/
const isLiteral = (host: string): boolean => /^(\[|[\d.]+$|0x)/.test(host)

type Judge = { readonly rule: string; readonly why: string; readonly fits: (address: string) => boolean }

const OPEN: Judge = { rule: 'open', why: '--network open', fits: (address) => !isIn(address, SELF) }
const SELF = ['0.0.0.0/8', '127.0.0.0/8', '::/128', '::1/128']
const isReachable = (address: string): boolean => !isIn(address, NEVER_RANGES)
const isPublic = (address: string): boolean => isReachable(address) && !isIn(address, PRIVATE_RANGES)
const RECORD: Judge = { rule: 'record', why: '--network record', fits: isPublic }

/** An allow with what its addresses must be; what this machine's own name resolves to only the proxy knows. */
const judge = (allow: Allow, usual: readonly number[]): Judge => ({
  rule: pattern(allow, usual),
  why: allow.why,
  fits:
    allow.host === HOST_NAME
      ? () => true
      : (address) =>
          isPublic(address) || (allow.privateRange !== '' && isReachable(address) && isIn(address, [allow.privateRange])),
})

/** A name with several addresses must fit with all of them; one without any is not reached. */
function reached({ rule, why, fits }: Judge, addresses: readonly string[] | null): Verdict {
  if (addresses === null || (addresses.length > 0 && addresses.every(fits))) return { decision: 'allowed', rule, why }
  if (addresses.length === 0) return { decision: 'blocked', rule: 'the name was not found', why }
  return { decision: 'blocked', rule: `at a private address: ${addresses.find((address) => !fits(address))}`, why }
}

const blocked = (rule: string): Verdict => ({ decision: 'blocked', rule, why: '' })

/** The denial that meets a request, or null. */
export const denied = (deny: readonly Deny[], { host, port }: Pick<Target, 'host' | 'port'>): Deny | null => {
  // Asked of every entry of a list that may be long.
  if (deny.length === 0) return null
  const patterns = patternsOf(host)
  return deny.find(({ host: name, ports }) => patterns.includes(name) && (ports.length === 0 || ports.includes(port))) ?? null
}

/** What becomes of a request to a provider, whose credential the proxy adds; null for every other request. */
function injected(
  { mode, injections, allow, ports }: Policy,
  { scheme, host, port, path }: Target,
  addresses: readonly string[] | null,
): Verdict | null {
  const here = injections.filter(
    (one) => one.bound === undefined && host === one.host && (host !== HOST_NAME || port === one.port),
  )
  const [first] = here
  if (first === undefined) return null
  // An open session looks into the tunnels of a provider that speaks TLS alone.
  if (mode === 'open' && scheme === 'https' && here.every((one) => one.scheme === 'http')) return null
  if (first.way === 'base-url') return blocked('the agent reaches the provider only at the base URL')
  const fitting = here.filter((one) => scheme === one.scheme && port === one.port)
  if (fitting.length === 0) return blocked(`the agent reaches the provider only at ${first.scheme}://${host}:${first.port}`)
  if (path !== '' && !fitting.some((one) => isInjectedPath(one, decoded(path))))
    return blocked('path not allowed: only the API of the provider is open')
  return reached(judge(placeOf({ allow }, { host, port }, 'the provider'), ports), addresses)
}

/** The host of a credential as an entry. */
function placeOf({ allow }: Pick<Policy, 'allow'>, { host, port }: Pick<Target, 'host' | 'port'>, why = 'a credential'): Allow {
  const entry = allow.find((one) => patternsOf(host).includes(one.host) && one.ports.includes(port))
  return { host, ports: [port], privateRange: entry?.privateRange ?? '', why: entry?.why ?? why }
}

/** The bound credentials of a place, and whether the path is one that they are meant for. */
const boundTo = ({ injections }: Policy, { scheme, host, port, path }: Target): readonly { readonly path: boolean }[] =>
  injections
    .filter((one) => one.bound !== undefined && scheme === one.scheme && host === one.host && port === one.port)
    .map((one) => ({
      path: path === '' || isInjectedPath(one, decoded(path)),
    }))

/** A path as squid matches it: each byte is one sign. */
const decoded = (path: string): string =>
  Buffer.from(path)
    .toString('latin1')
    .replace(/%(%|[0-9a-f]{2})/gi, (whole, digits: string) =>
      digits === '%' ? '%' : digits === '00' ? whole : String.fromCharCode(Number.parseInt(digits, 16)),
    )

/** An entry as the user would write it; without its ports only where that means 80 and 443. */
export const pattern = ({ host, ports, plain }: Pick<Allow, 'host' | 'ports' | 'plain'>, usual = USUAL_PORTS): string =>
  plain === true
    ? `${schemeOf({ plain })}${host}:${ports.join(',')}`
    : ports.length === 0 || (isUsual(ports) && isUsual(usual))
      ? host
      : `${host}:${ports.join(',')}`

/** The entry that lets tunnels to a place carry what is no TLS. */
export const plainEntry = ({ host, port }: Pick<Target, 'host' | 'port'>): string => `${schemeOf({ plain: true })}${host}:${port}`

/** The entry that would open a place and no more than it must. */
export const entryFor = ({ host, port }: Pick<Target, 'host' | 'port'>, usual: readonly number[]): string =>
  host !== HOST_NAME && isUsual(usual) && USUAL_PORTS.includes(port) ? host : `${host}:${port}`

const isUsual = (ports: readonly number[]): boolean => ports.join() === USUAL_PORTS.join()
