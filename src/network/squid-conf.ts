import { type Allow, BASE_URL, HOST_NAME, type Injection, type Policy } from './allow.ts'
import { matches, mergeAllows } from './pattern.ts'
import { NEVER_RANGES, PRIVATE_RANGES, withoutRange } from './ranges.ts'

/** The proxy's squid.conf. What only P can know (its networks, the machine's address) it adds in /run/own.conf. */
export const squidConf = (policy: Policy): string =>
  [
    listener,
    ...(policy.injection?.way === 'base-url' ? [accelerator(policy.injection)] : []),
    vocabulary,
    ...(policy.injection === null ? [] : [injectionAcls(policy.injection)]),
    policy.mode === 'open' ? openRules(policy) : restrictedRules(policy),
    ...(policy.injection === null ? [] : [injectionHeaders(policy.injection)]),
    privacy,
    limits,
    logging(policy),
  ].join('\n')

/** The folder /paude/policy of P, file name to content. */
export const policyFiles = (policy: Policy): Readonly<Record<string, string>> => ({
  'squid.conf': squidConf(policy),
  help: helpPage(policy),
  ...(policy.injection === null ? {} : { inject: injectLine(policy.injection) }),
})

const listener = `\
http_port 127.0.0.1:3128 ssl-bump tls-cert=/run/ca.pem generate-host-certificates=on dynamic_cert_mem_cache_size=2MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s /run/ssl_db -M 2MB
sslcrtd_children 1 startup=0 idle=1
visible_hostname paude-proxy
hosts_file /run/hosts
icp_port 0
htcp_port 0
snmp_port 0
pinger_enable off
relaxed_header_parser off
check_hostnames on
allow_underscore on
uri_whitespace deny
`

/** A port that is the provider to whoever asks: the name that a request bears is not looked at. */
const accelerator = ({ host, port, scheme }: Injection): string =>
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

const lines = (...list: readonly string[]): string => `${list.join('\n')}\n`

const vocabulary = lines(
  'acl CONNECT method CONNECT',
  'acl step1 at_step SslBump1',
  'acl step2 at_step SslBump2',
  'acl enc connections_encrypted',
  'acl p_http proto HTTP',
  'acl p_https proto HTTPS',
  'acl m_no method TRACE TRACK PURGE',
  'acl own_urls urlpath_regex ^/squid-internal-',
  'acl help dstdomain -n paude.internal',
  'acl nothing src 255.255.255.255',
  String.raw`acl host_ok dstdom_regex -n -i ^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`,
  'acl any_dst dst all',
  'acl self_net dst 0.0.0.0/8 127.0.0.0/8 ::/128 ::1/128',
  `acl never_net dst ${NEVER_RANGES.join(' ')}`,
  `acl priv_net dst ${PRIVATE_RANGES.join(' ')}`,
  'include /run/own.conf',
  'deny_info 200:../../../../paude/policy/help help',
)

/** Allows that share ports and private range: one set of acls. `terms` are what the destination's addresses must fulfil. */
type Group = {
  readonly id: string
  readonly acls: readonly string[]
  readonly tls: boolean
  readonly web: boolean
  readonly terms: string
}

function restrictedRules({ allow, injection }: Policy): string {
  const groups = groupsOf(mergeAllows(allow))
  const site = injection === null ? '' : '!inject_site '
  return lines(
    ...groups.flatMap(({ acls }) => acls),
    // Names stand before addresses: a denied name is never resolved.
    ...groups.filter(({ web }) => web).map(({ id, terms }) => `acl web_ok${id} all-of web${id} any_dst ${terms}`),
    ...groups.filter(({ tls }) => tls).map(({ id, terms }) => `acl tls_ok${id} all-of host_ok ${site}tls${id} any_dst ${terms}`),
    ...injectionGroup(allow, injection),
    anyOf(
      'web_name',
      groups.filter(({ web }) => web).map(({ id }) => `web${id}`),
    ),
    anyOf(
      'web_ok',
      groups.filter(({ web }) => web).map(({ id }) => `web_ok${id}`),
    ),
    anyOf('tls_ok', [
      ...groups.filter(({ tls }) => tls).map(({ id }) => `tls_ok${id}`),
      ...(injection !== null && isBumped(injection) ? ['inject_tls_ok'] : []),
    ]),
    '# plain HTTP, and requests inside an opened tunnel',
    ...commonDenials(injection),
    'http_access deny !host_ok',
    ...(injection === null ? [] : ['http_access allow inject_ok', 'http_access deny inject_site']),
    'http_access deny !p_http',
    'http_access deny !web_name',
    'http_access allow web_ok',
    'http_access deny all',
    '# CONNECT',
    'miss_access deny CONNECT !tls_ok',
    'ssl_bump splice step1 !tls_ok', // not allowed: miss_access answers 403
    'ssl_bump peek step1',
    ...(injection === null ? [] : injectionTunnel(injection)),
    ...groups.filter(({ tls }) => tls).map(({ id }) => `ssl_bump splice step2 tls${id} sni${id}`),
    'ssl_bump terminate all',
    'on_unsupported_protocol respond all',
    ...['websocket', 'WebSocket'].flatMap((word) => [
      ...(injection === null ? [] : [`http_upgrade_request_protocols ${word} deny inject_site`]),
      `http_upgrade_request_protocols ${word} allow web_name`,
    ]),
  )
}

