import { HOST_NAME } from '../network/allow.ts'
import { inside, PRIVATE_RANGES, readRange } from '../network/ranges.ts'
import { type Check, ok, problem, warning } from './check.ts'

/** Images by engine: those a start would use now, and whatever else bears our label. */
export function imageChecks(engine: string, wanted: readonly string[], found: readonly string[]): readonly Check[] {
  const missing = wanted.filter((reference) => !found.includes(reference))
  const stale = found.filter((reference) => !wanted.includes(reference))
  const present =
    missing.length === 0
      ? 'present'
      : missing.length === wanted.length
        ? 'built at the first start'
        : `${missing.join(', ')} is built at the next start`
  return [
    ok(`images on ${engine}`, present),
    ...(stale.length === 0
      ? []
      : [
          warning(
            `old images on ${engine}`,
            `${stale.length} of earlier versions or settings`,
            `${engine} image rm ${stale.slice(0, 3).join(' ')}${stale.length > 3 ? ' …' : ''}`,
          ),
        ]),
  ]
}

export const orphanChecks = (count: number): readonly Check[] => [
  count === 0
    ? ok('orphans', 'none')
    : warning('orphans', `${count} containers, volumes or folders belong to no session`, 'paude rm --orphans'),
]

/** `variable` names where the credential came from, '' for none; `fault` is why it cannot be used. Its value is nobody's business. */
export function credentialChecks({ variable, fault }: { readonly variable: string; readonly fault: string }): readonly Check[] {
  if (fault !== '') return [problem('credential', fault, 'export it again, without quotes or line breaks inside')]
  return [
    ok(
      'credential',
      variable === '' ? 'none in the environment: log in inside the box' : `${variable} is set and stays outside the box`,
    ),
  ]
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']

/** Names only: a proxy's address may hold a password. */
export function proxyChecks(env: Readonly<Record<string, string | undefined>>): readonly Check[] {
  const set = [...PROXIES, ...PROXIES.map((name) => name.toLowerCase())].filter((name) => env[name])
  if (set.length === 0) return [ok('proxy of this machine', 'none set')]
  return [
    warning(
      'proxy of this machine',
      `${set.join(', ')} ${set.length === 1 ? 'is' : 'are'} set; paude's proxy does not use it and connects directly`,
      'if the network lets nothing else out, allow this machine to connect directly',
    ),
  ]
}

/** `count` of certificates, `fault` why they cannot be read. */
export function authorityChecks({ count, fault }: { readonly count: number; readonly fault: string }): readonly Check[] {
  if (fault !== '') return [problem('extra certificates', fault, 'correct --ca-file, or PAUDE_CA_FILE')]
  return [
    ok(
      'extra certificates',
      count === 0 ? 'none beside the public ones' : `${count} of this machine are trusted in the box as well`,
    ),
  ]
}

/** What the provider's name resolves to here; null when it does not. */
export function resolverChecks(site: string, addresses: readonly string[] | null): readonly Check[] {
  const [host = ''] = site.split(':')
  if (host === HOST_NAME) return [ok('provider', `a port of this machine: ${site}`)]
  if (addresses === null || addresses.length === 0)
    return [
      warning('provider', `${host} does not resolve here`, 'check the network and its resolver; the proxy asks the same one'),
    ]
  const here = addresses.filter((address) => privately(address))
  if (here.length === 0) return [ok('provider', `${host} resolves to public addresses`)]
  const entries = [...new Set(here.map((address) => `${site}@${around(address)}`))]
  return [
    warning(
      'provider',
      `${host} resolves to ${here[0]}, which is not a public address; the proxy refuses it unless told`,
      `paude --network-allow ${entries.join(',')}`,
    ),
  ]
}

function privately(address: string): boolean {
  const range = readRange(`${address}/${address.includes(':') ? 128 : 32}`)
  return range !== null && PRIVATE_RANGES.map(readRange).some((outer) => outer !== null && inside(range, outer))
}

/** The smallest block people number by: /24, and /64 for IPv6. */
function around(address: string): string {
  if (!address.includes(':')) return `${address.split('.').slice(0, 3).join('.')}.0/24`
  const [head = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  return `${head.split(':').slice(0, 4).join(':')}::/64`
}
