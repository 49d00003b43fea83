import type { Injection, Policy } from './allow.ts'
import { BASE_URL, HOST_NAME } from './names.ts'
import { matches } from './pattern.ts'
import { destination, lines, reaching } from './squid-names.ts'

/** Pattern of the paths, with their query, that the credential goes to; JavaScript and squid read it alike. */
export function injectedPath({ prefix }: Pick<Injection, 'prefix'>): string {
  const name = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(prefix) ? prefix.replaceAll('.', '\\.') : '/never'
  // Squid matches the decoded path: with `/` or `%` in the query, `messages%3F/../other` would pass for a query.
  return `^${name}/v1/(messages(/count_tokens)?|models(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?)(\\?[A-Za-z0-9_=&.-]*)?$`
}

/** A port that is the provider to whoever asks: the name that a request bears is not looked at. */
export const accelerator = ({ host, port, scheme }: Injection): string =>
  lines(
    `http_port ${new URL(BASE_URL).host} name=base_url accel no-vhost defaultsite=${host}`,
    'acl base_url myportname base_url',
    `cache_peer ${host} parent ${port} 0 no-query no-digest no-netdb-exchange originserver proxy-only name=provider forceddomain=${host}${
      scheme === 'https' ? ` tls tls-cafile=/run/roots.pem tls-min-version=1.2 tls-domain=${host}` : ''
    }`,
    'cache_peer_access provider allow base_url',
    'cache_peer_access provider deny all',
    'never_direct allow base_url',
  )

export function injectionAcls({ host, port, scheme, way, prefix }: Injection): string {
  return lines(
    `acl inject_name dstdomain -n ${host}`,
    `acl inject_sni ssl::server_name --client-requested ${host}`,
    `acl inject_port port ${port}`,
    // Other ports of this machine are other programs; other ports of a provider are not.
    `acl inject_site all-of inject_name${host === HOST_NAME ? ' inject_port' : ''}`,
    'acl inject_method method GET POST',
    `acl inject_path urlpath_regex ${injectedPath({ prefix })}`,
    way === 'base-url'
      ? 'acl inject all-of base_url inject_method inject_path'
      : `acl inject all-of ${scheme === 'https' ? 'enc p_https' : 'p_http'} inject_name inject_port inject_method inject_path`,
  )
}

export function injectionGroup({ allow, injection, ways }: Policy): readonly string[] {
  if (injection === null) return []
  const { host, port } = injection
  const known = allow.find((entry) => matches(entry.host, host) && entry.ports.includes(port))
  const { acls, terms } = destination('_inject', { ...(known ?? { privateRange: '' }), host, ports: [port], why: '' })
  return [
    ...acls,
    ...reaching('inject_ok all-of inject', terms, ways),
    ...(isBumped(injection) ? reaching('inject_tls_ok all-of inject_name inject_port', terms, ways) : []),
  ]
}

export const isBumped = ({ scheme, way }: Injection): boolean => scheme === 'https' && way === 'bump'

/** The provider's tunnel is opened, or ended; never spliced, by whichever of its two names it is asked for. */
export const injectionTunnel = (injection: Injection): readonly string[] => [
  ...(isBumped(injection) ? ['ssl_bump bump step2 inject_site inject_port inject_sni'] : []),
  'ssl_bump terminate step2 inject_site',
  ...(injection.scheme === 'https' && injection.host !== HOST_NAME ? ['ssl_bump terminate step2 inject_sni'] : []),
]

/** What the box sends there as a credential is a placeholder; the real one stands in a file only P can read. */
export const injectionHeaders = ({ way }: Injection): string =>
  lines(
    ...['inject_site', ...(way === 'base-url' ? ['base_url'] : [])].flatMap((where) => [
      `request_header_access X-Api-Key deny ${where}`,
      `request_header_access Authorization deny ${where}`,
    ]),
    'include /run/inject.conf',
  )

/** For P's entry script: `https`, `http` or `base-url`, the header, and the word before the credential. */
export const injectLine = ({ scheme, way, header }: Injection): string =>
  `${way === 'base-url' ? way : scheme} ${header}${header === 'Authorization' ? ' Bearer' : ''}\n`
