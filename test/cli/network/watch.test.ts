import { describe, expect, test } from 'bun:test'
import { because } from '../../../src/cli/network/because.ts'
import { firstRow, layoutOf, type Row, type View, watchPicture } from '../../../src/cli/network/watch-picture.ts'

const row = (host: string, rest: Partial<Row> = {}): Row => ({
  host,
  port: 443,
  count: 1,
  last: '2026-01-02T03:04:05.000Z',
  program: 'curl/8.5.0',
  rule: 'not on the allowlist',
  state: 'blocked',
  why: '',
  ...rest,
})
const LONG = `a-name-that-${'goes-on-and-on-'.repeat(6)}for-ever.deep.down.example.org`
const view = (rows: readonly Row[], rest: Partial<View> = {}): View => ({
  title: 'network of paude-bcd234 (fix-login) · restricted',
  rows,
  chosen: 0,
  first: 0,
  unseen: 0,
  said: '',
  ended: false,
  keys: false,
  ...rest,
})
const drawn = (one: View, columns = 100, height = 30) =>
  watchPicture(one, layoutOf(one, { columns, height })).map((line) => Bun.stripANSI(line).trimEnd())

describe.each([60, 71, 72, 80, 100, 200])('in %p columns', (columns) => {
  const rows = [row('a.example.org', { port: 8081, rule: 'port' }), row(LONG, { port: 8443 }), row('b.example.org')]
  const lines = drawn(view(rows, { said: 'words that are longer than a line '.repeat(4).trim() }), columns)

  test('no line is wider than the terminal', () => {
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns)
  })

  test('every column is there, and a long host is cut before its port', () => {
    expect(lines[1]?.split(/ +/)).toEqual(['', 'STATE', 'HOST', 'TIMES', 'LAST', 'PROGRAM', 'BECAUSE'])
    expect(lines[2]).toStartWith('> blocked')
    for (const at of [2, 3, 4]) {
      expect(lines[at]).toMatch(/ 1 +03:04/)
      expect(lines[at]).toMatch(/ curl/)
    }
    expect(lines[3]).toMatch(columns < 200 ? /a.*….*:8443 / : / a-name-that-.*:8443 /)
    expect(lines[3]?.indexOf('03:04')).toBe(lines[4]?.indexOf('03:04') ?? -1)
  })

  test('what is said is there in full, and so is every key', () => {
    expect(lines.join(' ')).toContain('words that are longer than a line words')
    expect(lines.join(' ').match(/words that are longer than a line/g)).toHaveLength(4)
    for (const key of ['o a minute', 's session', 'p project', 'u user', 'n deny', 'z undo', 'q quit'])
      expect(lines.filter((line) => line.includes(key))).toHaveLength(1)
  })
})

test('the chosen row that had to be cut is told in full below', () => {
  const lines = drawn(view([row(LONG, { port: 8443 })]), 60)
  expect(lines.slice(3).join('')).toContain(`${LONG}:8443`)
  expect(drawn(view([row('a.example')])).filter((line) => line.includes('a.example'))).toHaveLength(1)
})

describe.each([40, 60, 100])('the end of a host that is as long as a name may be, in %p columns,', (columns) => {
  const long = `packages.sample.org.${'a.'.repeat(112)}ev.il`

  test('is below its row', () => {
    expect(
      drawn(view([row(long)]), columns)
        .slice(4)
        .join(''),
    ).toContain('.ev.il:443')
  })

  test('is in its row and below it when TLS names it', () => {
    const [, , one = '', , ...below] = drawn(view([row('a.example', { rule: `sni differs: ${long}` })]), columns)
    expect(one).toEndWith('v.il')
    expect(below.join(' ')).toContain('.ev.il')
  })
})

test.each([5, 8, 12])('a terminal of %p lines gets no more than it has', (height) => {
  const rows = Array.from({ length: 20 }, (_, at) => row(`h${at}.example`))
  expect(drawn(view(rows, { said: 'word '.repeat(200) }), 60, height).length).toBeLessThanOrEqual(height)
  expect(drawn(view(rows, { keys: true }), 60, height).length).toBeLessThanOrEqual(height)
})

