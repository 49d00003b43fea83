import type { Injection, Policy } from './allow.ts'
import { ASK_SECONDS, listedLines } from './ask.ts'
import { type Stage, stageLines } from './changes.ts'
import { denied } from './decide.ts'
import {
  accelerator,
  atBaseUrl,
  injectionAccess,
  injectionAcls,
  injectionGroups,
  injectionHeaders,
  injectionNames,
  injectionTunnels,
  injectLines,
  isBound,
  isBumped,
  isSecure,
  someNames,
} from './inject.ts'
import { HOST_NAME } from './names.ts'
import { mergeAllows, mergeDenies } from './pattern.ts'
import { NEVER_RANGES, PRIVATE_RANGES } from './ranges.ts'
import { revisionOf } from './revision.ts'
import { anyOf, denialAcls, groupsOf, lines, portsAs, reaching } from './squid-names.ts'
import { peerWords, waysConf } from './ways-conf.ts'

/** The proxy's squid.conf. What only P can know (its networks, the machine's address) it adds in /run/own.conf. */
export function squidConf(policy: Policy): string {
  const revision = revisionOf(policy)
  const provider = atBaseUrl(policy)
  return [
    listener(policy),
    ...(provider === null ? [] : [accelerator(provider)]),
    vocabulary(revision),
    waysConf(policy.ways, provider !== null),
    ...injectionAcls(policy),
    lines(...denialAcls(policy.deny, policy.mode === 'record' ? ['canary'] : [])),
    policy.mode === 'open' ? openRules(policy) : restrictedRules(policy),
    ...(policy.injections.length === 0 ? [] : [injectionHeaders(policy)]),
    outgoing(policy),
    privacy,
    limits,
    logging(policy, revision),
  ].join('\n')
}

/** The folder /paude/policy/REVISION of P, file name to content. */
export const policyFiles = (policy: Policy): Readonly<Record<string, string>> => ({
  'squid.conf': squidConf(policy),
  help: helpPage(policy),
  ...(policy.mode === 'ask' ? { listed: listedLines(policy) } : {}),
})

/** The files of all stages, and the list of stages, below /paude/policy. */
export const stageFiles = (stages: readonly Stage[]): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    stages.flatMap(({ policy }) =>
      Object.entries(policyFiles(policy)).map(([name, content]) => [`${revisionOf(policy)}/${name}`, content] as const),
    ),
  ),
  stages: stageLines(stages),
})

/** Files of /paude/policy itself: what stays as it is while the session lives. */
export const standingFiles = ({ session, mode, injections, ways: { upstream } }: Policy): Readonly<Record<string, string>> => ({
  ...(mode === 'ask' ? { ask: `${session} ${ASK_SECONDS}\n` } : {}),
  ...(injections.length === 0 ? {} : { inject: injectLines(injections) }),
  ...(upstream === null || upstream.credentials === '' ? {} : { upstream: `${peerWords(upstream)}\n` }),
})

