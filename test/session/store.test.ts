import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { requirePrivate } from '../../src/state.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-store-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))

const hostWith = (name: string) => ({ ...readHost(), env: { XDG_STATE_HOME: join(room, name) } })

test('a state folder that is missing or private is accepted', () => {
  expect(() => requirePrivate(hostWith('missing'))).not.toThrow()
  mkdirSync(join(room, 'private/paude/sessions'), { recursive: true, mode: 0o700 })
  expect(() => requirePrivate(hostWith('private'))).not.toThrow()
})

test('a state folder that others can write to is refused', () => {
  mkdirSync(join(room, 'open/paude/sessions'), { recursive: true })
  chmodSync(join(room, 'open/paude/sessions'), 0o777)
  expect(() => requirePrivate(hostWith('open'))).toThrow('is writable for other users')
})

test('a state folder that is a link is refused', () => {
  mkdirSync(join(room, 'elsewhere'))
  mkdirSync(join(room, 'link'))
  symlinkSync(join(room, 'elsewhere'), join(room, 'link/paude'))
  expect(() => requirePrivate(hostWith('link'))).toThrow('is not a folder')
})