test('where there is room for the reason, a long host gives way to it', () => {
  expect(drawn(view([row(LONG)]), 80)[2]).toEndWith('not on the allowlist')
})

test('a row says what would become of it now', () => {
  const lines = drawn(view([row('a.example', { state: 'denied' }), row('b.example', { state: 'allowed' })]))
  expect(lines[2]).toStartWith('> denied   a.example')
  expect(lines[3]).toStartWith('  allowed  b.example')
})

test('the title names the session and its mode', () => {
  expect(drawn(view([]))[0]).toBe('network of paude-bcd234 (fix-login) · restricted')
})

test('when the session has ended the keys that allow are gone', () => {
  const lines = drawn(view([row('a.example')], { ended: true })).join('\n')
  expect(lines).not.toContain('session ·')
  expect(lines).not.toContain('undo')
  expect(lines).toContain('q quit')
})

describe('more rows than there is room for', () => {
  const rows = Array.from({ length: 40 }, (_, at) => row(`h${at}.example`))

  test('scroll with the chosen one, and a line tells what is above and below', () => {
    const one = view(rows, { chosen: 20, first: 15, unseen: 3 })
    const { room } = layoutOf(one, { columns: 100, height: 20 })
    const lines = drawn(one, 100, 20)
    expect(lines.length).toBeLessThanOrEqual(20)
    expect(lines.filter((line) => /^(> | {2})blocked/.test(line))).toHaveLength(room)
    expect(lines.find((line) => line.startsWith('> '))).toContain('h20.example')
    expect(lines.join('\n')).toContain(`16 to ${15 + room} of 40 · ↑ 3 new above · ↓ ${25 - room} below`)
  })

  test.each([
    [0, { chosen: 5, room: 10, count: 40 }, 0],
    [0, { chosen: 12, room: 10, count: 40 }, 3],
    [20, { chosen: 12, room: 10, count: 40 }, 12],
    [35, { chosen: 38, room: 10, count: 40 }, 30],
    [7, { chosen: 2, room: 10, count: 4 }, 0],
  ])('from row %p on, %o begins at %p', (before, wanted, first) => expect(firstRow(before, wanted)).toBe(first))
})

test('the keys are explained where somebody asks for them', () => {
  const lines = drawn(view([row('a.example')], { keys: true }), 60).join('\n')
  expect(lines).toContain("the project's paude.toml")
  expect(lines).not.toContain('a.example')
})

test.each([
  ['port', 8081, 'port 8081 is not allowed'],
  ['not on the allowlist then', 443, 'was not allowed then'],
  ['not on the allowlist', 443, 'not on the allowlist'],
  ['denied: *.example', 443, 'denied by *.example'],
])('%s is told in words', (rule, port, words) => expect(because(rule, port)).toBe(words))

test('a row that was decided since says by whom, in place of why it was blocked', () => {
  const lines = drawn(
    view([
      row('a.example', { state: 'allowed', why: 'allowed by you for this session' }),
      row('b.example', { state: 'denied', why: 'denied by you for this session' }),
      row('c.example'),
    ]),
  )
  expect(lines.find((line) => line.includes('a.example'))).toEndWith('allowed by you for this session')
  expect(lines.find((line) => line.includes('b.example'))).toEndWith('denied by you for this session')
  expect(lines.find((line) => line.includes('c.example'))).toEndWith('not on the allowlist')
})

test('a row that waits says for how long, and one that nobody answered says so', () => {
  const lines = drawn(
    view([
      row('a.example', { state: 'waiting', why: 'waits 42 s for your key', rule: 'waits for your answer' }),
      row('b.example', { rule: 'waits for your answer' }),
    ]),
  )
  expect(lines.find((line) => line.includes('a.example'))).toMatch(/^> waiting .* waits 42 s for your key$/)
  expect(lines.find((line) => line.includes('b.example'))).toMatch(/^ {2}blocked .* no answer in time$/)
})