/** Squid forces a fake certificate on a CONNECT that http_access denied; so it lets CONNECT pass and miss_access decides. */
const commonDenials = (injection: Injection | null): readonly string[] => [
  ...(injection?.way === 'base-url' ? ['http_access deny base_url !inject_ok'] : []),
  'http_access deny !CONNECT help',
  'http_access deny manager',
  'http_access deny own_urls',
  'http_access deny m_no',
  'http_access deny CONNECT enc',
  'http_access allow CONNECT',
]

function openRules({ allow, injection }: Policy): string {
  return lines(
    ...injectionGroup(allow, injection),
    'acl open_ok all-of any_dst !self_net',
    ...commonDenials(injection),
    ...(injection === null ? [] : ['http_access allow inject_ok', 'http_access deny inject_site']),
    'http_access allow open_ok',
    'http_access deny all',
    'miss_access deny CONNECT !open_ok',
    'ssl_bump splice step1 !open_ok',
    ...(injection?.scheme === 'https'
      ? ['ssl_bump splice step1 !inject_site', 'ssl_bump peek step1', ...injectionTunnel(injection)]
      : []),
    'ssl_bump splice all',
    'on_unsupported_protocol tunnel all',
    ...['websocket', 'WebSocket'].map((word) => `http_upgrade_request_protocols ${word} allow all`),
  )
}

function groupsOf(allows: readonly Allow[]): readonly Group[] {
  const byKey = Map.groupBy(allows, ({ host, ports, privateRange }) => [host === HOST_NAME, privateRange, ...ports].join(' '))
  return [...byKey.values()].map((members, at) => group(`${at + 1}`, members))
}

