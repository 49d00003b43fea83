import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Policy } from '../../src/network/allow.ts'
import { type Counted, type Known, NOT_TLS, parseLog, withBeginning } from '../../src/network/log.ts'
import { parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { revisionOf } from '../../src/network/revision.ts'

const allow = {
  mode: 'open' as const,
  deny: [],
  revision: '',
  allow: ['example.org', '*.wild.example', 'host.paude.internal:9443'].map((entry) => parseAllow(entry, 'test')),
}

/** A line as squid 6.13 wrote it, with some fields changed. */
const line = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    v: 1,
    sid: 's1',
    t: 1795258288.577,
    ms: 1,
    c: 38654,
    m: 'GET',
    u: 'http://example.org/x',
    h: 'example.org',
    p: '80',
    sni: '-',
    bump: '-',
    st: 200,
    r: 'TCP_MISS',
    err: '-',
    ed: '-',
    ip: '198.51.100.7',
    in: 101,
    out: 272,
    ua: '-',
    ...fields,
  })
const connect = { m: 'CONNECT', u: 'example.org:443', p: '443' }
const denied = { st: 403, err: 'ERR_FORWARDING_DENIED', r: 'TCP_TUNNEL', bump: 'splice', out: 0 }

test('one plain request', () =>
  expect(parseLog(line({}), allow)).toEqual([
    {
      time: '2026-11-21T10:51:28.577Z',
      session: 's1',
      method: 'GET',
      host: 'example.org',
      port: 80,
      decision: 'allowed',
      rule: 'example.org',
      bytes: 373,
      revision: '',
      program: '',
    },
  ]))

test.each([
  ['curl/8.5.0', 'curl/8.5.0'],
  ['npm/10.2.4%20node/v20.11.0%20linux%20x64', 'npm/10.2.4'],
  ['git/2.39.5', 'git/2.39.5'],
  ['Mozilla', 'Mozilla'],
  ['%1B%5B2Jcurl', ''],
  ['x'.repeat(500), 'x'.repeat(40)],
  ['', ''],
])('a program that calls itself %p is shown as %p', (ua, program) =>
  expect(parseLog(line({ ua }), allow)[0]?.program).toBe(program),
)

test.each([
  ['not listed', { ...connect, ...denied, h: 'evil.test' }, 'blocked', 'not on the allowlist'],
  ['below a wildcard', { h: 'a.wild.example' }, 'allowed', '*.wild.example'],
  ['apex of a wildcard', { ...connect, ...denied, h: 'wild.example' }, 'blocked', 'not on the allowlist'],
  ['literal', { ...connect, ...denied, h: '10.1.1.1' }, 'blocked', 'address literal'],
  ['literal, IPv6', { ...connect, ...denied, h: '[::1]' }, 'blocked', 'address literal'],
  ['literal, plain', { h: '10.1.1.1', st: 403, err: 'ERR_PAUDE_UNNAMED', r: 'TCP_DENIED' }, 'blocked', 'address literal'],
  ['bare name', { ...connect, ...denied, h: 'box' }, 'blocked', 'no full host name'],
  ['bare name, plain', { h: 'box', st: 403, err: 'ERR_PAUDE_UNNAMED', r: 'TCP_DENIED' }, 'blocked', 'no full host name'],
  ['port', { ...connect, ...denied, p: '22' }, 'blocked', 'port'],
  ['CONNECT to the port of plain requests', { ...connect, ...denied, p: '80' }, 'blocked', 'port'],
  ['private', { ...connect, ...denied }, 'blocked', 'not found, or at a private address'],
  ['private, plain', { st: 403, err: 'ERR_PAUDE_UNREACHED', r: 'TCP_DENIED', out: 0 }, 'blocked', 'at a private address'],
  ['not found, plain', { st: 403, err: 'ERR_PAUDE_UNFOUND', r: 'TCP_DENIED', out: 0 }, 'failed', 'name not found'],
  [
    'another name inside the tunnel',
    { ...connect, bump: 'terminate', sni: 'evil.test', r: 'NONE_NONE' },
    'blocked',
    'sni differs: evil.test',
  ],
  [
    'path',
    {
      m: 'POST',
      u: 'https://host.paude.internal:9443/v1/files',
      h: 'host.paude.internal',
      p: '9443',
      bump: 'bump',
      st: 403,
      err: 'ERR_ACCESS_DENIED',
      r: 'TCP_DENIED',
    },
    'blocked',
    'path not allowed',
  ],
  ["the origin's own 403", { st: 403 }, 'allowed', 'example.org'],
  ['malformed', { m: '-', h: '-', p: '-', st: 400, err: 'ERR_INVALID_URL', r: 'NONE_NONE' }, 'blocked', 'malformed request'],
  ['a tunnel that found nobody', { ...connect, st: 503, r: 'TCP_TUNNEL', bump: 'splice', out: 0 }, 'failed', 'connection failed'],
  ['no such name', { st: 503, err: 'ERR_DNS_FAIL' }, 'failed', 'name not found'],
  [
    'TLS',
    { st: 503, err: 'ERR_SECURE_CONNECT_FAIL', ed: 'X509_V_ERR_CERT_HAS_EXPIRED' },
    'failed',
    'TLS failed: X509_V_ERR_CERT_HAS_EXPIRED',
  ],
])('%s', (_, fields, decision, rule) => expect(parseLog(line(fields), allow)).toMatchObject([{ decision, rule }]))

