import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { usualProvider } from '../../src/credentials/providers.ts'
import type { Injection, Policy } from '../../src/network/allow.ts'
import { decide, readTarget } from '../../src/network/decide.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { squidConf } from '../../src/network/squid-conf.ts'
import { DIRECT, type Ip } from '../../src/network/ways.ts'
import { backends, buildWall, cleanUp, engine } from './support.ts'

afterAll(cleanUp)

const IMAGE = 'paude-why-test'
const POLICIES = 24
const URLS = 200
/** Policies that are tried without IPv6 too. */
const SOME = 8

/** What every name resolves to: nothing is looked up outside, and what is allowed fails at once for want of a network. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'a.example': ['8.8.8.8'],
  'b.a.example': ['8.8.8.8'],
  'c.b.a.example': ['8.8.4.4'],
  'nota.example': ['8.8.8.8'],
  'w.example': ['8.8.8.8'],
  'x.w.example': ['8.8.8.8'],
  'y.x.w.example': ['8.8.8.8'],
  'no.y.x.w.example': ['8.8.8.8'],
  'un_der.example': ['8.8.8.8'],
  'xn--bcher-kva.example': ['8.8.8.8'],
  'api.example': ['8.8.8.8'],
  'ten.example': ['10.1.2.3'],
  'mixed.example': ['8.8.8.8', '10.1.2.3'],
  'loop.example': ['127.0.0.1'],
  'meta.example': ['169.254.169.254'],
  'bench.example': ['198.18.0.7'],
  'six.example': ['2606:4700::1111'],
  'unique.example': ['fd00::1'],
  [HOST_NAME]: ['10.9.8.7'],
}
const ODD = [
  ...['8.8.8.8', '10.1.2.3', '[::1]', '[2606:4700::1111]', '0x7f.1', '127.1', '2130706433', '8.8.8.8.'],
  ...[
    'localhost',
    'single',
    'A.EXAMPLE',
    'X.w.Example',
    '-bad.example',
    'bad-.example',
    'a..example',
    `${'l'.repeat(64)}.example`,
  ],
  ...['paude.internal', 'canary.paude.internal', 'x.host.paude.internal', 'a.example.1', '1.example', 'a.example.x-'],
  ...['a.example.', 'b.a.example.', 'X.w.example..', 'api.example.', 'paude.internal.'],
]
const ALLOW = [
  ...['a.example', '*.a.example', 'w.example:8443', '*.w.example', '*.x.w.example:8443', 'x.w.example:443', 'nota.example:80'],
  ...['ten.example@10.0.0.0/8', 'ten.example', 'mixed.example', 'mixed.example@10.1.0.0/16', 'bench.example@198.18.0.0/15'],
  ...['loop.example', 'meta.example', 'six.example', 'unique.example@fc00::/7', 'un_der.example'],
  ...['xn--bcher-kva.example', `${HOST_NAME}:3000`, `${HOST_NAME}:443`, 'api.example', 'api.example:8443'],
  ...[
    'http://a.example:8443',
    'http://nota.example:80',
    'http://x.w.example:443',
    'http://ten.example:8443',
    'http://loop.example:80',
  ],
  ...['http://ten.example:3000@10.0.0.0/8', `http://${HOST_NAME}:3000`, 'http://api.example:443', 'http://mixed.example:80'],
]
const DENY = [
  ...['b.a.example', '*.a.example:8443', 'w.example', '*.x.w.example', '*.y.x.w.example:443', 'a.example:80', 'nota.example'],
  ...[HOST_NAME, `${HOST_NAME}:3000`, 'api.example:443', '*.b.a.example', '*.w.example:80'],
]
const KEY = { header: 'X-Api-Key', lead: '', api: usualProvider.api } as const
const API: Injection = { host: 'api.example', port: 443, scheme: 'https', way: 'bump', prefix: '', ...KEY }
const INJECTIONS: readonly (readonly Injection[])[] = [
  [],
  [API],
  [{ ...API, port: 80, scheme: 'http', prefix: '/llm' }],
  [{ ...API, host: HOST_NAME, port: 3000, scheme: 'http', header: 'Authorization', lead: 'Bearer' }],
  [API, { ...API, host: 'a.example', header: 'Authorization', lead: 'Bearer', prefix: '/llm' }],
  [
    { ...API, port: 80, scheme: 'http' },
    { ...API, host: 'w.example', port: 8443 },
  ],
]
const policies = fc.record({
  mode: fc.constantFrom<Policy['mode']>('restricted', 'restricted', 'restricted', 'record', 'open'),
  allow: fc.uniqueArray(fc.constantFrom(...ALLOW), { maxLength: 12 }),
  deny: fc.uniqueArray(fc.constantFrom(...DENY), { maxLength: 4 }),
  injections: fc.constantFrom(...INJECTIONS),
})
const urls = fc.record({
  scheme: fc.constantFrom('https', 'http'),
  host: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(NAMES)) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD) },
  ),
  port: fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom(':80', ':443', ':8443', ':3000', ':22', ':65535') },
  ),
  path: fc.constantFrom(
    '/',
    '/v1/messages',
    '/v1/messages?beta=true',
    '/v1/files',
    '/llm/v1/models/x',
    '/llm/v1/messages/..',
    '/squid-internal-mgr/menu',
  ),
})

/** Of entries without one: every third policy has others. */
const PORTS = [
  [80, 443],
  [80, 443],
  [443, 8443],
  [80, 443],
  [80, 443],
  [80, 3000],
]
const portsOf = (at: number): readonly number[] => PORTS[at % PORTS.length] ?? []