function group(id: string, members: readonly Allow[]): Group {
  const [first] = members
  if (first === undefined) throw new Error('a group without members')
  const hosts = members.map(({ host }) => host)
  // In squid `.x.org` holds x.org too, and an exact name beside a wildcard that covers it is fatal.
  const apexes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(2))
  const listed = hosts.filter((host) => !apexes.includes(host)).map((host) => host.replace(/^\*/, ''))
  const excluded = apexes.filter((apex) => !hosts.some((host) => matches(host, apex)))
  const tls = first.ports.filter((port) => port !== 80)
  const web = first.ports.filter((port) => port !== 443)
  const { acls, terms } = destination(id, first)
  return {
    id,
    tls: tls.length > 0,
    web: web.length > 0,
    terms,
    acls: [
      ...acls,
      ...listed.map((host) => `acl name${id} dstdomain -n ${host}`),
      ...listed.map((host) => `acl sni${id}${excluded.length > 0 ? '_in' : ''} ssl::server_name --client-requested ${host}`),
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
function destination(id: string, { host, privateRange }: Allow): { readonly acls: readonly string[]; readonly terms: string } {
  if (host === HOST_NAME) return { acls: [], terms: 'gateway' }
  if (privateRange === '') return { acls: [], terms: '!never_net !priv_net' }
  // Denying the rest instead of allowing the range: a name may resolve into both.
  const rest = withoutRange(PRIVATE_RANGES, privateRange)
  return { acls: rest.map((range) => `acl rest${id} dst ${range}`), terms: `!never_net !rest${id}` }
}

const anyOf = (name: string, members: readonly string[]): string =>
  `acl ${name} any-of nothing${members.map((member) => ` ${member}`).join('')}`

function injectionAcls({ host, port, scheme, way, prefix }: Injection): string {
  const name = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(prefix) ? prefix.replaceAll('.', '\\.') : '/never'
  return lines(
    `acl inject_name dstdomain -n ${host}`,
    `acl inject_sni ssl::server_name --client-requested ${host}`,
    `acl inject_port port ${port}`,
    // Other ports of this machine are other programs; other ports of a provider are not.
    `acl inject_site all-of inject_name${host === HOST_NAME ? ' inject_port' : ''}`,
    'acl inject_method method GET POST',
    // Squid matches the decoded path: with `/` or `%` in the query, `messages%3F/../other` would pass for a query.
    `acl inject_path urlpath_regex ^${name}/v1/(messages(/count_tokens)?|models(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?)(\\?[A-Za-z0-9_=&.-]*)?$`,
    way === 'base-url'
      ? 'acl inject all-of base_url inject_method inject_path'
      : `acl inject all-of ${scheme === 'https' ? 'enc p_https' : 'p_http'} inject_name inject_port inject_method inject_path`,
  )
}

function injectionGroup(allow: readonly Allow[], injection: Injection | null): readonly string[] {
  if (injection === null) return []
  const { host, port } = injection
  const known = allow.find((entry) => matches(entry.host, host) && entry.ports.includes(port))
  const { acls, terms } = destination('_inject', { ...(known ?? { privateRange: '' }), host, ports: [port], why: '' })
  return [
    ...acls,
    `acl inject_ok all-of inject any_dst ${terms}`,
    ...(isBumped(injection) ? [`acl inject_tls_ok all-of inject_name inject_port any_dst ${terms}`] : []),
  ]
}

const isBumped = ({ scheme, way }: Injection): boolean => scheme === 'https' && way === 'bump'

/** The provider's tunnel is opened, or ended; never spliced, by whichever of its two names it is asked for. */
const injectionTunnel = (injection: Injection): readonly string[] => [
  ...(isBumped(injection) ? ['ssl_bump bump step2 inject_site inject_port inject_sni'] : []),
  'ssl_bump terminate step2 inject_site',
  ...(injection.scheme === 'https' && injection.host !== HOST_NAME ? ['ssl_bump terminate step2 inject_sni'] : []),
]

/** What the box sends there as a credential is a placeholder; the real one stands in a file only P can read. */
const injectionHeaders = ({ way }: Injection): string =>
  lines(
    ...['inject_site', ...(way === 'base-url' ? ['base_url'] : [])].flatMap((where) => [
      `request_header_access X-Api-Key deny ${where}`,
      `request_header_access Authorization deny ${where}`,
    ]),
    'include /run/inject.conf',
  )

/** For P's entry script: `https`, `http` or `base-url`, the header, and the word before the credential. */
const injectLine = ({ scheme, way, header }: Injection): string =>
  `${way === 'base-url' ? way : scheme} ${header}${header === 'Authorization' ? ' Bearer' : ''}\n`

const privacy = lines(
  'tls_outgoing_options cafile=/run/roots.pem min-version=1.2',
  'via off',
  'forwarded_for delete',
  ...['X-Forwarded-For', 'Forwarded', 'Via', 'Cache-Control'].map((header) => `request_header_access ${header} deny all`),
  ...['X-Cache', 'X-Cache-Lookup', 'X-Squid-Error', 'Cache-Status'].map((header) => `reply_header_access ${header} deny all`),
  'httpd_suppress_version_string on',
  'email_err_data off',
  'err_page_stylesheet none',
  'error_directory /usr/share/paude/errors',
)

const limits = `\
cache deny all
cache_mem 0
memory_pools off
client_db off
digest_generation off
netdb_filename none
mime_table /usr/share/paude/mime-none
pid_filename none
coredump_dir none
logfile_rotate 0
max_filedescriptors 4096
shutdown_lifetime 0 seconds
connect_timeout 10 seconds
forward_timeout 20 seconds
read_timeout 24 hours
client_lifetime 7 days
half_closed_clients off
dns_timeout 10 seconds
negative_dns_ttl 10 seconds
positive_dns_ttl 5 minutes
`

/** Every word of a client is URL-encoded (%#), which makes the line valid JSON. The gate's own canaries are not logged. */
const logging = ({ session, mode, injection }: Policy): string => {
  const format = (host: string, port: string) =>
    `{"v":1,"sid":"${session}","t":%ts.%03tu,"ms":%tr,"c":%>p,"m":"%#rm","u":"%#ru","h":"${host}","p":"${port}","sni":"%#ssl::>sni","bump":"%ssl::bump_mode","st":%>Hs,"r":"%Ss","err":"%err_code","ed":"%#err_detail","ip":"%<a","in":%>st,"out":%<st,"ua":"%#{User-Agent}>h"}`
  const atBaseUrl = injection?.way === 'base-url'
  return lines(
    `acl quiet dstdomain -n paude.internal${mode === 'open' ? '' : ' canary.paude.internal 192.0.2.1'}`,
    `logformat paude ${format('%#>rd', '%>rP')}`,
    `access_log stdio:/dev/stdout logformat=paude !quiet${atBaseUrl ? ' !base_url' : ''}`,
    // The address of a request there is made up; what it reaches is the provider.
    ...(atBaseUrl
      ? [
          `logformat provider ${format(injection.host, String(injection.port))}`,
          'access_log stdio:/dev/stdout logformat=provider base_url',
        ]
      : []),
    'cache_log stdio:/dev/stderr',
  )
}

/** What http://paude.internal/ answers: `%` is a macro in squid's pages. */
const helpPage = ({ mode, allow, injection }: Policy): string =>
  lines(
    mode === 'open' ? 'paude: this session may reach every host.' : 'paude: this session may reach these hosts and nothing else:',
    ...(mode === 'open'
      ? []
      : mergeAllows(allow).map(
          ({ host, ports, privateRange }) => `  ${host} ${ports.join(',')}${privateRange && ` in ${privateRange}`}`,
        )),
    ...(injection === null
      ? []
      : [`paude adds the credential for ${injection.host}: a placeholder is enough, only the API's own paths are open.`]),
    ...(mode === 'open'
      ? []
      : ['A 403 means blocked by this list. The user can start the session again with: paude --network-allow HOST']),
  ).replaceAll('%', '%%')
