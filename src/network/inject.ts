import type { Injection, Policy } from './allow.ts'
import { canaryAccess, canaryAcls, canaryLeft } from './canary.ts'
import { BASE_URL, HOST_NAME } from './names.ts'
import { matches } from './pattern.ts'
import { asksFor, besides, headersOf, KEYS, LOGINS, parameterAcls, parameterOf, rewriter } from './query.ts'
import { destination, lines, reaching } from './squid-names.ts'

/** Pattern of the paths, with their query, that the credential goes to; JavaScript and squid read it alike. */
export function injectedPath({ prefix, api, bound }: Pick<Injection, 'prefix' | 'api' | 'bound'>): string {
  // Its query may hold anything: what is odd in a path is refused by patterns of its own.
  if (bound !== undefined) return `^(${api})(\\?.*)?$`
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

export const injectionAcls = ({ injections }: Policy): readonly string[] => [
  ...(injections.length > 0
    ? [lines(`acl inject_login urlpath_regex -i ${LOGINS}`, `acl inject_key urlpath_regex -i ${KEYS}`)]
    : []),
  ...(injections.some(isBound) ? [lines(`acl inject_odd urlpath_regex ${ODD_PATHS.join(' ')} [[:cntrl:]]`)] : []),
  ...endings(injections).map(([injection, end]) => acls(injection, end, injections)),
  ...(injections.some(isBound) ? [lines(...canaryAcls(injections))] : []),
]

/**
 * Decoded paths that a server may take for another one than squid does: dot segments, also among spaces and other signs, empty
 * segments, what is encoded twice, and a backslash. JavaScript and squid read them alike.
 */
const ODD_PATHS: readonly string[] = ['/[^!-~]*\\.\\.?([^A-Za-z0-9._~-]|$)', '^[^?]*//', '^[^?]*[%\\\\]', '%(2[eEfF]|5[cC])']

/** Whether `key` in a query is a login there. */
const takesKey = ({ bound, header }: Injection): boolean => bound === undefined || header.toLowerCase() === 'x-goog-api-key'

/** Whether a decoded path, with its query, gets the credential; the acls of squid say the same. */
export const isInjectedPath = (injection: Injection, path: string): boolean =>
  asked(injection).every((pattern) => new RegExp(pattern).test(path)) &&
  ![
    ...refusedLogins(injection),
    ...(injection.bound === undefined ? [] : ODD_PATHS),
    ...(injection.bound?.never === undefined ? [] : [injection.bound.never]),
  ].some((pattern) => new RegExp(pattern, 'i').test(path))

function asked(injection: Injection): readonly string[] {
  const parameter = parameterOf(injection)
  return [injectedPath(injection), ...(parameter === null ? [] : [asksFor(parameter)])]
}

function refusedLogins(injection: Injection): readonly string[] {
  const parameter = parameterOf(injection)
  return parameter === null ? [LOGINS, ...(takesKey(injection) ? [KEYS] : [])] : besides(parameter)
}

/** Whether it is a credential for a host of the user's choice. */
export const isBound = ({ bound }: Pick<Injection, 'bound'>): boolean => bound !== undefined

/** Those that were written before it for the same header or parameter of the same place win. */
const before = (injections: readonly Injection[], injection: Injection): readonly string[] =>
  endings(injections.slice(0, injections.indexOf(injection))).flatMap(([{ host, port, header, bound }, end]) =>
    bound !== undefined &&
    host === injection.host &&
    port === injection.port &&
    header.toLowerCase() === injection.header.toLowerCase() &&
    bound.query === injection.bound?.query
      ? [`!inject${end}`]
      : [],
  )

/**
 * Squid goes on with the connection of an opened tunnel whatever host a request in it names. Where there are several providers, each
 * tunnel is marked, so that none gets the credential of another one.
 */
const marks = (injections: readonly Injection[]): boolean => injections.length > 1

/** What the mark of its tunnel ends in: credentials of one host and port share a tunnel. */
const tunnelOf = (injections: readonly Injection[], { host, port }: Injection): string =>
  endings(injections).find(([one]) => isBumped(one) && one.host === host && one.port === port)?.[1] ?? ''

/** HTTP methods that a credential is added to. */
export const methodsOf = ({ methods, bound }: Pick<Injection, 'methods' | 'bound'>): readonly string[] =>
  methods ?? bound?.methods ?? ['GET', 'POST']

function acls(injection: Injection, end: string, injections: readonly Injection[]): string {
  const { host, port, scheme, way, bound } = injection
  const mark = marks(injections) && isBumped(injection)
  const tunnel = tunnelOf(injections, injection)
  const parameter = parameterOf(injection)
  const refused = [
    ...(parameter === null
      ? ['!inject_login', ...(takesKey(injection) ? ['!inject_key'] : [])]
      : [`inject_asked${end}`, `!inject_besides${end}`]),
    ...(bound === undefined ? [] : ['!inject_odd']),
    ...(bound?.never === undefined ? [] : [`!inject_never${end}`]),
    ...(bound === undefined ? [] : before(injections, injection)),
  ].join(' ')
  return lines(
    `acl inject_name${end} dstdomain -n ${host}`,
    `acl inject_sni${end} ssl::server_name --client-requested ${host}`,
    `acl inject_port${end} port ${port}`,
    // Other ports of this machine are other programs; other ports of a provider are not.
    `acl inject_site${end} all-of inject_name${end}${host === HOST_NAME || bound !== undefined ? ` inject_port${end}` : ''}`,
    `acl inject_method${end} method ${methodsOf(injection).join(' ')}`,
    `acl inject_path${end} urlpath_regex ${injectedPath(injection)}`,
    ...(bound?.never === undefined ? [] : [`acl inject_never${end} urlpath_regex -i ${bound.never}`]),
    ...(parameter === null ? [] : parameterAcls(parameter, end)),
    ...(mark && tunnel === end
      ? [`acl inject_mark${end} annotate_client paude_inject=at${end}`, `acl inject_marked${end} note paude_inject at${end}`]
      : []),
    way === 'base-url'
      ? `acl inject${end} all-of base_url inject_method${end} inject_path${end} ${refused}`
      : `acl inject${end} all-of ${scheme === 'https' ? 'enc p_https' : '!enc p_http'} ${
          mark ? `inject_marked${tunnel} ` : ''
        }inject_name${end} inject_port${end} inject_method${end} inject_path${end} ${refused}`,
    ...(bound === undefined ? [] : [`acl inject_used${end} annotate_transaction paude_used+=${end === '' ? '1' : end}`]),
  )
}

export const injectionGroups = ({ allow, injections, ways, mode }: Policy): readonly string[] =>
  endings(injections).flatMap(([injection, end]) => {
    const { host, port, bound } = injection
    const known = allow.find((entry) => matches(entry.host, host) && entry.ports.includes(port))
    const { acls, terms } = destination(`_inject${end}`, { ...(known ?? { privateRange: '' }), host, ports: [port], why: '' })
    return [
      ...acls,
      ...reaching(`inject_ok${end} all-of inject${end}`, terms, ways),
      ...(isBumped(injection) ? reaching(`inject_tls_ok${end} all-of inject_name${end} inject_port${end}`, terms, ways) : []),
      ...(bound === undefined || mode === 'open'
        ? []
        : hasRest({ allow, mode }, injection)
          ? reaching(
              `inject_rest${end} all-of enc p_https ${
                marks(injections) ? `inject_marked${tunnelOf(injections, injection)} ` : ''
              }inject_name${end} inject_port${end}`,
              terms,
              ways,
            )
          : [`acl inject_rest${end} any-of nothing`]),
    ]
  })

/** Whether other requests to the host of a bound credential are allowed as well. */
const hasRest = ({ allow, mode }: Pick<Policy, 'allow' | 'mode'>, { host, port, bound }: Injection): boolean =>
  bound !== undefined &&
  ((mode === 'record' && host !== HOST_NAME) || allow.some((entry) => matches(entry.host, host) && entry.ports.includes(port)))

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
export const injectionAccess = ({ injections, mode }: Policy): readonly string[] => [
  // They decide nothing: they note which credential a request gets.
  ...endings(injections).flatMap(([injection, end]) =>
    isBound(injection) ? [`http_access deny inject_ok${end} inject_used${end} nothing`] : [],
  ),
  ...(injections.some(isBound) ? canaryAccess(injections) : []),
  ...injectionNames(injections, 'inject_ok').map((name) => `http_access allow ${name}`),
  ...someNames(injections, 'inject_site', (one) => !isBound(one)).map((name) => `http_access deny ${name}`),
  // What would get a credential goes nowhere but where that may go, such as to no private address.
  ...someNames(injections, 'inject', isBound).map((name) => `http_access deny ${name}`),
  ...(mode === 'open' ? [] : someNames(injections, 'inject_rest', isBound).map((name) => `http_access allow ${name}`)),
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
    ...known.flatMap(([{ scheme, host, bound }, end]) => [
      `ssl_bump terminate step2 inject_site${end}`,
      ...(scheme === 'https' && host !== HOST_NAME
        ? [`ssl_bump terminate step2 ${bound === undefined ? '' : `!inject_name${end} `}inject_sni${end}`]
        : []),
    ]),
  ]
}

