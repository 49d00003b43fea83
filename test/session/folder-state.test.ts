import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderState } from '../../src/session/record/folder-state.ts'

const me = { uid: process.getuid?.() ?? 0 }
const another = { uid: me.uid + 1 }

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-folder-'))
  mkdirSync(join(room, 'there'))
  writeFileSync(join(room, 'file'), '')
  symlinkSync('nowhere', join(room, 'dangling'))
  symlinkSync('there', join(room, 'link'))
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

test('a folder that is there is yours, or nobody can tell', () => {
  expect(folderState(me, join(room, 'there'))).toBe('own')
  expect(folderState(me, join(room, 'dangling'))).toBe('own')
  expect(folderState(another, join(room, 'there'))).toBe('unsure')
})

test('one was deleted only where the folder above it is there and yours', () => {
  expect(folderState(me, join(room, 'gone'))).toBe('deleted')
  expect(folderState(another, join(room, 'gone'))).toBe('unsure')
  for (const place of ['gone/further', 'file/gone', 'link/gone', `there/${'x'.repeat(300)}`])
    expect([place, folderState(me, join(room, place))]).toEqual([place, 'unsure'])
})

test.each(['', 'gone', './gone'])('%j names no folder', (path) => expect(folderState(me, path)).toBe('unsure'))
