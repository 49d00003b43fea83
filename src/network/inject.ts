import type { Injection, Policy } from './allow.ts'
import { BASE_URL, HOST_NAME } from './names.ts'
import { matches } from './pattern.ts'
import { destination, lines, reaching } from './squid-names.ts'

/** Pattern of the paths, with their query, that the credential goes to; JavaScript and squid read it alike. */
export function injectedPath({ prefix, api }: Pick<Injection, 'prefix' | 'api'>): string {
  const name = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(prefix) ? prefix.replaceAll('.', '\\.') : '/never'
  // Squid matches the decoded path: with `/` or `%` in the query, `messages%3F/../other` would pass for a query.
  return `^${name}(${api})(\\?[A-Za-z0-9_=&.-]*)?$`
}

/** The one whose provider is at the base URL of the box; null where none is. */
export const atBaseUrl = ({ injections }: Pick<Policy, 'injections'>): Injection | null =>
  injections.find(({ way }) => way === 'base-url') ?? null

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

/** What the names of the acls of each end in: the first has none, as squid/secret counts them too. */
const endings = (injections: readonly Injection[]): readonly (readonly [Injection, string])[] =>
  injections.map((injection, at) => [injection, at === 0 ? '' : String(at + 1)])

export const injectionAcls = ({ injections }: Policy): readonly string[] =>
  endings(injections).map(([injection, end]) => acls(injection, end, injections))

/**
 * Squid goes on with the connection of an opened tunnel whatever host a request in it names. Where there are several providers, each
 * tunnel is marked, so that none gets the credential of another one.
 */
const marks = (injections: readonly Injection[]): boolean => injections.length > 1

/** What the mark of its tunnel ends in: credentials of one host and port share a tunnel. */
const tunnelOf = (injections: readonly Injection[], { host, port }: Injection): string =>
  endings(injections).find(([one]) => isBumped(one) && one.host === host && one.port === port)?.[1] ?? ''

function acls(injection: Injection, end: string, injections: readonly Injection[]): string {
  const { host, port, scheme, way } = injection
  const mark = marks(injections) && isBumped(injection)
  const tunnel = tunnelOf(injections, injection)
  return lines(
    `acl inject_name${end} dstdomain -n ${host}`,
    `acl inject_sni${end} ssl::server_name --client-requested ${host}`,
    `acl inject_port${end} port ${port}`,
    // Other ports of this machine are other programs; other ports of a provider are not.
    `acl inject_site${end} all-of inject_name${end}${host === HOST_NAME ? ` inject_port${end}` : ''}`,
    `acl inject_method${end} method GET POST`,
    `acl inject_path${end} urlpath_regex ${injectedPath(injection)}`,
    ...(mark && tunnel === end
      ? [`acl inject_mark${end} annotate_client paude_inject=at${end}`, `acl inject_marked${end} note paude_inject at${end}`]
      : []),
    way === 'base-url'
      ? `acl inject${end} all-of base_url inject_method${end} inject_path${end}`
      : `acl inject${end} all-of ${scheme === 'https' ? 'enc p_https' : '!enc p_http'} ${
          mark ? `inject_marked${tunnel} ` : ''
        }inject_name${end} inject_port${end} inject_method${end} inject_path${end}`,
  )
}

export const injectionGroups = ({ allow, injections, ways }: Policy): readonly string[] =>
  endings(injections).flatMap(([injection, end]) => {
    const { host, port } = injection
    const known = allow.find((entry) => matches(entry.host, host) && entry.ports.includes(port))
    const { acls, terms } = destination(`_inject${end}`, { ...(known ?? { privateRange: '' }), host, ports: [port], why: '' })
    return [
      ...acls,
      ...reaching(`inject_ok${end} all-of inject${end}`, terms, ways),
      ...(isBumped(injection) ? reaching(`inject_tls_ok${end} all-of inject_name${end} inject_port${end}`, terms, ways) : []),
    ]
  })

export const isBumped = ({ scheme, way }: Injection): boolean => scheme === 'https' && way === 'bump'

/** Names of the acls that each of them has. */
export const injectionNames = (injections: readonly Injection[], name: string): readonly string[] =>
  endings(injections).map(([, end]) => `${name}${end}`)

/** Names of the acls of those that this holds for. */
export const someNames = (
  injections: readonly Injection[],
  name: string,
  which: (injection: Injection) => boolean,
): readonly string[] => endings(injections).flatMap(([injection, end]) => (which(injection) ? [`${name}${end}`] : []))

export const isSecure = ({ scheme }: Injection): boolean => scheme === 'https'

/** What a request must be to get a credential; at a provider, nothing else is let through. */
export const injectionAccess = ({ injections }: Policy): readonly string[] => [
  ...injectionNames(injections, 'inject_ok').map((name) => `http_access allow ${name}`),
  ...injectionNames(injections, 'inject_site').map((name) => `http_access deny ${name}`),
]

/** The provider's tunnel is opened, or ended; never spliced, by whichever of its two names it is asked for. `which` are looked into. */
export const injectionTunnels = (
  { injections }: Policy,
  which: (injection: Injection) => boolean = () => true,
): readonly string[] => {
  const known = endings(injections).filter(([injection]) => which(injection))
  return [
    ...known.flatMap(([injection, end]) =>
      isBumped(injection)
        ? [
            `ssl_bump bump step2 inject_site${end} inject_port${end} inject_sni${end}${
              marks(injections) ? ` inject_mark${tunnelOf(injections, injection)}` : ''
            }`,
          ]
        : [],
    ),
    ...known.flatMap(([{ scheme, host }, end]) => [
      `ssl_bump terminate step2 inject_site${end}`,
      ...(scheme === 'https' && host !== HOST_NAME ? [`ssl_bump terminate step2 inject_sni${end}`] : []),
    ]),
  ]
}

/** Headers that carry credentials, whoever the provider is. */
const USUAL = ['X-Api-Key', 'Authorization']

/** What the box sends there as a credential is a placeholder; the real ones stand in a file only P can read. */
export const injectionHeaders = (policy: Policy): string => {
  const headers = [...new Set([...USUAL, ...policy.injections.map(({ header }) => header)])]
  const places = [...injectionNames(policy.injections, 'inject_site'), ...(atBaseUrl(policy) === null ? [] : ['base_url'])]
  return lines(
    ...places.flatMap((where) => headers.map((header) => `request_header_access ${header} deny ${where}`)),
    'include /run/inject.conf',
  )
}

/** For P's entry script, a line each: `https`, `http` or `base-url`, the header, and the word before the credential. */
export const injectLines = (injections: readonly Injection[]): string =>
  injections
    .map(({ scheme, way, header, lead }) => `${way === 'base-url' ? way : scheme} ${header}${lead === '' ? '' : ` ${lead}`}\n`)
    .join('')
