import type { Backend } from '../backends/backend.ts'
import { type Check, ok, problem, warning } from '../backends/check.ts'
import type { PaudeError } from '../errors.ts'
import { resolvesElsewhere } from '../network/decide.ts'
import { HOST_NAME } from '../network/names.ts'
import { isIn, PRIVATE_RANGES } from '../network/ranges.ts'
import type { Ways } from '../network/ways.ts'
import { quote } from '../plan/shell.ts'
import type { Authorities, LookedCredential, LostHome } from './looked.ts'

/** Images by engine: those a start would use now, and what `paude image rm --stale` would take away. */
export function imageChecks(
  engine: string,
  {
    wanted,
    found,
    stages,
  }: { readonly wanted: readonly string[]; readonly found: readonly Sized[]; readonly stages: readonly Sized[] },
): readonly Check[] {
  const references = found.map(({ reference }) => reference)
  const missing = wanted.filter((reference) => !references.includes(reference))
  const old = found.filter(({ reference }) => !wanted.includes(reference))
  const present =
    missing.length === 0
      ? 'present'
      : missing.length === wanted.length
        ? `built at the first start on ${engine}`
        : `${missing.join(', ')} is built at the next start on ${engine}`
  const stale = [
    ...(old.length === 0 ? [] : [`${old.length} that a start here does not use (another project may)`]),
    ...(stages.length === 0 ? [] : [`${stages.length} left behind by builds`]),
  ]
  return [
    ok(`images on ${engine}`, present),
    ...(stale.length === 0
      ? []
      : [
          warning(
            `other images on ${engine}`,
            `${stale.join(', ')}: ${megabytes([...old, ...stages])} at most, since images share layers`,
            `paude --backend ${engine} image rm --stale`,
          ),
        ]),
  ]
}

type Sized = { readonly reference: string; readonly size: number }

const megabytes = (images: readonly Sized[]): string => `${Math.round(images.reduce((sum, { size }) => sum + size, 0) / 1e6)} MB`

/** HOME volumes of projects that are not where they were. They hold conversations, so nothing takes them away by itself. */
export function homeChecks({ name }: Pick<Backend, 'name'>, lost: readonly LostHome[]): readonly Check[] {
  if (lost.length === 0) return []
  const [first] = lost
  return [
    warning(
      `HOME volumes on ${name}`,
      `${lost.length} of deleted folders, like ${first?.workspace}: settings and conversations`,
      'paude home rm --deleted',
    ),
  ]
}

/** `parts` belong to no session; `forsaken` are the ids of sessions whose paude was killed. */
export function orphanChecks({
  parts,
  forsaken,
}: {
  readonly parts: readonly string[]
  readonly forsaken: readonly string[]
}): readonly Check[] {
  if (parts.length === 0 && forsaken.length === 0) return [ok('orphans', 'none')]
  const [first] = forsaken
  return [
    ...(first === undefined
      ? []
      : [
          warning(
            'orphans',
            `the paude process of ${forsaken.join(', ')} was killed, so nothing ends or removes ${forsaken.length === 1 ? 'it' : 'them'}`,
            `see its output: paude logs ${first}; end and remove ${forsaken.length === 1 ? 'it' : 'them'}: paude rm --orphans`,
          ),
        ]),
    ...(parts.length === 0
      ? []
      : [
          warning(
            'orphans',
            `${parts.length} containers, volumes or folders belong to no session: ${parts.slice(0, 3).join(', ')}${parts.length > 3 ? ', …' : ''}`,
            'paude rm --orphans',
          ),
        ]),
  ]
}

/** The files of configuration; `fault` is why those that `broken` names cannot be read, `trust` the command that asks for the user's word. */
export function projectChecks({
  fault,
  broken,
  untrusted,
  trust,
}: {
  readonly fault: Pick<PaudeError, 'message' | 'hint'> | null
  readonly broken: 'none' | 'project' | 'all'
  readonly untrusted: readonly string[]
  readonly trust: string
}): readonly Check[] {
  if (fault !== null) return [problem(broken === 'all' ? 'configuration' : 'project', fault.message, fault.hint)]
  if (untrusted.length > 0) return [warning('project', `${untrusted.join(', ')} wants to loosen the sandbox`, trust)]
  return [ok('project', 'its configuration is valid')]
}

/** Folders of programs that both sides run: what one of them installs may not work on the other, and what an agent puts there runs on this machine. */
export const sharedFolderChecks = (names: readonly string[]): readonly Check[] =>
  names.length === 0
    ? []
    : [
        warning(
          'shared folders',
          `sandbox and this machine both run programs of ${names.join(' and ')}`,
          `paude config set workspace.overlay ${names.join(' ')} gives the sandbox volumes of its own there`,
        ),
      ]

