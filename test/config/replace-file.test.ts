import { afterEach, beforeEach, expect, test } from 'bun:test'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { replaceFile } from '../../src/config/files/replace-file.ts'

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-replace-'))
})
afterEach(() => rmSync(room, { recursive: true }))

const replace = (path: string) => replaceFile(path, 'after', { mode: 0o600, folderMode: 0o700, hint: 'check its permissions' })

test.each([
  ['a named pipe', (path: string) => void Bun.spawnSync(['mkfifo', path])],
  ['a link to a device', (path: string) => symlinkSync('/dev/null', path)],
  ['a folder', (path: string) => mkdirSync(path)],
])('%s is never replaced by a file', (_, make) => {
  const path = join(room, 'config.toml')
  make(path)
  const { mode, ino } = lstatSync(path)
  expect(() => replace(path)).toThrow(`cannot write ${path}: it is not a regular file`)
  expect(lstatSync(path)).toMatchObject({ mode, ino })
  expect(readdirSync(room)).toEqual(['config.toml'])
})

test('a file is made, and replaced at once', () => {
  const path = join(room, 'inner/config.toml')
  for (const before of [null, 'before']) {
    if (before !== null) writeFileSync(path, before)
    replace(path)
    expect([readFileSync(path, 'utf8'), readdirSync(join(room, 'inner'))]).toEqual(['after', ['config.toml']])
  }
})