/** Headers that carry credentials, whoever the provider is: two in one request would leave it to the server which counts. */
const USUAL = ['X-Api-Key', 'Authorization', 'X-Auth-Token', 'X-Access-Token', 'X-Goog-Api-Key', 'Api-Key']

/** Further ones, of forges. */
const ALSO_USUAL = ['Private-Token', 'Job-Token', 'Deploy-Token', 'Cookie']

/** Headers by which some servers take a request for one with another method, host or path than squid saw. */
const OVERRIDES = [
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Original-Method', 'X-Forwarded-Method'],
  ...['X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-Forwarded-Uri', 'X-Forwarded-Path', 'X-Forwarded-Prefix'],
  ...['X-Forwarded-Host', 'X-Forwarded-Server', 'X-Original-Host', 'X-Host'],
]

/** A header as servers know it that take an underscore for a dash. */
function spellings(header: string): readonly string[] {
  const [first = '', ...rest] = header.split('-')
  // Each dash doubles them.
  return rest.length > 5
    ? [header, header.replaceAll('-', '_')]
    : rest.reduce<readonly string[]>((all, part) => all.flatMap((one) => [`${one}-${part}`, `${one}_${part}`]), [first])
}

/** What the box sends there as a credential is a placeholder; the real ones stand in a file only P can read. */
export const injectionHeaders = (policy: Policy): string => {
  const { injections } = policy
  const isParameter = (one: Injection) => parameterOf(one) !== null
  const got = someNames(injections, 'inject_got', isParameter)
  const bound = [...someNames(injections, 'inject', (one) => isBound(one) && !isParameter(one)), ...got]
  const byName = new Map(
    [...USUAL, ...headersOf(injections), ...(bound.length > 0 ? ALSO_USUAL : []), ...OVERRIDES].map(
      (header) => [header.toLowerCase(), header] as const,
    ),
  )
  const places = [
    ...someNames(injections, 'inject_site', (one) => !isBound(one)),
    ...(atBaseUrl(policy) === null ? [] : ['base_url']),
    // Whatever else goes to the host of a bound credential keeps what the box wrote.
    ...bound,
  ]
  return lines(
    `acl inject_place any-of ${places.join(' ')}`,
    ...[...byName.values()].flatMap(spellings).map((header) => `request_header_access ${header} deny inject_place`),
    // A session that a server opens for the credential is as good as the credential.
    ...bound.map((name) => `reply_header_access Set-Cookie deny ${name}`),
    ...rewriter(got),
    ...(got.length === 0 ? [] : canaryLeft(injections)),
    'include /run/inject.conf',
  )
}

/**
 * For P's entry script, a line each: `https`, `http` or `base-url`, the header, and the word before the credential; or `?` and the
 * parameter of the query, and the placeholder in it.
 */
export const injectLines = (injections: readonly Injection[]): string =>
  injections
    .map((injection) => {
      const { scheme, way, header, lead } = injection
      const parameter = parameterOf(injection)
      const place = parameter === null ? [header, lead] : [`?${parameter.query}`, parameter.placeholder]
      return `${[way === 'base-url' ? way : scheme, ...place].filter((word) => word !== '').join(' ')}\n`
    })
    .join('')
