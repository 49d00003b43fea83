import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proxyContext } from '../../src/image/embedded.ts'

/** What the proxy makes of the lines it is told, for these lines of its policy. */
async function told(
  inject: string,
  stdin: string,
  /** Further calls in the same place: places and lines. */
  renewals: readonly (readonly [places: readonly string[], lines: string])[] = [],
): Promise<{ readonly code: number; readonly conf: string; readonly query: string }> {
  const root = mkdtempSync(join(tmpdir(), 'paude-secret-'))
  for (const folder of ['policy', 'run']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'policy/inject'), inject)
  const script = proxyContext['secret']?.replaceAll('/paude/policy', `${root}/policy`).replaceAll('/run/', `${root}/run/`) ?? ''
  const run = (words: readonly string[], lines: string) =>
    Bun.spawn(['bash', '-c', script, 'secret', ...words], { stdin: Buffer.from(lines), stderr: 'ignore', stdout: 'ignore' })
      .exited
  let code = await run([], stdin)
  for (const [places, lines] of renewals) code = await run(['renew', ...places], lines)
  const written = (name: string) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : '')
  return { code, conf: written('run/inject.conf'), query: written('run/query') }
}

const TWO = 'https X-Api-Key\nhttps Authorization Bearer\n'

test.each([
  ['one', 'https X-Api-Key\n', 'key-1', 'request_header_add X-Api-Key "key-1" inject\n'],
  ['a bearer', 'http Authorization Bearer\n', 'key-1\n', 'request_header_add Authorization "Bearer key-1" inject\n'],
  [
    'two',
    TWO,
    'key-1\nkey-2',
    'request_header_add X-Api-Key "key-1" inject\nrequest_header_add Authorization "Bearer key-2" inject2\n',
  ],
  ['two, and a login', TWO, 'key-1\nkey-2\nname:word\n', expect.stringMatching(/"key-1" inject\n.*"Bearer key-2" inject2\n$/)],
])('each credential goes to its own provider: %s', async (_name, inject, stdin, conf) =>
  expect(await told(inject, stdin)).toEqual({ code: 0, conf, query: '' }),
)

test.each([
  ['one that is missing', TWO, 'key-1\n'],
  ['one that would be configuration', TWO, 'key-1\nkey"2\n'],
  ['none', TWO, ''],
])('%s leaves all of them out', async (_name, inject, stdin) =>
  expect(await told(inject, stdin)).toEqual({ code: 1, conf: '', query: '' }),
)

test('one for the query is kept apart from what squid reads, with the signs that mean something else there', async () => {
  const { code, conf, query } = await told('https X-Api-Key\nhttps ?key a-placeholder-of-it\n', 'key-1\na+b/c==\n')
  expect({ code, conf }).toEqual({ code: 0, conf: 'request_header_add X-Api-Key "key-1" inject\n' })
  expect(query).toBe('2 key a-placeholder-of-it a%2Bb/c%3D%3D\n')
})

const THREE = `${TWO}https ?key a-placeholder-of-it\n`

test.each([
  ['1', 'new-2', 'key-1', 'new-2', 'key-3'],
  ['0 2', 'new-1\nnew+3', 'new-1', 'key-2', 'new%2B3'],
  ['2 1 0', 'new-3\nnew-2\nnew-1\n', 'new-1', 'new-2', 'new-3'],
])('those of the places %s are renewed, and the others stay', async (places, lines, one, two, three) => {
  const conf = `request_header_add X-Api-Key "${one}" inject\nrequest_header_add Authorization "Bearer ${two}" inject2\n`
  expect(await told(THREE, 'key-1\nkey-2\nkey-3\n', [[places.split(' '), lines]])).toEqual({
    code: 0,
    conf,
    query: `3 key a-placeholder-of-it ${three}\n`,
  })
})

test.each([
  ['a place that is none', ['3'], 'new\n'],
  ['no number', ['1x'], 'new\n'],
  ['fewer lines than places', ['0', '1'], 'new\n'],
  ['one that would be configuration', ['0', '1'], 'new\nnew"2\n'],
])('%s leaves all as they were', async (_name, places, lines) => {
  const before = await told(THREE, 'key-1\nkey-2\nkey-3\n')
  expect(await told(THREE, 'key-1\nkey-2\nkey-3\n', [[places, lines]])).toEqual({ ...before, code: 1 })
})

