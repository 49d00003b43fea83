import { afterAll, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Asked, approvals, approve, isApproved, revoke } from '../../src/project/trust.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-trust-'))
const folder = join(room, 'trust')
const asked: Asked = {
  file: '/p/paude.toml',
  hash: 'h1',
  items: ['network.mode = open', 'network.allow = a.test'],
  before: { 'network.mode = open': 'restricted' },
  also: { '/p/ca.pem': 'c1' },
}
const [kept] = [() => join(folder, readdirSync(folder)[0] ?? '')]
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  approve(folder, asked, new Date(0))
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

test('what was approved is trusted, and is for the user alone', () => {
  expect(isApproved(folder, asked)).toBe(true)
  expect(isApproved(folder, { ...asked, items: [] })).toBe(true)
  expect([statSync(kept()).mode & 0o777, statSync(folder).mode & 0o777, readdirSync(folder).length]).toEqual([0o600, 0o700, 1])
})

test.each<[string, Partial<Asked>]>([
  ['other content', { hash: 'h2' }],
  ['another file', { file: '/q/paude.toml' }],
  ['one thing more, because the user has less now', { items: ['network.mode = open', 'limits.memory = 8g'] }],
  ['other content of a file it names', { also: { '/p/ca.pem': 'c2' } }],
  ['one more file', { also: { '/p/ca.pem': 'c1', '/p/other.pem': 'c1' } }],
])('%s is asked again', (_, change) => {
  expect(isApproved(folder, { ...asked, ...change })).toBe(false)
})

test.each<[item: string, then: string, now: string, holds: boolean]>([
  ['limits.memory = 8g', '4g', '512m', false],
  ['limits.memory = 8g', '4g', '4096m', true],
  ['limits.memory = 8g', '4g', '6g', true],
  ['limits.memory = 8g', '4g', '', true],
  ['limits.memory = none', '', '4g', false],
  ['limits.pids = 9000', '8192', '4096', false],
  ['network.mode = open', 'restricted', 'none', false],
  ['network.mode = open', 'none', 'restricted', true],
  ['image.pull = always', 'missing', 'never', false],
  ['image.ref = a', 'b', 'c', false],
  ['image.ref = a', '', '', true],
])('%s, said by who had %p, holds for who has %p: %p', (item, then, now, holds) => {
  const said = { ...asked, items: [item], before: { [item]: then } }
  approve(folder, said, new Date(0))
  expect(isApproved(folder, { ...said, before: { [item]: now } })).toBe(holds)
})

test('a word that does not say what the user had is asked for again, except about entries of lists', () => {
  revoke(folder, asked.file)
  approve(folder, { ...asked, before: {} }, new Date(0))
  expect(isApproved(folder, asked)).toBe(false)
  expect(isApproved(folder, { ...asked, items: ['network.allow = a.test'], before: {} })).toBe(true)
})

test('an approval that others could have written, or that is broken, is none', () => {
  chmodSync(kept(), 0o620)
  expect(isApproved(folder, asked)).toBe(false)
  chmodSync(kept(), 0o600)
  expect(isApproved(folder, asked)).toBe(true)
  const [path, text] = [kept(), readFileSync(kept(), 'utf8')]
  renameSync(path, join(room, 'elsewhere'))
  symlinkSync(join(room, 'elsewhere'), path)
  expect(isApproved(folder, asked)).toBe(false)
  rmSync(path)
  writeFileSync(path, text.slice(0, 20), { mode: 0o600 })
  expect([isApproved(folder, asked), approvals(folder)]).toEqual([false, []])
})

test('what is taken back is asked again', () => {
  approve(folder, { ...asked, file: '/a/paude.toml' }, new Date(0))
  expect(approvals(folder).map(({ file }) => file)).toEqual(['/a/paude.toml', '/p/paude.toml'])
  revoke(folder, '/p/paude.toml')
  revoke(folder, '/never/paude.toml')
  expect([isApproved(folder, asked), approvals(folder).length]).toEqual([false, 1])
})
