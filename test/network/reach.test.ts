import { expect, test } from 'bun:test'
import { parseLog } from '../../src/network/log.ts'
import { reachOf } from '../../src/network/reach.ts'

const PROVIDER = { host: 'gateway.example', port: 443 }
const DEFAULT = { host: 'api.example', port: 443 }
const KNOWN = {
  mode: 'restricted',
  allow: [PROVIDER, DEFAULT].map(({ host }) => ({ host, ports: [443], privateRange: '', why: '' })),
  deny: [],
  revision: 'abc',
} as const

/** A line of squid's log, as one was recorded; `change` says what is different. */
const line = (change: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    ...{ v: 1, sid: 'paude-aaaaaa', rev: 'abc', t: 1795957062.5, ms: 0, c: 1, m: 'POST', u: '-', h: PROVIDER.host, p: '443' },
    ...{ sni: '-', bump: '-', st: 200, r: 'TCP_MISS', err: '-', ed: '-', ip: '-', in: 900, out: 300, ua: 'claude-cli/2.1.329' },
    ...change,
  })
const reach = (...changes: readonly Readonly<Record<string, unknown>>[]) =>
  reachOf(
    parseLog(changes.map(line).join('\n'), KNOWN),
    [PROVIDER, DEFAULT],
    [{ variable: 'ANTHROPIC_BASE_URL', usual: 'https://api.example' }],
  )

const opened = { m: 'CONNECT', r: 'NONE_NONE', bump: 'bump' }
const refused = { st: 503, r: 'TCP_MISS_ABORTED', err: 'ERR_CONNECT_FAIL', ed: 'WITH_SERVER' }
const untrusted = {
  st: 503,
  r: 'NONE_NONE',
  err: 'ERR_SECURE_CONNECT_FAIL',
  ed: 'X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT+broken_cert',
}
const unfound = { m: 'CONNECT', st: 403, r: 'TCP_TUNNEL', err: 'ERR_FORWARDING_DENIED', bump: 'splice' }

test('a provider that answers is reached, whatever it answers', () => {
  for (const st of [200, 404, 529]) expect(reach(opened, { st })).toEqual({ reached: true })
})

test.each([
  ['a port where nothing listens', refused, /: connection failed; check that it runs/],
  ['a certificate that is not trusted', untrusted, /TLS failed: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT.*; .*--ca-file FILE/],
  [
    'a name that nobody knows',
    unfound,
    /not found, or at a private address; check ANTHROPIC_BASE_URL .*--network-allow HOST@RANGE/,
  ],
] as const)('a provider is at fault, with what to do: %s', (_, change, fault) => {
  const found = reach(change)
  const said = found === null || found.reached ? '' : found.fault
  expect(said).toStartWith('the provider gateway.example:443 does not answer the agent: ')
  expect(said).toMatch(fault)
})

test.each([401, 403])('a provider that refuses the credential with %d leads to paude login', (st) => {
  expect(reach(opened, { st })).toEqual({
    reached: false,
    fault: `the provider gateway.example:443 does not answer the agent: it refuses the credential (HTTP ${st}); paude login --status names the credential; to replace it for the next start: paude login`,
  })
  expect(reach({ st }, { t: 1795957070.5 })).toEqual({ reached: true })
})

test('a cloud that refuses its key leads to no login, and the list of its models says nothing of them', () => {
  const requests = (...changes: readonly Readonly<Record<string, unknown>>[]) => parseLog(changes.map(line).join('\n'), KNOWN)
  const cloud = [{ variable: 'CLOUD_URL', usual: 'https://gateway.example', lacks: 'a region: export REGION=…' }]
  const found = reachOf(requests(opened, { st: 403 }), [PROVIDER], cloud)
  expect(found).toMatchObject({
    fault: expect.stringContaining('(HTTP 403); paude login --status names the credential; give the next start'),
  })
  const account = reachOf(
    requests(opened, { st: 401 }),
    [PROVIDER],
    [{ ...cloud[0], usual: '', variable: '', again: 'codex login' }],
  )
  expect(account).toMatchObject({ fault: expect.stringContaining('names the credential; to log in again: codex login') })
  const list = { ...DEFAULT, methods: ['GET'] }
  const after = { st: 403, h: DEFAULT.host, t: 1795957070.5 }
  expect(reachOf(requests({}, after), [PROVIDER, list], cloud)).toEqual({ reached: true })
  expect(reachOf(requests(after), [PROVIDER, list], cloud)).toBeNull()
})

test('what another host refuses is no word of the provider', () => {
  expect(reach({}, { st: 403, h: 'other.example', t: 1795957070.5 })).toEqual({ reached: true })
})

test.each([
  ['the session requested nothing', []],
  ['a tunnel was opened and no more', [opened]],
  ['the agent gave up', [{ st: 0, r: 'NONE_NONE', err: 'ERR_CLIENT_GONE' }]],
  ['a path was asked for that is not open', [{ st: 403, r: 'TCP_DENIED', err: 'ERR_ACCESS_DENIED', bump: 'bump', m: 'HEAD' }]],
  ['another host was not reached', [{ ...refused, h: 'other.example' }]],
  ['another port was not reached', [{ ...refused, p: '8443' }]],
] as const)('nothing is known of the provider where %s', (_, changes) => {
  expect(reach(...changes)).toBeNull()
})

test('what happened last counts', () => {
  expect(reach(refused, { t: 1795957070.5 })).toEqual({ reached: true })
  expect(reach({}, { ...refused, t: 1795957070.5 })).toMatchObject({ reached: false })
})

test('where no address was set, the network of this machine is at fault and no setting', () => {
  expect(reach({ ...unfound, h: DEFAULT.host })).toEqual({
    reached: false,
    fault:
      'the provider api.example:443 does not answer the agent: this machine cannot resolve api.example to a public address; check the network and its resolver: paude doctor',
  })
})