const SEED = Number(process.env['PAUDE_TEST_SEED'] ?? 7)
const cases = fc.sample(policies, { numRuns: POLICIES, seed: SEED }).map((drawn, at) => ({
  policy: {
    session: 'why',
    mode: drawn.mode,
    allow: drawn.allow.map((entry) => parseAllow(entry, 'test', portsOf(at))),
    deny: drawn.deny.map((entry) => parseDeny(entry, 'test')),
    ports: portsOf(at),
    ways: DIRECT,
    injections: drawn.injections,
  } satisfies Policy,
  words: JSON.stringify({ ...drawn, ports: portsOf(at), injections: drawn.injections.map(({ host }) => host) }),
  urls: fc
    .sample(urls, { numRuns: URLS, seed: SEED + at })
    .map(({ scheme, host, port, path }) => `${scheme}://${host}${port}${path}`),
}))

/** Starts squid with each policy in turn, asks it everything and prints one status a line; `-` for a connection without an answer. */
const SCRIPT = `
set -uo pipefail
exec 2>/tmp/errors
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 9 -config /usr/lib/paude/openssl.cnf -keyout /run/ca.key -out /run/ca.crt
cat /run/ca.crt /run/ca.key >/run/ca.pem
cat /etc/ssl/certs/ca-certificates.crt >/run/roots.pem
/usr/lib/squid/security_file_certgen -c -s /run/ssl_db -M 2MB >/dev/null
: >/run/inject.conf
echo 'acl gateway dst 10.9.8.7' >/run/own.conf
cat /work/hosts >/run/hosts
exec {nap}<> <(:)
for folder in /work/*/; do
  ((POLICIES-- > 0)) || break
  squid -N -f $folder/squid.conf >/dev/null & squid=$!
  until { : 3<>/dev/tcp/127.0.0.1/3128; } 2>/dev/null; do kill -0 $squid || { echo "squid did not start: $folder"; cat /tmp/errors; exit 1; }; read -r -t 0.01 -u $nap; done
  while IFS= read -r request; do
    exec 3<>/dev/tcp/127.0.0.1/3128
    printf '%s HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' "$request" >&3
    status=-
    read -r -t 30 -u 3 _ status _ || status=-
    echo "$status"
    exec 3>&-
  done <$folder/requests
  kill $squid; wait $squid
done
`