test('nothing is renewed where nothing was told', async () =>
  expect((await told(TWO, 'key"\n', [[['0'], 'new\n']])).code).toBe(1))

describe.skipIf(Bun.which('mawk') === null)('a placeholder in a query', () => {
  const root = mkdtempSync(join(tmpdir(), 'paude-query-'))
  writeFileSync(join(root, 'query'), '2 key the-placeholder REAL%2B\n3 sig.n other-one OTHER\n')
  const script = proxyContext['query.awk']?.replaceAll('/run/query', join(root, 'query')) ?? ''
  const rewritten = (lines: readonly string[]) =>
    Bun.spawnSync(['mawk', '-W', 'interactive', script], { stdin: Buffer.from(lines.map((line) => `${line}\n`).join('')) })
      .stdout.toString()
      .split('\n')
  const at = 'https://a.example.org/x'

  test('becomes the value, where squid says so', () =>
    expect(
      rewritten([
        `${at}?key=the-placeholder 2`,
        `${at}?a=1&key=the-placeholder&b=2 1,2`,
        `${at}?key=the-placeholder&sig.n=other-one 2,3`,
        `${at}?q=why%3F%26%23&&key=the-placeholder& 2`,
        `${at}%3Fa=1&b?key=the-placeholder 2`,
        `${at}?key=the-placeholder 1`,
        `${at}?key=the-placeholder -`,
        `${at}?key=the-placeholder`,
        `${at}?key=the-placeholder&${'x'.repeat(8000)} 2`,
      ]),
    ).toEqual([
      `OK rewrite-url="${at}?key=REAL%2B"`,
      `OK rewrite-url="${at}?a=1&key=REAL%2B&b=2"`,
      `OK rewrite-url="${at}?key=REAL%2B&sig.n=OTHER"`,
      `OK rewrite-url="${at}?q=why%3F%26%23&&key=REAL%2B&"`,
      `OK rewrite-url="${at}%3Fa=1&b?key=REAL%2B"`,
      ...Array<string>(4).fill('ERR'),
      '',
    ]))

  test.each([
    ['of the path', '&key=the-placeholder'],
    ['of a path that looks like a query decoded', '%3Fa=1&key=the-placeholder'],
    ['of the path before a query', '&key=the-placeholder?a=1'],
    ['of the path and the query', '/the-placeholder?key=the-placeholder'],
    ['of another parameter', '?cb=https://b.example.org/?key=the-placeholder'],
    ['of a query in a parameter', '?cb=https://b.example.org/?a=1&key=the-placeholder'],
    ['of a longer value', '?key=the-placeholder-and-more'],
    ['of a longer name', '?monkey=the-placeholder'],
    ['behind an encoded &', '?a=1%26key=the-placeholder'],
    ['before an encoded &', '?key=the-placeholder%26a=1'],
    ['behind an encoded =', '?key%3Dthe-placeholder'],
    ['behind an encoded ?', '?a=%3Fkey=the-placeholder'],
    ['behind ;', '?a=1;key=the-placeholder'],
    ['before ;', '?key=the-placeholder;a=1'],
    ['of a fragment', '#?key=the-placeholder'],
    ['of a query with a fragment', '?a=1#&key=the-placeholder'],
    ['before a fragment', '?key=the-placeholder&a#b'],
    ['of another letter case', '?KEY=the-placeholder'],
    ['of an encoded name', '?k%65y=the-placeholder'],
    ['twice', '?key=the-placeholder&key=the-placeholder'],
    ['once more in another parameter', '?key=the-placeholder&b=the-placeholder'],
    ['beside a control character', '?key=the-placeholder&a=\u0001'],
    ['beside a quote', '?key=the-placeholder&a="'],
    ['beside a backslash', '?key=the-placeholder&a=\\\\'],
    ['before a space', '?key=the-placeholder&a b=1'],
  ])('stays as a part %s', (_, rest) => expect(rewritten([`${at}${rest} 2`])).toEqual(['ERR', '']))

  test('stays where that of another credential has to stay', () =>
    expect(
      rewritten([`${at}?key=the-placeholder&sigxn=other-one 2,3`, `${at}?key=the-placeholder&sig.n=other-one;a 2,3`]),
    ).toEqual(['ERR', 'ERR', '']))
})
