import { describe, expect, test } from 'bun:test'
import { usualProvider } from '../../src/credentials/providers.ts'
import type { Policy } from '../../src/network/allow.ts'
import { applied, reasonOf, stageLines, stagesOf } from '../../src/network/changes.ts'
import { carriesPlain, decide, readTarget } from '../../src/network/decide.ts'
import { mergeDenies, parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { revisionOf } from '../../src/network/revision.ts'
import { DIRECT } from '../../src/network/ways.ts'
import { injectionAt } from '../support/injection.ts'

const policy = (allow: readonly string[], deny: readonly string[] = [], rest: Partial<Policy> = {}): Policy => ({
  session: 's1',
  mode: 'restricted',
  allow: allow.map((entry) => parseAllow(entry, 'the flag')),
  deny: deny.map((entry) => parseDeny(entry, 'the file')),
  ports: [80, 443],
  ways: DIRECT,
  injections: [],
  ...rest,
})
const judge = (one: Policy, url: string, addresses: readonly string[] | null = null) => decide(one, readTarget(url), addresses)

describe('a verdict', () => {
  test.each([
    ['https://a.example/x', 'allowed', 'a.example', 'the flag'],
    ['a.example', 'allowed', 'a.example', 'the flag'],
    ['A.EXAMPLE:443', 'allowed', 'a.example', 'the flag'],
    ['http://a.example:443', 'blocked', 'port 443 is not open: a.example', 'the flag'],
    ['https://a.example:80', 'blocked', 'port 80 is not open: a.example', 'the flag'],
    ['https://b.a.example', 'blocked', 'not on the allowlist', ''],
    ['https://x.w.example', 'allowed', '*.w.example', 'the flag'],
    ['https://w.example', 'blocked', 'not on the allowlist', ''],
    ['https://no.w.example', 'blocked', 'denied: no.w.example', 'the file'],
    ['https://x.no.w.example', 'allowed', '*.w.example', 'the flag'],
    ['https://p.w.example:8443', 'blocked', 'denied: p.w.example:8443', 'the file'],
    ['https://1.2.3.4', 'blocked', 'address literal', ''],
    ['https://[::1]', 'blocked', 'address literal', ''],
    ['https://localhost', 'blocked', 'no full host name', ''],
    ['http://paude.internal/', 'allowed', "paude's own help page", ''],
    ['https://paude.internal/', 'blocked', 'not on the allowlist', ''],
  ] as const)('of %s is %s by %s', (url, decision, rule, why) =>
    expect(judge(policy(['a.example', '*.w.example'], ['no.w.example', 'p.w.example:8443']), url)).toEqual({
      decision,
      rule,
      why,
    }),
  )

  test.each([
    ['http://t.example:4318', true],
    ['http://t.example:443', true],
    ['https://t.example:4318', false],
  ])('of %s says whether a tunnel may carry what is no TLS', (url, closed) => {
    const place = url.replace(/^https?:\/\//, '')
    const target = readTarget(url)
    expect(carriesPlain(policy([place]), target)).toBe(false)
    expect(carriesPlain(policy([`http://${place}`]), target)).toBe(true)
    expect(carriesPlain(policy([place], [], { mode: 'record' }), target)).toBe(true)
    expect(judge(policy([`http://${place}`]), url)).toMatchObject({ decision: 'allowed', rule: `http://${place}` })
    expect(closed ? carriesPlain(policy([`http://${place}0`]), target) : false).toBe(false)
  })

  test('of what http:// opens still rests on every address', () =>
    expect(judge(policy(['http://t.example:4318']), 'http://t.example:4318', ['169.254.169.254'])).toMatchObject({
      decision: 'blocked',
      rule: 'at a private address: 169.254.169.254',
    }))

  test('rests on every address of the name', () => {
    const one = policy(['a.example', 'b.example@10.0.0.0/8'])
    expect(judge(one, 'a.example', ['8.8.8.8', '10.1.1.1'])).toMatchObject({
      decision: 'blocked',
      rule: 'at a private address: 10.1.1.1',
    })
    expect(judge(one, 'b.example', ['8.8.8.8', '10.1.1.1']).decision).toBe('allowed')
    expect(judge(one, 'b.example', ['192.168.1.1']).decision).toBe('blocked')
    expect(judge(one, 'a.example', [])).toMatchObject({ decision: 'blocked', rule: 'the name was not found' })
  })

  test.each(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254'])(
    'is never for metadata of a cloud: %s',
    (address) => {
      const wide = policy(['a.example', 'b.example@100.64.0.0/10', 'c.example@fc00::/7'])
      for (const host of ['a.example', 'b.example', 'c.example'])
        expect(judge(wide, host, [address])).toMatchObject({ decision: 'blocked', rule: `at a private address: ${address}` })
      expect(judge(policy([], [], { mode: 'record' }), 'a.example', [address]).decision).toBe('blocked')
      expect(judge(wide, 'b.example', ['100.100.100.201']).decision).toBe('allowed')
    },
  )

  test('of the provider depends on the path', () => {
    const injection = injectionAt('api.example')
    const one = policy(['api.example:443'], [], { injections: [injection] })
    expect(judge(one, 'https://api.example/v1/messages?beta=true').decision).toBe('allowed')
    expect(judge(one, 'https://api.example/v1/files').decision).toBe('blocked')
    expect(judge(one, 'https://api.example:8443/v1/messages').decision).toBe('blocked')
    expect(judge({ ...one, deny: [parseDeny('api.example', 'x')] }, 'https://api.example/v1/messages').decision).toBe('blocked')
  })

  test('while recording opens no port of this machine that is not named', () => {
    const one = policy(['host.paude.internal:3000'], [], { mode: 'record' })
    expect(judge(one, 'http://host.paude.internal:3000').decision).toBe('allowed')
    expect(judge(one, 'http://host.paude.internal:4573').decision).toBe('blocked')
    expect(judge(policy([], [], { mode: 'record' }), 'http://host.paude.internal:4573')).toMatchObject({
      decision: 'blocked',
      rule: 'not on the allowlist',
    })
  })

  test('while recording is for every public name', () => {
    const one = policy([], ['no.example'], { mode: 'record' })
    expect(judge(one, 'any.example').rule).toBe('record')
    expect(judge(one, 'any.example', ['10.0.0.1']).decision).toBe('blocked')
    expect(judge(one, 'no.example').decision).toBe('blocked')
    expect(judge(one, 'https://8.8.8.8').decision).toBe('blocked')
  })

  test.each([
    'ftp://a.example',
    'https://u@',
    'https://a.example@:80',
    '.',
    'a.example:0',
    'a.example:70000',
    '',
    'a b.example',
    'https://',
  ])('is not given to %j', (url) => expect(() => readTarget(url)).toThrow('not an address: '))
})

test('a host is the same with dots behind it or a user name before it, as squid sees it', () => {
  const one = policy(['a.example'], ['no.a.example'], { mode: 'open' })
  for (const written of ['a.example.', 'https://a.example..:443/x', 'http://u@a.example:443', 'https://u:p@x@A.example./'])
    expect(readTarget(written)).toMatchObject({ host: 'a.example', port: 443 })
  expect(judge(one, 'http://no.a.example.').decision).toBe('blocked')
  expect(judge(one, 'http://u@no.a.example/').decision).toBe('blocked')
  expect(judge(policy(['a.example']), 'https://a.example./').decision).toBe('allowed')
})

describe('denials', () => {
  test('are said in the fewest lines', () =>
    expect(
      mergeDenies(
        ['b.a.example:443', '*.a.example', 'c.example:1', 'c.example:2', 'd.example:1', 'd.example'].map((entry) =>
          parseDeny(entry, 'x'),
        ),
      ).map(({ host, ports }) => [host, ...ports]),
    ).toEqual([['*.a.example'], ['c.example', 1, 2], ['d.example']]))

  test('of one port do not take away those of all', () =>
    expect(mergeDenies(['*.a.example:443', 'b.a.example'].map((entry) => parseDeny(entry, 'x')))).toHaveLength(2))
})

describe('what is said to a running session', () => {
  const base = policy(['a.example'])
  const changes = [
    { verb: 'allow', entry: 'b.example', until: 0 },
    { verb: 'allow', entry: 'c.example', until: 2000 },
    { verb: 'deny', entry: 'a.example', until: 1500 },
  ] as const

  test('is laid over the policy of its start while it holds', () => {
    expect(judge(applied(base, changes, 1000), 'a.example').decision).toBe('blocked')
    expect(judge(applied(base, changes, 1500), 'a.example').decision).toBe('allowed')
    expect(judge(applied(base, changes, 1999), 'c.example').decision).toBe('allowed')
    expect(judge(applied(base, changes, 2000), 'c.example').decision).toBe('blocked')
    expect(judge(applied(base, changes, 9000), 'b.example').why).toBe(reasonOf(changes[0]))
  })

  test('becomes stages that need nobody to follow each other', () => {
    const stages = stagesOf(base, changes, 1000)
    expect(stages.map(({ from }) => from)).toEqual([0, 1500, 2000])
    expect(stageLines(stages)).toBe(stages.map(({ from, policy: one }) => `${from} ${revisionOf(one)}\n`).join(''))
    expect(stagesOf(base, changes, 1700).map(({ from }) => from)).toEqual([0, 2000])
  })
})

test('a revision stands for what is permitted, and not for who said it', () => {
  const one = policy(['a.example', 'b.example'])
  expect(revisionOf(one)).toBe(revisionOf({ ...policy(['b.example', 'a.example']), session: 's2' }))
  expect(revisionOf(one)).not.toBe(revisionOf(policy(['a.example'])))
  expect(revisionOf(one)).not.toBe(revisionOf(policy(['a.example', 'b.example'], ['c.example'])))
  expect(revisionOf(one)).not.toBe(revisionOf({ ...one, mode: 'open' }))
  expect(revisionOf(one)).toMatch(/^[0-9a-f]{12}$/)
})

test('a revision stays what it is when the policy is read from a file, whose fields come in another order', () => {
  const turned = <T extends object>(fields: T): T => Object.fromEntries(Object.entries(fields).toReversed()) as T
  const upstream = { scheme: 'http', host: 'proxy.example', port: 3128, except: ['*.example'], credentials: '' } as const
  const injection = {
    host: 'a.example',
    port: 443,
    scheme: 'https',
    header: 'X-Api-Key',
    prefix: '',
    way: 'bump',
    lead: '',
    api: usualProvider.api,
  } as const
  const one: Policy = {
    ...policy(['a.example']),
    injections: [injection],
    ways: { upstream, dns: ['10.0.0.1'], ip: 'any', bandwidth: 5 },
  }
  const read = { ...one, injections: [turned(injection)], ways: turned({ ...one.ways, upstream: turned(upstream) }) }
  expect(revisionOf(read)).toBe(revisionOf(one))
  for (const other of [[{ ...injection, port: 444 }], []])
    expect(revisionOf({ ...one, injections: other })).not.toBe(revisionOf(one))
})

test('of several providers each is reached at its own place and paths alone', () => {
  const one = { host: 'api.example', port: 443, scheme: 'https', way: 'bump', header: 'X-Api-Key', prefix: '', lead: '' } as const
  const injections = [
    { ...one, api: '/v1/messages' },
    { ...one, host: 'other.example', port: 8443, api: '/v1/responses' },
  ]
  const both = policy(['api.example', 'other.example'], [], { injections })
  const said = (address: string) => decide(both, readTarget(address), null).decision
  expect(said('https://api.example/v1/messages')).toBe('allowed')
  expect(said('https://other.example:8443/v1/responses')).toBe('allowed')
  expect(said('https://other.example:8443/v1/messages')).toBe('blocked')
  expect(said('https://other.example/v1/responses')).toBe('blocked')
  expect(said('https://api.example/v1/responses')).toBe('blocked')
})