test.each([
  ['ERR_CONNECT_FAIL', 'not reached'],
  ['ERR_CANNOT_FORWARD', 'not reached'],
  ['ERR_READ_ERROR', 'broken off'],
])('%s names the upstream proxy where there is one', (err, what) => {
  const upstream = { scheme: 'http', host: 'proxy.test', port: 3128, except: [], credentials: '' } as const
  const [request] = parseLog(line({ err, st: 502 }), { ...allow, ways: { upstream, dns: [], ip: 'any', bandwidth: 0 } })
  expect(request).toMatchObject({ decision: 'failed', rule: `by the upstream proxy proxy.test:3128: ${what}` })
})

test('what is left of a connection that could not be tunnelled is no request', () =>
  expect(parseLog(line({ u: 'error:transaction-end-before-headers', m: '-', h: '-' }), allow)).toEqual([]))

test('what no rule blocked while all is recorded was not found', () => {
  const asked = line({ ...connect, ...denied, h: 'dead.test' })
  expect(parseLog(asked, { ...allow, mode: 'record' })).toMatchObject([{ rule: 'not found, or at a private address' }])
})

describe('after the policy was changed', () => {
  const base = {
    session: 's1',
    ports: [443],
    ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
    injections: [],
  } as const
  const policy = (entries: readonly string[], denies: readonly string[] = []): Policy => ({
    ...base,
    mode: 'restricted',
    allow: entries.map((entry) => parseAllow(entry, 'test')),
    deny: denies.map((entry) => parseDeny(entry, 'test')),
  })
  const [before, other] = [policy(['example.org']), policy(['example.org'], ['late.test'])]
  const now = policy(['example.org', 'late.test'])
  const held = (revision: string) => [before, other].find((one) => revisionOf(one) === revision) ?? null
  const known = { ...now, revision: revisionOf(now), held }
  const rule = (host: string, by: Policy, told: Known = known) =>
    parseLog(line({ ...connect, ...denied, h: host, rev: revisionOf(by) }), told)[0]?.rule

  test('a request keeps the reason of its moment', () => {
    expect(rule('example.org', before)).toBe('not found, or at a private address')
    expect(rule('late.test', other)).toBe('denied: late.test')
    expect(rule('never.test', before)).toBe('not on the allowlist')
  })
  test('what only lacked an entry that is there now is told so', () =>
    expect(rule('late.test', before)).toBe('not on the allowlist then'))
  test('a policy that nobody knows any more is told by what holds now', () =>
    expect(rule('example.org', policy([]))).toBe('not on the allowlist then'))
  test('what was taken back since keeps its reason', () =>
    expect(rule('example.org', before, { ...policy([]), revision: 'other', held })).toBe('not found, or at a private address'))
})

test('a port of this machine is asked for by name also while all is recorded', () => {
  const asked = line({ ...connect, ...denied, h: 'host.paude.internal', p: '4573' })
  expect(parseLog(asked, { ...allow, allow: [], mode: 'record' })).toMatchObject([{ rule: 'not on the allowlist' }])
})

test('a tunnel is one request with the bytes of its end, also among others', () => {
  const opened = line({ ...connect, c: 7, bump: 'splice', r: 'NONE_NONE', in: 75, out: 0, sni: 'example.org' })
  const closed = line({ ...connect, c: 7, t: 1795258299, bump: 'splice', r: 'TCP_TUNNEL', in: 1000, out: 2000 })
  expect(parseLog([opened, line({ c: 8 }), closed].join('\n'), allow)).toMatchObject([
    { method: 'CONNECT', time: '2026-11-21T10:51:28.577Z', bytes: 3000 },
    { method: 'GET' },
  ])
  expect(parseLog(opened, allow)).toMatchObject([{ decision: 'allowed', bytes: 75 }])
  expect(parseLog([opened, opened.replace('"c":7', '"c":9')].join('\n'), allow)).toHaveLength(2)
})

test('an opened tunnel is told by its requests', () => {
  const opened = line({ ...connect, c: 7, bump: 'bump', r: 'NONE_NONE' })
  const inner = line({ c: 7, m: 'POST', p: '443', bump: 'bump' })
  expect(parseLog([opened, inner, inner].join('\n'), allow)).toMatchObject([{ method: 'POST' }, { method: 'POST' }])
  expect(parseLog(opened, allow)).toHaveLength(1)
})

test('lines that are no log are skipped', () =>
  expect(
    parseLog(
      ['', 'squid: hello', '{', 'null', '{}', '{"v":2}', '{"v":1}', '{"v":1,"t":"x"}', '[1]', '{"v":1,"t":1e300}'].join('\n'),
    ),
  ).toEqual([]))

