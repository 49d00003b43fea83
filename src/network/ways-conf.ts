import { HOST_NAME } from './names.ts'
import { lines } from './squid-names.ts'
import type { Upstream, Ways } from './ways.ts'

/** Lines of squid.conf for the ways out. The login of an upstream proxy stands in a file that only P can read. */
export function waysConf({ upstream, dns, bandwidth }: Ways, atBaseUrl: boolean): string {
  return lines(
    ...(dns.length > 0 ? [`dns_nameservers ${dns.join(' ')}`] : []),
    ...(bandwidth > 0
      ? ['delay_pools 1', 'delay_class 1 1', `delay_parameters 1 ${bandwidth}/${bandwidth}`, 'delay_access 1 allow all']
      : []),
    ...(upstream === null ? [] : upstreamLines(upstream, atBaseUrl)),
  )
}

function upstreamLines(upstream: Upstream, atBaseUrl: boolean): readonly string[] {
  const direct = atBaseUrl ? ' !base_url' : ''
  const names = [HOST_NAME, ...upstream.except]
  const apexes = new Set(names.filter((name) => name.startsWith('*.')).map((name) => name.slice(2)))
  return [
    // `.example.org` holds example.org too, which is what NO_PROXY means by it.
    ...names
      .map((name) => name.replace(/^\*/, ''))
      .filter((name) => !apexes.has(name) && ![...apexes].some((apex) => name.endsWith(`.${apex}`) && name !== `.${apex}`))
      .map((name) => `acl near_name dstdomain -n ${name}`),
    upstream.credentials === '' ? `cache_peer ${peerWords(upstream)}` : 'include /run/upstream.conf',
    'cache_peer_access upstream-proxy deny near_name',
    'cache_peer_access upstream-proxy allow all',
    'always_direct allow near_name',
    `never_direct allow !near_name${direct}`,
    // What goes there is resolved there: only its name is judged here.
    `acl via_upstream all-of !near_name`,
  ]
}

/** Everything of the cache_peer line but the login. */
export const peerWords = ({ scheme, host, port }: Upstream): string =>
  `${host} parent ${port} 0 no-query no-digest no-netdb-exchange default name=upstream-proxy${
    scheme === 'https' ? ' tls tls-cafile=/run/roots.pem tls-min-version=1.2' : ''
  }`
