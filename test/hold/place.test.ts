import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { leaveSocketPath, makeSocketPath, socketPath } from '../../src/hold/place.ts'

let root = ''
/** What everybody may write to, as /tmp. */
let open = ''
const host = (env: Readonly<Record<string, string>> = {}) => ({ uid: process.getuid?.() ?? 0, env: { TMPDIR: open, ...env } })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paude-place-'))
  open = join(root, 'tmp')
  mkdirSync(open)
  chmodSync(open, 0o1777)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A session's folder whose path leaves no room for a socket. */
function far(name = 'paude-bcd234'): string {
  const folder = join(root, 'x'.repeat(100), name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

test('a socket lies beside the files of its session where the path is short enough', () => {
  const folder = join(root, 's')
  mkdirSync(folder)
  expect(makeSocketPath(host(), folder)).toBe(join(folder, 'holder.sock'))
  expect(socketPath(host(), folder)).toBe(join(folder, 'holder.sock'))
})

test('a folder that somebody else made first keeps no session from starting', () => {
  const squatted = join(open, `paude-${process.getuid?.() ?? 0}`)
  mkdirSync(squatted)
  chmodSync(squatted, 0o777)
  const path = makeSocketPath(host(), far())
  expect(dirname(path)).not.toBe(squatted)
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103)
})

test('other processes find the place, whatever their own environment says', () => {
  const folder = far()
  expect(socketPath(host(), folder)).toBeNull()
  const path = makeSocketPath(host({ XDG_RUNTIME_DIR: open }), folder)
  expect(socketPath(host({ TMPDIR: '/nonexistent' }), folder)).toBe(path)
  // A holder that was killed leaves its place to the next one.
  expect(makeSocketPath(host(), folder)).toBe(path)
})

test('two sessions have places of their own', () => {
  expect(makeSocketPath(host(), far('paude-bcd234'))).not.toBe(makeSocketPath(host(), far('paude-bcd235')))
})

test('nothing is left once the session is no longer held', () => {
  const folder = far()
  const path = makeSocketPath(host(), folder)
  leaveSocketPath(folder, path)
  expect(existsSync(dirname(path))).toBe(false)
  expect(socketPath(host(), folder)).toBeNull()
  expect(readdirSync(open)).toEqual([])
})

test('nothing is left where the session went before its holder', () => {
  const folder = far()
  const path = makeSocketPath(host(), folder)
  rmSync(folder, { recursive: true })
  leaveSocketPath(folder, path)
  expect(readdirSync(open)).toEqual([])
})

test.each([
  ['that others may enter', (place: string) => chmodSync(place, 0o755)],
  [
    'that is a link',
    (place: string) => {
      rmSync(place, { recursive: true })
      symlinkSync(root, place)
    },
  ],
  [
    'that is no folder',
    (place: string) => {
      rmSync(place, { recursive: true })
      writeFileSync(place, '')
    },
  ],
  ['that is gone', (place: string) => rmSync(place, { recursive: true })],
] as const)('a place %s is not used', (_, spoil) => {
  const folder = far()
  const path = makeSocketPath(host(), folder)
  spoil(dirname(path))
  expect(socketPath(host(), folder)).toBeNull()
  expect(makeSocketPath(host(), folder)).not.toBe(path)
})

test('a place of another user is not used', () => {
  const folder = far()
  makeSocketPath(host(), folder)
  expect(socketPath({ ...host(), uid: host().uid + 1 }, folder)).toBeNull()
})

test('a folder for temporary files with a long path is passed over', () => {
  const long = join(root, 'y'.repeat(90))
  mkdirSync(long)
  const path = makeSocketPath(host({ XDG_RUNTIME_DIR: long, TMPDIR: long }), far())
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103)
  rmSync(dirname(path), { recursive: true })
})
