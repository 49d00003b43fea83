import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { NEIGHBOUR } from '../../src/backends/oci/podman.ts'
import { usualProvider } from '../../src/credentials/providers.ts'
import type { Injection, Policy } from '../../src/network/allow.ts'
import { stagesOf } from '../../src/network/changes.ts'
import { parseLog } from '../../src/network/log.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { parseAllow } from '../../src/network/pattern.ts'
import { stageFiles, standingFiles } from '../../src/network/squid-conf.ts'
import { DIRECT } from '../../src/network/ways.ts'
import { type BackendName, backends, buildWall, cleanUp, gatewayOf, poll } from './support.ts'

const REAL = 'sk-real-0123456789'
const IMAGE = 'paude-wall-test'
const engines = backends()
afterAll(cleanUp)

test.skipIf(engines.length > 0)('an engine is there', () => {
  throw new Error('neither docker nor podman answers')
})

describe.each(engines)('the wall on %s', (engine) => {
  const wall = makeWall(engine)
  beforeAll(wall.start, 900_000)
  afterAll(wall.stop, 180_000)

  test("the volume of sandbox and proxy stays the proxy's when a container of root's mounts it before it has written", async () => {
    const name = `${IMAGE}-${crypto.randomUUID()}`
    const mount = `--volume=${name}:/paude/link`
    const nap = 'exec 3<> <(:); read -r -t 600 -u 3'
    await must(engine, ['volume', 'create', name])
    try {
      await must(engine, ['run', '--detach', `--name=${name}`, '--user=13:13', mount, IMAGE, 'bash', '-c', nap])
      await must(engine, ['run', '--rm', '--user=0:0', mount, 'docker.io/library/debian:trixie-slim', 'true'])
      const written = await run(engine, ['exec', name, '/usr/bin/bash', '-c', ': >/paude/link/gateway'])
      expect(written).toMatchObject({ code: 0, stderr: '' })
    } finally {
      await run(engine, ['rm', '--force', name])
      await run(engine, ['volume', 'rm', name])
    }
  })

  test('the receipt names every canary and all of them held', async () => {
    const [{ ok, canaries } = NO_RECEIPT, ...others] = await wall.receipts()
    expect(ok).toBe(true)
    expect(canaries).toHaveLength(12)
    expect(canaries.filter(({ ok }) => !ok)).toEqual([])
    expect(others).toEqual([])
  })

  // Request bytes (bash printf) and the status that must come back; '' is a connection closed without an answer.
  test.each([
    ['GET of a host not on the list', get('http://evil.test/'), '403'],
    ['CONNECT to a host not on the list', connect('evil.test:443'), '403'],
    ['CONNECT to port 22', connect('good.test:22'), '403'],
    ['CONNECT to port 80', connect('good.test:80'), '403'],
    ['plain request to port 443', get('http://good.test:443/'), '403'],
    ['a port beyond 16 bits', get('http://good.test:65979/'), '400'],
    ['a literal', connect('198.51.100.9:443'), '403'],
    ['a literal, decimal', get('http://3325256713/'), '403'],
    ['a literal, hexadecimal', get('http://0xc6336409/'), '403'],
    ['a literal, octal', get('http://0306.063.0144.011/'), '403'],
    ['a literal, short', get('http://11.77.20/'), '403'],
    ['a literal, IPv4 in IPv6', connect('[::ffff:198.51.100.9]:443'), '403'],
    ['loopback', get('http://127.0.0.1:3128/'), '403'],
    ['loopback, short', get('http://127.1/'), '403'],
    ['loopback, IPv6', connect('[::1]:3128'), '403'],
    ['localhost', get('http://localhost/'), '403'],
    ['the metadata address', get('http://169.254.169.254/'), '403'],
    ['the apex of a wildcard', connect('wild.test:443'), '403'],
    ['a longer name with an allowed ending', connect('notgood.test:443'), '403'],
    ['another port of this machine', get(`http://${HOST_NAME}:22/`), '403'],
    ['the same by CONNECT', connect(`${HOST_NAME}:22`), '403'],
    ['https through the proxy port', get('https://good.test/'), '403'],
    ['ftp', get('ftp://good.test/'), '403'],
    ['the cache manager', get('http://127.0.0.1:3128/squid-internal-mgr/menu'), '403'],
    ['the cache manager by an allowed name', get(`http://${HOST_NAME}:@http/squid-internal-mgr/menu`), '403'],
    ['the cache manager, relative', 'GET /squid-internal-mgr/menu HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n', '40[03]'],
    ['TRACE', `TRACE http://${HOST_NAME}:@http/ HTTP/1.1\\r\\nHost: x\\r\\nMax-Forwards: 0\\r\\n\\r\\n`, '403'],
    ['a relative URL', 'GET / HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n', '400'],
    ['userinfo', get('http://good.test@evil.test/'), '403'],
    ['NUL in the host', get('http://good.test\\x00.evil.test/'), '400'],
    ['%00 in the host', get('http://good.test%%00.evil.test/'), '400'],
    ['UTF-8 in the host', get('http://b\\xc3\\xbccher.test/'), '400'],
    ['a label of 200 characters', get(`http://${'a'.repeat(200)}.good.test/`), '403'],
    [
      'differing lengths',
      `POST http://${HOST_NAME}:@http/ HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 4\\r\\nContent-Length: 5\\r\\n\\r\\nabcde`,
      '400',
    ],
    ['bare LF', `GET http://${HOST_NAME}:@http/ HTTP/1.1\\nHost: x\\n\\n`, '400'],
    ['the h2 preface', 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n', '400'],
    ['the help page', get('http://paude.internal/'), '200'],
    ['CONNECT to the help page', connect('paude.internal:443'), '403'],
    ['an allowed port of this machine', get(`http://${HOST_NAME}:@http/`), '200'],
  ])('%s', async (_, request, status) => expect(await wall.ask(request)).toMatch(new RegExp(`^HTTP/1\\.[01] ${status} `)))

  // A name that is not looked up is refused as well, so each is asked for until it was: squid gives up on lost datagrams after 10 s.
  test.each([
    ['loopback', get('http://loop.good.test/'), 'loop.good.test'],
    ['loopback, by CONNECT', connect('loop.good.test:443'), 'loop.good.test'],
    ['loopback, IPv6', connect('six.good.test:443'), 'six.good.test'],
    ['the metadata address', connect('meta.good.test:443'), 'meta.good.test'],
    ['10/8', connect('ten.good.test:443'), 'ten.good.test'],
    ['a mixed answer', connect('mixed.good.test:443'), 'mixed.good.test'],
    ["the proxy's own network", connect('neighbour.good.test:443'), 'neighbour.good.test'],
    ['a private range that is not the one declared', connect('ten.private.test:443'), 'ten.private.test'],
    ['a mixed answer of the declared range and another', connect('both.private.test:443'), 'both.private.test'],
  ])('an allowed name that resolves to %s is refused', async (_, request, name) => {
    const answer = await poll(`${name} is looked up`, async () => {
      const line = await wall.ask(request)
      return wall.lookups().includes(name) && line
    })
    expect(answer).toMatch(/^HTTP\/1\.[01] 403 /)
  })

  test('a private name is reached in its declared range', async () => {
    if (wall.own === '') return
    expect(await wall.ask(get('http://own.private.test:@own/'))).toContain(' 200 ')
  })

  test('a name outside the list is never looked up, and no address backwards', async () => {
    for (const name of ['evil.test', 'notgood.test']) expect(await wall.ask(get(`http://${name}/`))).toContain(' 403 ')
    await poll('a name of the list is looked up', async () => {
      await wall.ask(get('http://loop.good.test/'))
      return wall.lookups().includes('loop.good.test')
    })
    expect(wall.lookups().filter((name) => /evil|notgood|arpa|canary|paude/.test(name))).toEqual([])
  })

  test('TLS to an allowed port of this machine is spliced: its own certificate arrives', async () => {
    const answer = await wall.tls({ port: wall.ports.https, sni: HOST_NAME, request: get('/', HOST_NAME) })
    expect(answer).toContain(' 200 OK')
    expect(answer).toContain('CN=mock')
  })

  test('another name inside the tunnel ends it', async () =>
    expect(await wall.tls({ port: wall.ports.https, sni: 'evil.test', request: get('/', HOST_NAME) })).not.toContain('HTTP/1.1'))

  test('plain bytes in a tunnel get nowhere', async () => {
    const before = wall.seen.length
    expect(await wall.ask(`${connect(`${HOST_NAME}:@https`)}GET / HTTP/1.1\\r\\n\\r\\n`, 2)).not.toContain('"url"')
    expect(wall.seen.length).toBe(before)
  })

  const box = 'X-Api-Key: placeholder\\r\\nx-API-key: twice\\r\\nAuthorization: Bearer placeholder\\r\\n'

  test('the provider sees the real credential, the sandbox never', async () => {
    const answer = await wall.tls({ port: wall.ports.api, sni: HOST_NAME, request: post('/v1/messages?beta=true', box) })
    expect(answer).toContain(' 200 OK')
    expect(answer).toContain('CN=paude session')
    expect(await wall.hasAuthority()).toBe(true)
    expect(wall.seen.at(-1)).toEqual({ path: '/v1/messages?beta=true', key: REAL, authorization: null })
    expect(await wall.boxSees()).not.toContain(REAL)
  })

  test.each([
    '/v1/files',
    '/v1/messages/batches',
    '/v1/messages%%3F/../files',
    '/v1/messages%%3F%%252F..%%252Ffiles',
    '/v1/models/..',
    '//v1/messages',
  ])('the path %s is not for the sandbox', async (path) => {
    const before = wall.seen.length
    expect(await wall.tls({ port: wall.ports.api, sni: HOST_NAME, request: post(path, box) })).toContain(' 403 ')
    expect(wall.seen.length).toBe(before)
  })

  test('a CONNECT inside the opened tunnel is refused', async () =>
    expect(await wall.tls({ port: wall.ports.api, sni: HOST_NAME, request: connect(`${HOST_NAME}:@https`) })).toContain(' 403 '))

  test('a new credential takes the place of the old one while squid runs', async () => {
    expect((await wall.secret('sk-second')).code).toBe(0)
    await poll('the new one arrives', async () => {
      await wall.tls({ port: wall.ports.api, sni: HOST_NAME, request: post('/v1/messages', box) })
      return wall.seen.at(-1)?.key === 'sk-second'
    })
    expect((await wall.secret(REAL)).code).toBe(0)
  })

  test.each(['a b', 'a"b', "a'b", 'a\\b', '', 'a%b', 'a;b#', 'é', 'a\tb'])('the credential %j is refused', async (value) =>
    expect((await wall.secret(value)).code).toBe(1),
  )

  test('every line on the proxy’s stdout is JSON, and reads as what happened', async () => {
    await wall.ask(get('http://evil.test/'))
    await wall.ask(connect('198.51.100.9:443'))
    await wall.ask(connect('ten.good.test:443'))
    await wall.ask(connect('good.test:22'))
    await wall.tls({ port: wall.ports.api, sni: HOST_NAME, request: post('/v1/files', box) })
    await wall.tls({ port: wall.ports.https, sni: 'evil.test', request: get('/', HOST_NAME) })
    const { stdout: text } = await run(engine, ['logs', wall.proxy])
    const [receipt = '', ...lines] = text.trim().split('\n')
    expect(JSON.parse(receipt)).toMatchObject({ v: 1, network: 'restricted', ok: true })
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ v: 1, sid: 'wall' })
    const requests = parseLog(text, { mode: 'restricted', allow: wall.allow, deny: [], revision: '' })
    const rules = (host: string) => [
      ...new Set(requests.filter((request) => request.host === host).map(({ decision, rule }) => `${decision}: ${rule}`)),
    ]
    expect(rules('evil.test')).toEqual(['blocked: not on the allowlist'])
    expect(rules('198.51.100.9')).toEqual(['blocked: address literal'])
    expect(rules('ten.good.test')).toEqual(['blocked: not found, or at a private address'])
    expect(rules('good.test')).toEqual(['blocked: port'])
    expect(rules(HOST_NAME)).toContain('blocked: path not allowed')
    expect(rules(HOST_NAME)).toContain('blocked: sni differs: evil.test')
    expect(rules('canary.paude.internal')).toEqual([])
    expect(text).not.toContain(REAL)
  })

  test('a stopped session is started again: the sandbox proves its wall anew', async () => {
    await run(engine, ['stop', '-t', '1', wall.box, wall.proxy])
    await run(engine, ['start', wall.proxy, wall.box])
    expect((await wall.secret(REAL)).code).toBe(0)
    expect(await wall.settled(2)).toMatchObject({ ok: true })
  })

  test('injection into plain requests, and the credential as a bearer', async () => {
    await wall.replace({ way: 'bump', scheme: 'http', port: wall.ports.http, header: 'Authorization' })
    await wall.ask(`${post('/v1/messages', box).replace('POST ', `POST http://${HOST_NAME}:${wall.ports.http}`)}`)
    expect(wall.seen.at(-1)).toEqual({ path: '/v1/messages', key: null, authorization: `Bearer ${REAL}` })
    expect(await wall.ask(get(`http://${HOST_NAME}:@http/v1/files`))).toContain(' 403 ')
    expect(await wall.ask(connect(`${HOST_NAME}:@http`))).toContain(' 403 ')
  }, 240_000)

  test('at the base URL the provider sees the real credential, and the sandbox trusts no authority of the session', async () => {
    const before = wall.seen.length
    await wall.replace({ way: 'base-url', scheme: 'https', port: wall.ports.api, header: 'X-Api-Key' })
    expect(await wall.settled()).toMatchObject({ ok: true })
    expect(await wall.askBaseUrl(post('/v1/messages?beta=true', box))).toContain(' 200 ')
    expect(wall.seen.at(-1)).toEqual({ path: '/v1/messages?beta=true', key: REAL, authorization: null })
    // Whatever name the request bears, the provider is what it reaches.
    expect(await wall.askBaseUrl(post('http://evil.test/v1/messages', box))).toContain(' 200 ')
    expect(wall.seen).toHaveLength(before + 2)
    expect(await wall.boxSees()).not.toContain(REAL)
    expect(await wall.hasAuthority()).toBe(false)
    for (const path of ['/', '/v1/files', '/v1/messages/../files', '/v1/messages%%2f..%%2ffiles', 'http://evil.test/'])
      expect(await wall.askBaseUrl(post(path, box))).toContain(' 403 ')
    expect(await wall.askBaseUrl(connect(`${HOST_NAME}:@https`))).toMatch(/ 40[35] /)
    // A credential of the agent's own must not get to the provider either.
    expect(await wall.ask(connect(`${HOST_NAME}:@api`))).toContain(' 403 ')
    expect(wall.seen).toHaveLength(before + 2)
  }, 240_000)

  test('at the base URL of a provider without TLS as well', async () => {
    await wall.replace({ way: 'base-url', scheme: 'http', port: wall.ports.http, header: 'Authorization' })
    expect(await wall.askBaseUrl(post('/v1/messages', box))).toContain(' 200 ')
    expect(wall.seen.at(-1)).toEqual({ path: '/v1/messages', key: null, authorization: `Bearer ${REAL}` })
    expect(await wall.ask(get(`http://${HOST_NAME}:@http/v1/files`))).toContain(' 403 ')
  }, 240_000)

  test('without a base URL nobody listens there', async () => {
    await wall.replace({ way: 'bump', scheme: 'http', port: wall.ports.http, header: 'X-Api-Key' })
    expect(await wall.askBaseUrl(get('/v1/models'))).toBe('')
  }, 240_000)

  test('an open session reaches every port but the proxy itself, and still injects', async () => {
    await wall.replace({ way: 'bump', scheme: 'http', port: wall.ports.http, header: 'X-Api-Key' }, 'open')
    expect(await wall.settled()).toMatchObject({ network: 'open', ok: true, canaries: [] })
    await wall.ask(`${post('/v1/messages', box).replace('POST ', `POST http://${HOST_NAME}:${wall.ports.http}`)}`)
    expect(wall.seen.at(-1)).toMatchObject({ path: '/v1/messages', key: REAL })
    expect(await wall.tls({ port: wall.ports.https, sni: 'anything.test', request: get('/', HOST_NAME) })).toContain('CN=mock')
    expect(await wall.ask(get('http://127.0.0.1:3128/'))).toContain(' 403 ')
    expect(await wall.ask(connect('loop.good.test:3128'))).toContain(' 403 ')
    expect(await wall.ask(get('http://paude.internal/'))).toContain(' 200 ')
  }, 240_000)

  test('a sandbox with a network starts nothing, and its receipt says why', async () => {
    await wall.replace({ way: 'bump', scheme: 'http', port: wall.ports.http, header: 'X-Api-Key' })
    const { code, stdout, stderr } = await wall.brokenBox()
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toContain('the wall around the agent is not closed')
    const { ok, canaries } = await wall.settled(2)
    expect(ok).toBe(false)
    expect(canaries.flatMap(({ ok, name }) => (ok ? [] : [name]))).toContain('interfaces')
  }, 240_000)
})

/** Request bytes as bash's printf takes them. */
function get(url: string, host = 'x'): string {
  return `GET ${url} HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n`
}
function connect(target: string): string {
  return `CONNECT ${target} HTTP/1.1\\r\\nHost: ${target}\\r\\n\\r\\n`
}
function post(path: string, headers: string): string {
  return `POST ${path} HTTP/1.1\\r\\nHost: ${HOST_NAME}:@api\\r\\n${headers}Content-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}`
}

type Seen = { readonly path: string; readonly key: string | null; readonly authorization: string | null }

type Receipt = {
  readonly network: string
  readonly ok: boolean
  readonly canaries: readonly { readonly name: string; readonly ok: boolean }[]
}

const NO_RECEIPT: Receipt = { network: '', ok: false, canaries: [] }

/** Box and proxy as a session starts them, with a mock of the outside on this machine. */
function makeWall(engine: BackendName) {
  const name = `paude-wall-${engine}-${process.pid}`
  const [box, proxy, volume] = [`${name}-box`, `${name}-proxy`, `${name}-link`]
  const folder = mkdtempSync(join(tmpdir(), 'paude-wall-'))
  const [http = 0, https = 0, api = 0, ownPort = 0] = freePorts(4)
  const ports = { http, https, api, own: ownPort }
  const seen: Seen[] = []
  const asked: string[] = []
  const servers: { readonly stop: () => unknown }[] = []
  const own = ownAddress()
  const allow = [
    'good.test',
    '*.good.test',
    '*.wild.test',
    'ten.private.test@198.18.0.0/15',
    'both.private.test@10.9.0.0/16',
    `own.private.test:${ports.own}@${own || '10.0.0.1'}/32`,
    ...[ports.http, ports.https, ports.api].map((port) => `${HOST_NAME}:${port}`),
  ].map((entry) => parseAllow(entry, 'test'))
  const hardened = (role: string) => [
    `--name=${role}`,
    '--label=paude.test',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--read-only',
    '--pids-limit=64',
    '--memory=256m',
    '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777',
    '--tmpfs=/run:rw,noexec,nosuid,nodev,size=4m,mode=1777',
  ]
  // Neither root nor the proxy's user.
  const boxed = [...hardened(box), '--user=1000:1000', `--volume=${volume}:/paude/link:ro`]
  // It is one of the first things that a proxy writes, and yet not there from the beginning.
  const address = async (): Promise<string> => {
    return await poll('the proxy has a name for this machine', async () => {
      const [first = ''] = (await run(engine, ['exec', proxy, 'cat', '/run/hosts'])).stdout.split(' ')
      return first !== '' && first
    })
  }
  const secret = (value: string) => run(engine, ['exec', '-i', proxy, '/usr/lib/paude/secret'], `${value}\n`)
  const inBox = async (script: string) => (await run(engine, ['exec', '-i', box, 'bash'], script)).stdout
  const named = (request: string) =>
    request.replace(/@(http|https|api|own)\b/g, (_, port: keyof typeof ports) => `${ports[port]}`)

  const askPort = (port: number, request: string, count = 1) =>
    inBox(
      `exec 3<>/dev/tcp/127.0.0.1/${port} || exit; printf '${named(request)}' >&3; for ((i = 0; i < ${count}; i++)); do IFS= read -r -t 20 -u 3 line; echo "$line"; done`,
    )
  let certificate = ''

  function writePolicy(injection: Omit<Injection, 'host' | 'lead' | 'prefix' | 'api'>, mode: Policy['mode']) {
    const policy: Policy = {
      session: 'wall',
      mode,
      allow,
      deny: [],
      ports: [80, 443],
      ways: DIRECT,
      injections: [
        {
          ...injection,
          host: HOST_NAME,
          lead: injection.header === 'Authorization' ? 'Bearer' : '',
          prefix: '',
          api: usualProvider.api,
        },
      ],
    }
    const files = { ...stageFiles(stagesOf(policy, [], 0)), ...standingFiles(policy), 'await-secret': '' }
    for (const [file, content] of Object.entries({ ...files, 'extra-ca.pem': certificate })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), content)
    }
    chmodSync(folder, 0o755)
  }

  async function startProxy() {
    const dns = await gatewayOf(engine)
    const hostName = engine === 'docker' ? [`--add-host=${HOST_NAME}:host-gateway`] : []
    await must(engine, [
      'run',
      '-d',
      ...hardened(proxy),
      '--user=13:13',
      `--volume=${volume}:/paude/link`,
      ...hostName,
      ...(engine === 'podman' ? NEIGHBOUR : []),
      `--dns=${dns}`,
      `--volume=${folder}:/paude/policy:ro`,
      IMAGE,
      '/usr/lib/paude/proxy',
    ])
  }

  const startBox = (mode: Policy['mode'] = 'restricted', way: Injection['way'] = 'bump') =>
    must(engine, [
      'run',
      '-d',
      ...boxed,
      ...(mode === 'open' ? [] : ['--network=none']),
      IMAGE,
      '/usr/lib/paude/init',
      `--wall=${mode}`,
      ...(way === 'base-url' ? ['--base-url'] : []),
      '--',
      ...['bash', '-c', 'exec 3<> <(:); while :; do read -r -t 600 -u 3; done'],
    ])

  /** What boxes have told of their walls, as the proxy logged it. */
  const receipts = async (): Promise<readonly Receipt[]> =>
    (await run(engine, ['logs', proxy])).stdout
      .split('\n')
      .filter((line) => line.startsWith('{"v":1,"network":'))
      .map((line) => JSON.parse(line) as Receipt)

  /** The receipt of that number, once the proxy has it. */
  async function settled(number = 1): Promise<Receipt> {
    const receipt = await poll('the receipt', async () => (await receipts())[number - 1]).catch(() => null)
    if (receipt === null) throw new Error(`the sandbox told nothing: ${(await run(engine, ['logs', box])).stderr}`)
    return receipt
  }

  const remove = async () => {
    await run(engine, ['rm', '-f', box, proxy])
    await run(engine, ['volume', 'rm', '-f', volume])
  }

  return {
    box,
    proxy,
    allow,
    ports,
    seen,
    own,
    secret,
    receipts,
    settled,
    lookups: () => [...new Set(asked)],
    /** What the box could find of the proxy: its own view of the volume. */
    boxSees: () => inBox('for f in /paude/link/*; do [[ -f $f ]] && cat $f; done'),
    /** First line of the answer, or so many lines. */
    ask: (request: string, count = 1) => askPort(3128, request, count),
    askBaseUrl: (request: string) => askPort(3130, request),
    /** Whether the session has an authority of its own. */
    hasAuthority: async () => (await must(engine, ['exec', proxy, 'bash', '-c', '! [[ -e /run/ca.crt ]] || echo yes'])) !== '',
    tls: ({ port, sni, request }: { readonly port: number; readonly sni: string; readonly request: string }) =>
      inBox(
        `exec 4<> <(:); { printf '${named(request)}'; read -t 0.7 -u 4; } | openssl s_client -quiet -proxy 127.0.0.1:3128 -connect ${HOST_NAME}:${port} -servername ${sni} -CAfile /paude/link/ca-bundle.pem -verify_return_error 2>&1`,
      ),
    async replace(injection: Omit<Injection, 'host' | 'lead' | 'prefix' | 'api'>, mode: Policy['mode'] = 'restricted') {
      await remove()
      writePolicy(injection, mode)
      await startProxy()
      await startBox(mode, injection.way)
      if ((await secret(REAL)).code !== 0 || !(await settled()).ok) throw new Error('the second wall does not stand')
    },
    async brokenBox() {
      await run(engine, ['rm', '-f', box])
      return run(engine, [
        'run',
        '--rm',
        ...boxed,
        IMAGE,
        '/usr/lib/paude/init',
        '--wall=restricted',
        '--',
        'bash',
        '-c',
        'echo ran',
      ])
    },
    async start() {
      await buildWall(engine, IMAGE)
      const pair = await must(engine, [
        'run',
        '--rm',
        '--user=0',
        IMAGE,
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-noenc',
        '-days',
        '9',
        '-config',
        '/usr/lib/paude/openssl.cnf',
        '-subj',
        '/CN=mock',
        '-addext',
        `subjectAltName=DNS:${HOST_NAME}`,
        '-keyout',
        '/dev/stdout',
        '-out',
        '/dev/stdout',
      ])
      certificate = pair.slice(pair.indexOf('-----BEGIN CERTIFICATE'))
      writePolicy({ way: 'bump', scheme: 'https', port: ports.api, header: 'X-Api-Key' }, 'restricted')
      await startProxy()
      const hostname = await address()
      const fetch = (request: Request) => {
        const url = new URL(request.url)
        seen.push({
          path: url.pathname + url.search,
          key: request.headers.get('x-api-key'),
          authorization: request.headers.get('authorization'),
        })
        return Response.json({ url: url.pathname })
      }
      const tls = { key: pair.slice(0, pair.indexOf('-----BEGIN CERTIFICATE')), cert: certificate }
      servers.push(
        Bun.serve({ hostname, port: ports.http, fetch }),
        Bun.serve({ hostname, port: ports.https, tls, fetch }),
        Bun.serve({ hostname, port: ports.api, tls, fetch }),
      )
      if (own !== '') servers.push(Bun.serve({ hostname: own, port: ports.own, fetch }))
      const gateway = await gatewayOf(engine)
      // The suite of another engine may have the port for as long as it runs ways.test.ts.
      const dns = await poll('the port of name servers is free', () => resolver(gateway, asked, own).catch(() => null), 400)
      servers.push({ stop: () => dns.close() })
      await startBox()
      if ((await secret(REAL)).code !== 0) throw new Error('the proxy takes no credential')
      const receipt = await settled()
      if (!receipt.ok) throw new Error(JSON.stringify(receipt))
    },
    async stop() {
      await remove()
      for (const server of servers) server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Ports that are free on every address now: the policy names them before anything listens there. None of those that the kernel hands out. */
function freePorts(count: number): readonly number[] {
  const free: number[] = []
  while (free.length < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    try {
      Bun.listen({ hostname: '0.0.0.0', port, socket: { data: () => undefined } }).stop(true)
      if (!free.includes(port)) free.push(port)
    } catch {
      // Somebody else has it.
    }
  }
  return free
}

/** A private address of this machine outside the engines' bridges, '' when there is none. */
function ownAddress(): string {
  const entries = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    /^(lo|docker|podman|cni|br-|veth)/.test(name) ? [] : (list ?? []),
  )
  return (
    entries.find(
      ({ family, address }) =>
        family === 'IPv4' && /^(10\.|172\.|192\.168\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/.test(address),
    )?.address ?? ''
  )
}

/** A hostile resolver: allowed names with addresses they should not have. */
function resolver(hostname: string, asked: string[], own: string) {
  const answers: Readonly<Record<string, readonly string[]>> = {
    'loop.good.test': ['127.0.0.1'],
    'meta.good.test': ['169.254.169.254'],
    'ten.good.test': ['10.1.2.3'],
    'mixed.good.test': ['192.88.99.1', '127.0.0.1'],
    'neighbour.good.test': [hostname],
    'ten.private.test': ['10.1.2.3'],
    'both.private.test': ['10.9.0.1', '10.8.0.1'],
    'own.private.test': [own || '10.0.0.1'],
  }
  return Bun.udpSocket({
    hostname,
    port: 53,
    socket: {
      data(socket, query, port, address) {
        const labels: string[] = []
        let at = 12
        for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
          labels.push(query.subarray(at + 1, at + 1 + length).toString('latin1'))
          at += length + 1
        }
        const name = labels.join('.').toLowerCase()
        asked.push(name)
        const four = query[at + 2] === 1
        const records = four
          ? (answers[name] ?? []).map((ip) => [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...ip.split('.').map(Number)])
          : name === 'six.good.test'
            ? [[0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 5, 0, 16, ...Array<number>(15).fill(0), 1]]
            : []
        const head = [query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0]
        socket.send(Buffer.concat([Buffer.from(head), query.subarray(12, at + 5), Buffer.from(records.flat())]), port, address)
      },
    },
  })
}

/** Not `spawnSync`: the mock of the outside answers in this very process. */
async function run(program: string, words: readonly string[], stdin = '') {
  const child = Bun.spawn([program, ...words], { stdin: Buffer.from(stdin), stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { code, stdout, stderr }
}

async function must(program: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, words)
  if (code !== 0) throw new Error(`${program} ${words[0]} ended with ${code}: ${stderr}`)
  return stdout
}