test('no text makes it throw', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.dictionary(fc.constantFrom('v', 't', 'c', 'm', 'h', 'p', 'in', 'st'), fc.jsonValue()).map((fields) => line(fields)),
        ),
      ),
      (texts) => {
        for (const request of parseLog(texts.join('\n'), allow))
          expect(request).toMatchObject({ host: expect.any(String), port: expect.any(Number) })
      },
    ),
  ))

describe('a tunnel in which squid found no TLS', () => {
  const place = { m: 'CONNECT', u: 'otel.example:4318', h: 'otel.example', p: '4318', bump: 'peek', r: 'NONE_NONE' }
  const found = line({ ...place, err: 'ERR_PROTOCOL_UNKNOWN', ed: 'exception=18686e4f' })
  const end = line({ ...place, r: 'TCP_TUNNEL', in: 89, out: 124 })
  const under = (mode: Known['mode'], entry: string): Known => ({ mode, deny: [], revision: '', allow: [parseAllow(entry, 'x')] })

  test('was cut where the entry does not say http://', () =>
    expect(parseLog(found, under('restricted', 'otel.example:4318'))).toMatchObject([
      { decision: 'blocked', rule: NOT_TLS, plain: true, host: 'otel.example', port: 4318 },
    ]))

  test('is one request that was allowed where it says so', () =>
    expect(parseLog(`${found}\n${end}`, under('restricted', 'http://otel.example:4318'))).toMatchObject([
      { decision: 'allowed', rule: 'otel.example', plain: true, bytes: 213 },
    ]))

  test('was let through where everything is recorded', () =>
    expect(parseLog(`${found}\n${end}`, under('record', 'else.example'))).toMatchObject([
      { decision: 'allowed', rule: 'record', plain: true },
    ]))
})

describe('refusals that the proxy counts', () => {
  const refused = { m: 'GET', h: 'no.example', p: '80', st: 403, err: 'ERR_ACCESS_DENIED', r: 'TCP_DENIED' }
  const times = (lines: readonly string[], counted?: Counted) =>
    parseLog(lines.join('\n'), allow, counted).map((request) => request.times ?? 1)

  test('stand for all since the one before', () => {
    expect(times([line(refused), line(refused), line({ ...refused, n: 20 }), line({ ...refused, n: 40 })])).toEqual([
      1, 1, 18, 20,
    ])
    expect(times([line({ ...refused, n: 40 })])).toEqual([40])
  })

  test('are counted by host, port and reason, and what was allowed is not', () => {
    const lines = [line(refused), line({ ...refused, p: '81' }), line({ ...refused, n: 20 }), line({ n: 20 })]
    expect(times(lines)).toEqual([1, 1, 19, 1])
  })

  test('are counted on where the log is read piece by piece', () => {
    const counted: Counted = new Map()
    expect([times([line(refused)], counted), times([line({ ...refused, n: 20 })], counted)]).toEqual([[1], [19]])
  })

  test('of a proxy that was started anew count from one again, and never less than one', () =>
    expect(times([line({ ...refused, n: 40 }), line(refused), line({ ...refused, n: 20 })])).toEqual([40, 1, 1]))
})

describe('a log whose beginning the engine has dropped', () => {
  const at = (t: number) => line({ t, h: `h${t}.example` })
  const [one, two, three] = [at(1), at(2), at(3)]

  test('begins with what was noted of it', () => {
    const { text, cut } = withBeginning(`${one}\n${two}\n${three}\n`, `${three}\n${three}\n`)
    expect(parseLog(text, allow).map(({ host }) => host)).toEqual(['h1.example', 'h2.example', 'h3.example', 'h3.example'])
    expect(cut).toBe('1970-01-01T00:00:03.000Z')
  })

  test('may begin within a line', () =>
    expect(withBeginning(`${one}\n${three}\n`, `${two.slice(9)}\n${three}\n`)).toEqual({
      text: `${one}\n${two.slice(9)}\n${three}\n`,
      cut: '1970-01-01T00:00:03.000Z',
      full: false,
    }))

  test('has what was noted and only counted, and says that there was more', () => {
    const many = Array.from({ length: 600 }, (_, n) => line({ t: 10, h: `many${n}.example` }))
    const { text, cut, full } = withBeginning(`${many.join('\n')}\nfull\n`, `${many.slice(0, 500).join('\n')}\n`)
    expect(parseLog(text, allow).map(({ host }) => host)).toEqual(many.map((_, n) => `many${n}.example`))
    expect([cut, full]).toEqual(['', true])
  })

  test('may be gone altogether', () => expect(withBeginning(`${one}\n${two}\n`, '').cut).toBe('1970-01-01T00:00:02.000Z'))

  test.each([
    ['is all there', `${one}\n${two}\n`, `${one}\n${one}\n${two}\n`],
    ['has nothing noted', '', `${one}\n`],
    ['has nothing but what nobody can read', 'x\n{"v":1', `${one}\n`],
    ['is empty', '', ''],
  ])('is left as it is where it %s', (_, noted, log) =>
    expect(withBeginning(noted, log)).toEqual({ text: log, cut: '', full: false }),
  )
})