const request = (url: string): string => {
  const { scheme, port } = readTarget(url)
  const host = /^https?:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1] ?? ''
  return scheme === 'https' ? `CONNECT ${host}:${port}` : `GET ${url}`
}

/** Inside a tunnel nothing is asked here, so its path is one that the provider has. */
function expected(policy: Policy, url: string): 'allowed' | 'blocked' {
  const written = readTarget(url)
  const provider = policy.injections.find(({ host }) => host === written.host)
  const target = written.scheme === 'https' ? { ...written, path: `${provider?.prefix ?? ''}/v1/messages` } : written
  // An open session answers at first, and ends the tunnel when it sees whose it is.
  const ends =
    policy.mode === 'open' && target.scheme === 'https' && provider?.scheme === 'https' && target.port !== provider.port
  const answering = ends ? { ...policy, injections: [] } : policy
  return decide(answering, target, NAMES[target.host] ?? literal(target.host)).decision
}

/** `127.1` is an address too. */
function literal(host: string): readonly string[] {
  const found = URL.parse(`http://${host}`)?.hostname ?? ''
  return /^[\d.]+$/.test(found) ? [found] : /^\[/.test(found) ? [found.slice(1, -1)] : []
}

// The engine is but the way to squid.
describe.each(backends())('what `why` says, on %s', (backend) => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-why-'))
  beforeAll(async () => {
    await buildWall(backend, IMAGE)
    for (const [at, { policy, urls: asked }] of cases.entries()) {
      const place = join(folder, String(at).padStart(3, '0'))
      mkdirSync(place)
      // Nobody answers here; a name that is none need not be waited for.
      writeFileSync(
        join(place, 'squid.conf'),
        `${squidConf(policy)}dns_timeout 100 milliseconds\ndns_retransmit_interval 50 milliseconds\n`,
      )
      writeFileSync(join(place, 'requests'), asked.map((url) => `${request(url)}\n`).join(''))
    }
    writeFileSync(
      join(folder, 'hosts'),
      Object.entries(NAMES)
        .flatMap(([name, list]) => list.map((address) => `${address} ${name}\n`))
        .join(''),
    )
    chmodSync(folder, 0o755)
  }, 600_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each<[words: string, ip: Ip, off: number, some: readonly (typeof cases)[number][]]>([
    [`squid does, ${POLICIES * URLS} times`, 'any', 0, cases],
    [`squid without IPv6 does, ${SOME * URLS} times`, 'ipv4', 1, cases.slice(0, SOME)],
  ])(
    '%s',
    async (_, ip, off, some) => {
      const { stdout, stderr } = await engine(backend, [
        ...[
          'run',
          '--rm',
          '--network=none',
          `--sysctl=net.ipv6.conf.all.disable_ipv6=${off}`,
          `--env=POLICIES=${some.length}`,
          '--label=paude.test',
          `--volume=${folder}:/work:ro`,
          '--user=13:13',
          '--read-only',
        ],
        ...[
          '--tmpfs=/tmp:rw,size=16m,mode=1777',
          '--tmpfs=/run:rw,size=16m,mode=1777',
          '--cap-drop=ALL',
          '--entrypoint=/usr/bin/bash',
        ],
        ...[IMAGE, '-c', SCRIPT],
      ])
      const answers = stdout.trim().split('\n')
      expect({ answers: answers.length, stderr }).toEqual({ answers: some.length * URLS, stderr: '' })
      const wrong = some.flatMap(({ policy: known, words, urls: asked }, at) =>
        asked.flatMap((url, place) => {
          const policy = { ...known, ways: { ...known.ways, ip } }
          const status = answers[at * URLS + place] ?? ''
          const found = /^40[03]$/.test(status) ? 'blocked' : /^(200|50[234])$/.test(status) ? 'allowed' : status
          return found === expected(policy, url)
            ? []
            : [`${url}: ${found} (${status}), not ${expected(policy, url)}, under ${words}`]
        }),
      )
      expect(wrong).toEqual([])
    },
    300_000,
  )
})
