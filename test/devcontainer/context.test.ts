import { afterAll, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contextHash } from '../../src/devcontainer/context.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-context-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
beforeEach(() => {
  rmSync(room, { recursive: true, force: true })
  mkdirSync(join(room, 'sub'), { recursive: true })
  writeFileSync(join(room, 'a'), 'one')
  writeFileSync(join(room, 'sub/b'), 'two')
  symlinkSync('/etc/passwd', join(room, 'link'))
})

test('the same files have the same hash', () => {
  expect(contextHash(room)).toBe(contextHash(room))
})

test.each([
  ['other content', () => writeFileSync(join(room, 'sub/b'), 'twO')],
  ['another name', () => renameSync(join(room, 'a'), join(room, 'c'))],
  ['another folder', () => renameSync(join(room, 'a'), join(room, 'sub/a'))],
  ['a further file', () => writeFileSync(join(room, 'sub/c'), '')],
  ['a further folder', () => mkdirSync(join(room, 'sub/c'))],
  [
    'another link',
    () => {
      unlinkSync(join(room, 'link'))
      symlinkSync('/etc/shadow', join(room, 'link'))
    },
  ],
  [
    'a file instead of a link',
    () => {
      unlinkSync(join(room, 'link'))
      writeFileSync(join(room, 'link'), '/etc/passwd')
    },
  ],
] as readonly (readonly [string, () => void])[])('%s gives another', (_, change) => {
  const before = contextHash(room)
  change()
  expect(contextHash(room)).not.toBe(before)
})

test('what a pipe would say is not waited for', () => {
  Bun.spawnSync(['mkfifo', join(room, 'pipe')])
  expect(contextHash(room)).toHaveLength(64)
})

test('more than can be looked through is refused', () => {
  writeFileSync(join(room, 'large'), '')
  truncateSync(join(room, 'large'), 512 * 1024 ** 2 + 1)
  expect(() => contextHash(room)).toThrow('holds too much for the context of a build')
})
