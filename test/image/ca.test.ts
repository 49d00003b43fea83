import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificates, extraCaCertificates } from '../../src/image/ca.ts'

const root = mkdtempSync(join(tmpdir(), 'paude-ca-'))
afterAll(() => rmSync(root, { recursive: true }))

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`
const linux = { platform: 'linux' } as const
const put = (name: string, content: string) => {
  mkdirSync(join(root, name, '..'), { recursive: true })
  writeFileSync(join(root, name), content)
  return join(root, name)
}

test("takes the distribution's extra folders together, sorted, each certificate once", () => {
  put('one/b.crt', `comment\r\n${pem('BBBB').replaceAll('\n', '\r\n')}\r\n`)
  put('one/deep/a.pem', `${pem('AAAA')}\n${pem('BBBB')}\n`)
  put('two/c.crt', pem('CCCC'))
  put('two/ignored.txt', pem('DDDD'))
  put('two/broken.crt', 'not a certificate')
  const folders = [join(root, 'two'), join(root, 'nowhere'), join(root, 'one')]
  expect(extraCaCertificates(linux, [], folders)).toBe(`${pem('AAAA')}\n${pem('BBBB')}\n${pem('CCCC')}\n`)
  expect(extraCaCertificates(linux, [], folders.toReversed())).toBe(extraCaCertificates(linux, [], folders))
})

test('finds nothing where there are no such folders', () => {
  expect(extraCaCertificates(linux, [], [join(root, 'nowhere')])).toBe('')
  expect(extraCaCertificates({ platform: 'darwin' }, [], [join(root, 'one')])).toBe('')
})

test('keys never come along', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'
  expect(certificates(`${key}\n${pem('AAAA')}\n${key}`)).toEqual([pem('AAAA')])
})

test('named files stand in for the folders', () => {
  expect(extraCaCertificates(linux, [put('named.pem', pem('NNNN'))], [join(root, 'one')])).toBe(`${pem('NNNN')}\n`)
})

test.each([
  ['is missing', () => join(root, 'absent.pem'), /cannot be read$/],
  ['is a folder', () => root, /cannot be read$/],
  ['holds no certificate', () => put('empty.pem', 'hello'), /has no certificate in it$/],
  ['is too large', () => put('huge.pem', `${pem('AAAA')}${' '.repeat(1024 * 1024)}`), /is too large for/],
])('a named file that %s is refused', (_, path, message) => {
  expect(() => extraCaCertificates(linux, [path()])).toThrow(message)
})

test('all together stay below the bound', () => {
  const files = [1, 2, 3].map((n) => put(`big${n}.pem`, pem(`${n}`.repeat(400_000))))
  expect(() => extraCaCertificates(linux, files)).toThrow(/ KiB \(limit 1024\)$/)
})