/** What the agent's provider is given; nothing for an agent that asks no model. Its value is nobody's business. */
export function credentialChecks({ variable, inside, fault, site }: LookedCredential): readonly Check[] {
  if (fault !== '') return [problem('credential', fault, 'export it again, without quotes or line breaks inside, or paude login')]
  if (site === '') return []
  if (variable !== '') return [ok('credential', `${variable}; it stays outside the sandbox`)]
  if (inside) return [ok('credential', 'login inside the sandbox: for this project only, and the agent can read the token')]
  return [warning('credential', 'none', 'paude login')]
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']

/** What the configuration says of the ways out; `fault` is why no start would take it. */
export type WaysOut = { readonly ways: Ways; readonly fault: Pick<PaudeError, 'message' | 'hint'> | null }

/** The variables by name, and of their values host and port alone: the rest may be a password. */
export function proxyChecks(
  env: Readonly<Record<string, string | undefined>>,
  { ways: { upstream }, fault }: WaysOut,
): readonly Check[] {
  const name = 'proxy of this machine'
  if (fault !== null) return [problem(name, fault.message, fault.hint)]
  if (upstream !== null) return [ok(name, `requests go through network.upstream_proxy, ${upstream.host}:${upstream.port}`)]
  const set = [...PROXIES, ...PROXIES.map((one) => one.toLowerCase())].filter((one) => env[one])
  if (set.length === 0) return [ok(name, 'none set')]
  const { place, local, login } = proxyOf(env[set.find((one) => /^https_/i.test(one)) ?? set[0] ?? ''] ?? '')
  return [
    warning(
      name,
      `${set.join(', ')} ${set.length === 1 ? 'is' : 'are'} set, but paude's proxy does not read ${set.length === 1 ? 'it' : 'them'} and connects directly${
        local ? '; it could not reach a proxy on the loopback of this machine, so let that one listen on another address' : ''
      }`,
      `paude config set network.upstream_proxy ${place}${login ? '; for its name and password: paude config set network.upstream_credentials env:NAME' : ''}`,
    ),
  ]
}

function proxyOf(text: string): { readonly place: string; readonly local: boolean; readonly login: boolean } {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  const known = url !== null && /^https?:$/.test(url.protocol)
  const local = known && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)
  return {
    place: known && !local ? quote(`${url.protocol}//${url.host}`) : 'http://HOST:PORT',
    local,
    login: known && url.username !== '',
  }
}

/** `fault` is why they cannot be read. */
export function authorityChecks({ count, expired, fault }: Authorities): readonly Check[] {
  if (fault !== '') return [problem('extra certificates', fault, 'correct --ca-file or PAUDE_CA_FILE')]
  if (expired.length > 0)
    return [
      warning(
        'extra certificates',
        `${expired.length} of ${count} have expired: ${expired.slice(0, 3).join(', ')}${expired.length > 3 ? ', …' : ''}`,
        'replace the file by a new certificate, or name another file with --ca-file',
      ),
    ]
  return [ok('extra certificates', count === 0 ? 'only the public ones' : `the sandbox also trusts ${count} of this machine`)]
}

/** What the provider's name resolves to here; null when it does not. Where somebody else resolves it for the proxy, that says nothing. */
export function resolverChecks(site: string, addresses: readonly string[] | null, ways: Ways): readonly Check[] {
  const [host = ''] = site.split(':')
  if (host === HOST_NAME) return [ok('provider', `a port of this machine: ${site}`)]
  if (resolvesElsewhere(ways, host)) return [ok('provider', `the upstream proxy resolves ${host}`)]
  if (ways.dns.length > 0) return [ok('provider', `network.dns resolves ${host}: ${ways.dns.join(', ')}`)]
  if (addresses === null || addresses.length === 0)
    return [
      warning('provider', `${host} does not resolve here`, 'check the network and its resolver; the proxy uses the same one'),
    ]
  const here = addresses.filter((address) => privately(address))
  if (here.length === 0) return [ok('provider', `${host} resolves to public addresses`)]
  const entries = [...new Set(here.map((address) => `${site}@${around(address)}`))]
  return [
    warning(
      'provider',
      `${host} resolves to ${here[0]}, which is not a public address, so the proxy refuses it`,
      `paude --network-allow ${entries.join(',')}`,
    ),
  ]
}

const privately = (address: string): boolean => isIn(address, PRIVATE_RANGES)

/** The smallest block people number by: /24, and /64 for IPv6. */
function around(address: string): string {
  if (!address.includes(':')) return `${address.split('.').slice(0, 3).join('.')}.0/24`
  const [head = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  return `${head.split(':').slice(0, 4).join(':')}::/64`
}