const listener = ({ session, injections }: Policy): string => `\
http_port 127.0.0.1:3128 ssl-bump tls-cert=${injections.some(isBumped) ? '/run/ca.pem' : '/usr/share/paude/never-signs.pem'} generate-host-certificates=on dynamic_cert_mem_cache_size=2MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s /run/ssl_db -M 2MB
sslcrtd_children 1 startup=0 idle=1
visible_hostname paude-proxy
cache_mgr ${session}
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

const vocabulary = (revision: string): string =>
  lines(
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
    // The page is chosen by the term that was looked at last; miss_access has but one page.
    'acl unfound src all',
    'acl unreached src all',
    'acl unnamed src all',
    'deny_info ERR_PAUDE_UNFOUND unfound',
    'deny_info ERR_PAUDE_UNREACHED unreached',
    'deny_info ERR_PAUDE_UNNAMED unnamed',
    'acl self_net dst 0.0.0.0/8 127.0.0.0/8 ::/128 ::1/128',
    `acl never_net dst ${NEVER_RANGES.join(' ')}`,
    `acl priv_net dst ${PRIVATE_RANGES.join(' ')}`,
    'include /run/own.conf',
    `deny_info 200:../../../../paude/policy/${revision}/help help`,
    'acl canary dstdomain -n canary.paude.internal',
  )

function restrictedRules(policy: Policy): string {
  const { allow, injections, ways } = policy
  const groups = groupsOf(mergeAllows(allow))
  const records = policy.mode === 'record'
  const site = injectionNames(injections, '!inject_site')
    .map((name) => `${name} `)
    .join('')
  return lines(
    ...groups.flatMap(({ acls }) => acls),
    // Names stand before addresses: a denied name is never resolved.
    ...groups.filter(({ web }) => web).flatMap(({ id, terms }) => reaching(`web_ok${id} all-of web${id}`, terms, ways)),
    ...groups
      .filter(({ tls }) => tls)
      .flatMap(({ id, terms }) => reaching(`tls_ok${id} all-of host_ok ${site}tls${id}`, terms, ways)),
    ...injectionGroups(policy),
    ...(records
      ? [
          // Its ports are opened one by one, whatever its address is.
          `acl this_machine dstdomain -n ${HOST_NAME}`,
          ...reaching(`any_ok all-of host_ok !this_machine ${site}`.trimEnd(), '!never_net !priv_net', ways),
        ]
      : []),
    anyOf('web_name', [...groups.filter(({ web }) => web).map(({ id }) => `web${id}`), ...(records ? ['host_ok'] : [])]),
    anyOf('web_ok', [...groups.filter(({ web }) => web).map(({ id }) => `web_ok${id}`), ...(records ? ['any_ok'] : [])]),
    anyOf('tls_ok', [
      ...groups.filter(({ tls }) => tls).map(({ id }) => `tls_ok${id}`),
      ...(records ? ['any_ok'] : []),
      ...someNames(injections, 'inject_tls_ok', isBumped),
    ]),
    '# plain HTTP, and requests inside an opened tunnel',
    ...commonDenials(policy),
    'http_access deny !host_ok unnamed',
    ...injectionAccess(policy),
    'http_access deny !p_http',
    'http_access deny !web_name',
    'http_access allow web_ok',
    'http_access deny !any_dst unfound',
    ...(records ? ['http_access deny this_machine'] : []),
    'http_access deny unreached',
    '# CONNECT',
    ...tunnelDenials,
    'miss_access deny CONNECT !tls_ok',
    'ssl_bump splice step1 !tls_ok', // not allowed: miss_access answers 403
    'ssl_bump peek step1',
    'ssl_bump terminate step2 denied_sni',
    ...injectionTunnels(policy),
    ...groups.filter(({ tls }) => tls).map(({ id }) => `ssl_bump splice step2 tls${id} sni${id}`),
    ...(records ? ['ssl_bump splice step2 host_ok'] : []),
    'ssl_bump terminate all',
    // Where a tunnel turns out to carry no TLS, squid asks miss_access once more: addresses are held against it as ever.
    ...groups.filter(({ plain }) => plain).map(({ id }) => `on_unsupported_protocol tunnel ${site}tls${id}`),
    `on_unsupported_protocol ${records ? 'tunnel' : 'respond'} all`,
    ...upgrades(injections, 'web_name'),
  )
}

/** A WebSocket is not opened where a credential is added: nobody would see what goes through it. */
const upgrades = (injections: Policy['injections'], where: string): readonly string[] =>
  ['websocket', 'WebSocket'].flatMap((word) => [
    ...injectionNames(injections, `http_upgrade_request_protocols ${word} deny inject_site`),
    `http_upgrade_request_protocols ${word} allow ${where}`,
  ])

/** Squid forces a fake certificate on a CONNECT that http_access denied; so it lets CONNECT pass and miss_access decides. */
function commonDenials(policy: Policy): readonly string[] {
  const provider = atBaseUrl(policy)
  const granted = someNames(policy.injections, '!inject_ok', (one) => one === provider)
  return [
    ...(provider === null ? [] : [`http_access deny base_url${isDenied(policy.deny, provider) ? '' : ` ${granted.join(' ')}`}`]),
    'http_access deny !CONNECT help',
    'http_access deny manager',
    'http_access deny own_urls',
    'http_access deny m_no',
    'http_access deny CONNECT enc',
    'http_access allow CONNECT',
    `http_access deny ${provider === null ? '' : '!base_url '}denied`,
  ]
}

/** What a request at the base URL is called says nothing of what it reaches. */
const isDenied = (deny: Policy['deny'], { host, port }: Injection): boolean => denied(deny, { host, port }) !== null

/** Denied names go the way of what is not allowed, and are never resolved. */
const tunnelDenials = ['miss_access deny CONNECT denied', 'ssl_bump splice step1 denied']

function openRules(policy: Policy): string {
  const { deny, injections } = policy
  const opened = someNames(injections, '!inject_site', isSecure)
  return lines(
    ...injectionGroups(policy),
    ...reaching('open_ok all-of', '!self_net', policy.ways),
    ...commonDenials(policy),
    ...injectionAccess(policy),
    'http_access allow open_ok',
    'http_access deny !host_ok unnamed',
    'http_access deny all',
    ...tunnelDenials,
    'miss_access deny CONNECT !open_ok',
    'ssl_bump splice step1 !open_ok',
    // Looked into only where there is something to find.
    ...(deny.length > 0
      ? ['ssl_bump peek step1', 'ssl_bump terminate step2 denied_sni']
      : opened.length > 0
        ? [`ssl_bump splice step1 ${opened.join(' ')}`, 'ssl_bump peek step1']
        : []),
    ...injectionTunnels(policy, isSecure),
    'ssl_bump splice all',
    'on_unsupported_protocol tunnel all',
    ...upgrades(injections, 'all'),
  )
}

/** squid's own TLS. Reading the roots takes it ten milliseconds, so it has none where it connects nowhere by itself. */
const outgoing = ({ injections, ways: { upstream } }: Policy): string =>
  injections.some(isSecure) || upstream?.scheme === 'https'
    ? lines('tls_outgoing_options cafile=/run/roots.pem min-version=1.2')
    : lines('tls_outgoing_options default-ca=off min-version=1.2')

const privacy = lines(
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
read_ahead_gap 64 KB
read_timeout 24 hours
client_lifetime 7 days
half_closed_clients off
dns_timeout 10 seconds
negative_dns_ttl 10 seconds
positive_dns_ttl 5 minutes
`

