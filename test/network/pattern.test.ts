import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PaudeError } from '../../src/errors.ts'
import type { Allow } from '../../src/network/entry.ts'
import { heldEntry, hostOfAddress, matches, mergeAllows, parseAllow, portEntries } from '../../src/network/pattern.ts'
import { inside, PRIVATE_RANGES, readRange, withoutRange } from '../../src/network/ranges.ts'

const text = ({ host, ports, privateRange, plain }: Allow) =>
  `${plain ? 'http://' : ''}${host}:${ports.join(',')}${privateRange && `@${privateRange}`}`
const read = (entry: string) => text(parseAllow(entry, 'test'))

describe('an entry', () => {
  test.each([
    ['example.org', 'example.org:80,443'],
    ['EXAMPLE.Org.', 'example.org:80,443'],
    ['example.org:8443', 'example.org:8443'],
    ['*.example.org', '*.example.org:80,443'],
    ['*.a.example.org:443', '*.a.example.org:443'],
    ['_dmarc.example.org', '_dmarc.example.org:80,443'],
    ['bücher.example', 'xn--bcher-kva.example:80,443'],
    ['BÜCHER.example', 'xn--bcher-kva.example:80,443'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example:80,443'],
    ['host.paude.internal:3000', 'host.paude.internal:3000'],
    ['http://OTEL.example:4318', 'http://otel.example:4318'],
    ['http://otel.example:4318/', 'http://otel.example:4318'],
    ['http://host.paude.internal:4318', 'http://host.paude.internal:4318'],
    ['http://otel.corp.example:4318@10.0.0.0/8', 'http://otel.corp.example:4318@10.0.0.0/8'],
    ['http://otel.example:80', 'http://otel.example:80'],
    ['git.corp.example@10.20.0.0/16', 'git.corp.example:80,443@10.20.0.0/16'],
    ['*.corp.example:8443@192.168.7.0/24', '*.corp.example:8443@192.168.7.0/24'],
    ['six.corp.example@FD00:1::/32', 'six.corp.example:80,443@fd00:1::/32'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example:80,443`],
  ])('%s is read as %s', (entry, canonical) => expect(read(entry)).toBe(canonical))

  test.each([
    ['', 'empty'],
    ['127.0.0.1', 'addresses are always denied'],
    ['10.1.2.3:80', 'addresses are always denied'],
    ['2130706433', 'addresses are always denied'],
    ['0x7f000001', 'addresses are always denied'],
    ['0x7f.1', 'addresses are always denied'],
    ['017700000001', 'addresses are always denied'],
    ['11.77.20', 'addresses are always denied'],
    ['1.2.3.0x4', 'addresses are always denied'],
    ['[::1]', 'addresses are always denied'],
    ['[::ffff:10.0.0.1]:443', 'addresses are always denied'],
    ['::1', 'addresses are always denied'],
    ['*.1.2', 'addresses are always denied'],
    ['https://example.org', 'scheme'],
    ['http://example.org', 'needs a port'],
    ['http://host.paude.internal', 'needs a port'],
    ['http://*.example.org:4318', 'http:// needs the full name of one host'],
    ['http://example.org:4318/path', 'an entry is a whole host, without a path'],
    ['http://10.0.0.1:4318', 'addresses are always denied'],
    ['http://[::1]:4318', 'addresses are always denied'],
    ['http://http://example.org:1', 'scheme'],
    ['ws://example.org:1', 'scheme'],
    ['example.org/path', 'an entry is a whole host, without a path'],
    ['example.org?x', 'an entry is a whole host, without a path'],
    ['example.org%2f', 'an entry is a whole host, without a path'],
    ['user.name@example.org', 'needs an address range'],
    ['a@b@c', 'more than one @'],
    ['example.org ', 'spaces'],
    ['exa\tmple.org', 'spaces'],
    ['example.org\nevil.test', 'spaces'],
    ['exa\u0000mple.org', 'spaces'],
    ['a..example.org', 'empty label'],
    ['.example.org', 'empty label'],
    ['example.org..', 'empty label'],
    [`${'a'.repeat(64)}.example`, 'it is not a valid host name'],
    [`${'a.'.repeat(126)}example`, 'it is not a valid host name'],
    ['-a.example', 'it is not a valid host name'],
    ['a-.example', 'it is not a valid host name'],
    ['a"b.example', 'it is not a valid host name'],
    ['localhost', 'never connects to itself'],
    ['localhost:3000', 'never connects to itself'],
    ['app.localhost', 'never connects to itself'],
    ['*', 'a star'],
    ['*.com', 'too wide'],
    ['a.*.b', 'a star'],
    ['*.*.example.org', 'a star'],
    ['example.org:0', 'port'],
    ['example.org:65536', 'port'],
    ['example.org:', 'port'],
    ['example.org:080', 'port'],
    ['example.org:http', 'port'],
    ['ｅxample.org', 'international'],
    ['example。org', 'international'],
    ['exam\u00adple.org', 'international'],
    ['１２７.0.0.1', 'international'],
    ['xn--a.example', 'international'],
    ['paude.internal', 'paude uses that name'],
    ['canary.paude.internal', 'paude uses that name'],
    ['*.paude.internal', 'paude uses that name'],
    ['host.paude.internal', 'needs a port'],
    ['host.paude.internal:80@10.0.0.0/8', 'no address range'],
    ['a.example@8.8.8.0/24', 'not inside private'],
    ['a.example@0.0.0.0/0', 'not inside private'],
    ['a.example@127.0.0.0/8', 'not inside private'],
    ['a.example@169.254.0.0/16', 'not inside private'],
    ['a.example@100.100.100.200/32', 'metadata address of a cloud'],
    ['a.example@fd00:ec2::254/128', 'metadata address of a cloud'],
    ['a.example@10.0.0.1/8', 'needs an address range'],
    ['a.example@10.0.0.0', 'needs an address range'],
    ['a.example@10.0.0.0/33', 'needs an address range'],
    ['a.example@10.0.0.0/08', 'needs an address range'],
  ])('%j is refused: %s', (entry, reason) => {
    const error = thrown(() => parseAllow(entry, 'test'))
    if (!(error instanceof PaudeError)) throw new Error('was accepted', { cause: error })
    expect(error.code).toBe('usage')
    expect(error.message).toContain(reason)
    expect(error.message).toContain(JSON.stringify(entry).replace('\u00ad', '\\u00ad'))
    expect(error.hint).not.toBe('')
  })

  const letters = 'abz.019-_*:@/[]%xn ü１\u0000A'
  const hostile = fc.oneof(
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 24 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.domain(),
  )

  test('what is accepted is safe to write into squid.conf, and reads as itself', () =>
    fc.assert(
      fc.property(hostile, (entry) => {
        const allow = accepted(entry)
        if (allow === null) return
        expect(allow.host).toMatch(/^(\*\.)?[a-z0-9_.-]+$/)
        expect(allow.privateRange).toMatch(/^[0-9a-f.:/]*$/)
        for (const port of allow.ports)
          expect(text(parseAllow(`${allow.host}:${port}${allow.privateRange && `@${allow.privateRange}`}`, ''))).toBe(
            text({ ...allow, ports: [port] }),
          )
      }),
      { numRuns: 3000 },
    ))
})

test.each([
  ...['example.org', 'a-b.c_d.example', '_srv._tcp.example.org', '1.example.a1', `${'x'.repeat(63)}.example`, 'a'.repeat(64)],
  ...[
    '-a.example',
    'a-.example',
    'a..example',
    '.example',
    'example',
    'example.1',
    '10.0.0.1',
    '0x7f.1',
    `${'ab.'.repeat(90)}example`,
  ],
  ...['xn--bcher-kva.example', 'xn--a.example', 'a.xn--zz', 'host.paude.internal', 'a.paude.internal', 'my-paude.internal'],
  ...['localhost', 'a.localhost', 'notlocalhost.example', 'Example.org', 'a.example-', 'a.internal', `${'x'.repeat(64)}.example`],
  ...[`${'abc.'.repeat(61)}example`, `${'abc.'.repeat(61)}examples1`, `${'abc.'.repeat(61)}examples12`],
])('%s is read alike in one look and, with a dot at its end, in many', (name) => {
  const outcome = (entry: string) => {
    try {
      return parseAllow(entry, 'test')
    } catch (error) {
      // The message quotes what was written.
      return error instanceof Error ? error.message.slice(error.message.lastIndexOf(':')) : error
    }
  }
  expect(outcome(name)).toEqual(outcome(`${name}.`))
})

describe('merging', () => {
  const merged = (...entries: readonly string[]) => mergeAllows(entries.map((entry) => parseAllow(entry, 'test'))).map(text)

  test.each([
    [
      ['b.example:443', 'a.example:443'],
      ['a.example:443', 'b.example:443'],
    ],
    [['a.example:443', 'a.example:8443'], ['a.example:443,8443']],
    [['x.a.example', '*.a.example'], ['*.a.example:80,443']],
    [['*.x.a.example', '*.a.example'], ['*.a.example:80,443']],
    [
      ['a.example', '*.a.example'],
      ['*.a.example:80,443', 'a.example:80,443'],
    ],
    [
      ['x.a.example:22', '*.a.example'],
      ['*.a.example:80,443', 'x.a.example:22'],
    ],
    [['x.a.example', '*.a.example@10.0.0.0/8'], ['*.a.example:80,443@10.0.0.0/8']],
    [
      ['x.a.example@10.0.0.0/8', '*.a.example'],
      ['*.a.example:80,443', 'x.a.example:80,443@10.0.0.0/8'],
    ],
  ])('%j become %j', (entries, expected) => expect(merged(...entries)).toEqual(expected))

  test('reasons are kept, also of a line that a wildcard covers', () => {
    const list = [parseAllow('a.b.example', 'one'), parseAllow('*.b.example', 'two'), parseAllow('*.b.example', 'three')]
    expect(mergeAllows(list).map(({ why }) => why)).toEqual(['two; three; one'])
  })

  const name = fc.constantFrom('a.example', 'b.a.example', 'c.b.a.example', '*.a.example', '*.b.a.example', 'other.example')
  const entry = fc.record({
    host: name,
    ports: fc.uniqueArray(fc.constantFrom(80, 443, 8443), { minLength: 1 }).map((ports) => ports.sort((a, b) => a - b)),
    privateRange: fc.constantFrom('', '10.0.0.0/8'),
    why: fc.constantFrom('one', 'two'),
  })
  const permits = (list: readonly Allow[], host: string, port: number, range: string) =>
    list.some(
      (allow) => matches(allow.host, host) && allow.ports.includes(port) && (range === '' || allow.privateRange === range),
    )

  test('permits exactly what the list permitted, in any order, and once is enough', () =>
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (list) => {
        const once = mergeAllows(list)
        for (const host of ['a.example', 'b.a.example', 'c.b.a.example', 'd.c.b.a.example', 'other.example'])
          for (const port of [80, 443, 8443])
            for (const range of ['', '10.0.0.0/8'])
              expect(permits(once, host, port, range)).toBe(permits(list, host, port, range))
        expect(mergeAllows(once)).toEqual(once)
        expect(mergeAllows(list.toReversed()).map(text)).toEqual(once.map(text))
      }),
    ))
})

test('a wildcard never stands for its own name, nor for this machine', () => {
  expect(matches('*.a.example', 'a.example')).toBe(false)
  expect(matches('*.a.example', 'xa.example')).toBe(false)
  expect(matches('*.paude.internal', 'host.paude.internal')).toBe(false)
  expect(matches('*.a.example', 'b.a.example')).toBe(true)
})

test('opening a range leaves every other private address closed', () =>
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 8, max: 32 }), fc.nat(2 ** 32 - 1), (base, length, probe) => {
      const opened = `${dotted(Math.floor(base / 2 ** (32 - length)) * 2 ** (32 - length))}/${length}`
      const holds = (list: readonly string[]) => list.some((range) => contains(range, `${dotted(probe)}/32`))
      expect(holds(withoutRange(PRIVATE_RANGES, opened))).toBe(holds(PRIVATE_RANGES) && !contains(opened, `${dotted(probe)}/32`))
    }),
    {
      examples: [
        [0x0a020000, 16, 0x0a020304],
        [0x0a020000, 16, 0x0a030304],
        [0xc0a80700, 24, 0xc0a80801],
      ],
    },
  ))

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

function contains(outer: string, inner: string): boolean {
  const [one, other] = [readRange(outer), readRange(inner)]
  return one !== null && other !== null && inside(other, one)
}

function accepted(entry: string): Allow | null {
  try {
    return parseAllow(entry, '')
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}

describe('http:// before an entry', () => {
  const merged = (...entries: readonly string[]) => mergeAllows(entries.map((entry) => parseAllow(entry, 'test'))).map(text)

  test('covers the same place without it, and is covered by nothing but itself', () => {
    expect(merged('a.example:4318', 'http://a.example:4318')).toEqual(['http://a.example:4318'])
    expect(merged('*.b.example:4318', 'http://a.b.example:4318')).toEqual(['*.b.example:4318', 'http://a.b.example:4318'])
    expect(merged('a.example:443', 'http://a.example:4318')).toEqual(['a.example:443', 'http://a.example:4318'])
    expect(merged('http://a.example:4318', 'http://a.example:4319')).toEqual(['http://a.example:4318,4319'])
  })

  test('stays where an entry is written anew', () => {
    expect(heldEntry('http://OTEL.example:4318/')).toBe('http://otel.example:4318')
    expect(portEntries(parseAllow('http://a.example:1@10.0.0.0/8', ''))).toEqual(['http://a.example:1@10.0.0.0/8'])
  })
})

test.each([
  ['https://github.com/foo', 'github.com'],
  ['HTTPS://user:secret@GitHub.com/foo?x=1#y', 'github.com'],
  ['https://example.org:8443/x', 'example.org:8443'],
  ['http://example.org/x', 'example.org'],
  ['http://example.org:8080/x', 'example.org:8080'],
  ['github.com/foo/bar', 'github.com'],
  // Entries as they are, and what is no address.
  ['http://example.org:8080', null],
  ['http://example.org:8080/', null],
  ['name.example@10.0.0.0/8', null],
  ['example.org', null],
  ['@github', null],
  ['ftp://example.org/x', null],
  ['https://[::1]/x', null],
])('the address %j means the host %j', (address, host) => {
  expect(hostOfAddress(address)).toBe(host)
})
