import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sizeOf } from '../../src/cli/machine/disk-size.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-size-'))
afterAll(() => rmSync(room, { recursive: true }))

test('a folder that is not there has no size, and that is all of it', () =>
  expect(sizeOf(join(room, 'none'))).toEqual({ bytes: 0, whole: true }))

test('everything below counts, but not what a link leads to', () => {
  const top = join(room, 'tree')
  mkdirSync(join(top, 'a/b'), { recursive: true })
  const before = sizeOf(top).bytes
  writeFileSync(join(top, 'a/one'), Buffer.alloc(1000))
  writeFileSync(join(top, 'a/b/two'), Buffer.alloc(500))
  expect(sizeOf(top)).toEqual({ bytes: before + 1500, whole: true })
  symlinkSync(room, join(top, 'up'))
  expect(sizeOf(top).bytes).toBe(before + 1500 + room.length)
})

test('what is not looked at is said', () => {
  const top = join(room, 'many')
  mkdirSync(top)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(top, name), Buffer.alloc(10))
  expect(sizeOf(top, 3)).toEqual({ bytes: 30, whole: true })
  expect(sizeOf(top, 2)).toEqual({ bytes: 20, whole: false })
})
