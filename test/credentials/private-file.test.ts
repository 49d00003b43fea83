import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PrivateRule, readPrivate } from '../../src/credentials/private-file.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-private-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const file = join(room, 'own')
writeFileSync(file, 'secret', { mode: 0o600 })
symlinkSync(file, join(room, 'link'))
mkdirSync(join(room, 'folder'), { mode: 0o700 })
for (const mode of [0o640, 0o604, 0o620]) {
  writeFileSync(join(room, mode.toString(8)), 'secret')
  chmodSync(join(room, mode.toString(8)), mode)
}
const rule: PrivateRule = { uid: process.getuid?.() ?? 0, limit: 6, links: 'refuse' }

test('a private file is read up to its limit', () => {
  expect(readPrivate(file, rule)).toBe('secret')
  expect(readPrivate(file, { ...rule, limit: 5 })).toEqual({ kind: 'shape' })
})

test('a link to a private file is followed only where the rule says so', () => {
  expect(readPrivate(join(room, 'link'), { ...rule, links: 'follow' })).toBe('secret')
  expect(readPrivate(join(room, 'link'), rule)).toMatchObject({ kind: 'closed', code: 'ELOOP' })
})

test('a private file that is missing is told by the code of the system', () => {
  expect(readPrivate(join(room, 'nowhere'), rule)).toMatchObject({ kind: 'closed', code: 'ENOENT' })
})

test('a folder and a FIFO without a writer are no private files, and nothing waits for them', () => {
  expect(Bun.spawnSync(['mkfifo', '-m', '600', join(room, 'fifo')]).exitCode).toBe(0)
  expect(readPrivate(join(room, 'folder'), rule)).toEqual({ kind: 'shape' })
  expect(readPrivate(join(room, 'fifo'), rule)).toEqual({ kind: 'shape' })
})

test('a file of another user is no private file', () => {
  expect(readPrivate(file, { ...rule, uid: rule.uid + 1 })).toEqual({ kind: 'owner' })
})

test('a file that others can read or write is no private file', () => {
  for (const mode of ['640', '604', '620']) expect(readPrivate(join(room, mode), rule)).toEqual({ kind: 'mode' })
})