/**
 * Every word of a client is URL-encoded (%#), which makes the line valid JSON, and bounded: a long one would push others out of the
 * engine's log. The canaries of the box are not logged.
 */
const logging = (policy: Policy, revision: string): string => {
  const { session, mode, injections } = policy
  // Which of the bound credentials it got.
  const used = injections.some(isBound) ? ',"cr":"%{paude_used}note"' : ''
  const format = (host: string, port: string) =>
    `{"v":1,"sid":"${session}","rev":"${revision}","t":%ts.%03tu,"ms":%tr,"c":%>p,"m":"%#.20rm","u":"%#.300ru","h":"${host}","p":"${port}","sni":"%#ssl::>sni","bump":"%ssl::bump_mode","st":%>Hs,"r":"%Ss","err":"%err_code","ed":"%#.200err_detail","ip":"%<a","in":%>st,"out":%<st,"ua":"%#.100{User-Agent}>h"${used}}`
  const provider = atBaseUrl(policy)
  return lines(
    `acl quiet dstdomain -n paude.internal${mode === 'open' ? '' : ' canary.paude.internal 192.0.2.1'}`,
    `logformat paude ${format('%#>rd', '%>rP')}`,
    `access_log stdio:/dev/stdout logformat=paude !quiet${provider === null ? '' : ' !base_url'}`,
    // The address of a request there is made up; what it reaches is the provider.
    ...(provider === null
      ? []
      : [
          `logformat provider ${format(provider.host, String(provider.port))}`,
          'access_log stdio:/dev/stdout logformat=provider base_url',
        ]),
    'cache_log stdio:/dev/stderr',
  )
}

/** What http://paude.internal/ answers: `%` is a macro in squid's pages. The first line tells P that squid has read the policy. */
const helpPage = (policy: Policy): string => {
  const { session, mode, allow, deny, injections } = policy
  const words = portsAs(',')
  return lines(
    `paude (policy ${revisionOf(policy)}): ${HELP[mode]}`,
    ...(mode === 'open'
      ? []
      : mergeAllows(allow).map(
          ({ host, ports, privateRange, plain }) =>
            `  ${host} ${words(ports)}${privateRange && ` in ${privateRange}`}${plain ? ', also without TLS through a tunnel' : ''}`,
        )),
    ...(deny.length === 0 ? [] : ['These are denied, even if something allows them:']),
    ...mergeDenies(deny).map(({ host, ports }) => `  ${host}${ports.length === 0 ? '' : ` ${ports.join(',')}`}`),
    ...new Set(
      injections.map(({ host, bound }) =>
        bound === undefined
          ? `paude adds the credential for ${host}: a placeholder is enough, only its API paths are allowed.`
          : `paude adds a credential to requests for ${host} whose method and path it is meant for: a placeholder is enough, or none.`,
      ),
    ),
    ...(mode === 'restricted' || mode === 'ask'
      ? [
          `A 403 means blocked by this list. The user can allow a host in this session with: paude network allow HOST --session ${session}`,
        ]
      : []),
  ).replaceAll('%', '%%')
}

const HELP = {
  open: 'this session may reach every host.',
  record: 'this session may reach every public host, and paude records what it reaches. These are allowed anyway:',
  restricted: 'this session may reach only these hosts:',
  ask: 'this session may reach these hosts; a request for any other host waits until the user allows it:',
} as const
