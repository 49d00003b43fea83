import { afterAll, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { clipboardPrograms } from '../../src/run/clipboard.ts'
import { readSide } from '../../src/session/copy/place.ts'
import { dropped, imageKind, keepUpload, pathWords, readUpload, requireImage } from '../../src/session/copy/upload.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-upload-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const PNG = Buffer.from('\x89PNG\r\n\x1a\n rest', 'latin1')

const project = join(room, 'project')
const folder = join(room, 'state/paude/sessions/paude-bcdfgh')
mkdirSync(join(folder, 'uploads'), { recursive: true })
mkdirSync(project)
const host = { ...readHost(), cwd: project, home: room, env: { XDG_STATE_HOME: join(room, 'state') } }
const record: SessionRecord = {
  ...{ v: 3, id: 'paude-bcdfgh', name: '', backend: 'docker', agent: 'claude', version: '1', created: '', starter: '' },
  ...{ workspace: project, directory: project, network: 'none', allow: [], deny: [], ports: [], injections: [] },
  ...{ ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 }, revision: '', changes: [], settled: true },
  ...{ terminal: true, conversation: '', homeVolume: '', link: 'none', init: '', mounts: [], copies: [], shadows: [], watch: {} },
  ...{
    standIns: [],
    overlays: [],
    repos: [],
    onFinding: 'ask',
    alarm: 'pause',
    writesConfig: false,
    index: null,
    credentials: [],
    security: { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'default' },
  },
}
writeFileSync(join(folder, 'session.json'), JSON.stringify(record))
const session = { handle: { id: 'paude-bcdfgh', folder } as never, record }
writeFileSync(join(room, 'shot 1.png'), PNG)
writeFileSync(join(room, 'secret'), 'key')
writeFileSync(join(room, 'fake.png'), 'key')
writeFileSync(join(project, 'own.png'), PNG)
symlinkSync(join(room, 'secret'), join(project, 'way.txt'))
symlinkSync(join(room, 'shot 1.png'), join(project, 'way.png'))

test('an image is known by its content', () => {
  expect(imageKind(PNG)).toBe('.png')
  expect(imageKind(Buffer.from('\xff\xd8\xff\xe0', 'latin1'))).toBe('.jpg')
  expect(imageKind(Buffer.from('GIF89a'))).toBe('.gif')
  expect(imageKind(Buffer.from('RIFF1234WEBP'))).toBe('.webp')
  for (const text of ['', 'PNG', '<svg>', 'RIFF1234WAVE']) expect(imageKind(Buffer.from(text))).toBeNull()
  expect(() => requireImage({ name: 'x.png', bytes: Buffer.from('x') }, 'x.png')).toThrow('is not a PNG')
})

describe('a file for a session', () => {
  test('lies in its folder for nobody else, under a name that needs no quotes and replaces no other', () => {
    const places = ['a b\u001b.png', 'a b\u001b.png', '../../x', '-'].map((name) => keepUpload(session, { name, bytes: PNG }))
    expect(places).toEqual(['1-a_b_.png', '2-a_b_.png', '3-.._.._x.png', '4--.png'].map((name) => `/paude/uploads/${name}`))
    const [first = ''] = readdirSync(join(folder, 'uploads'))
    expect(statSync(join(folder, 'uploads', first)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'uploads', first))).toEqual(PNG)
  })

  test('is read where the user said, and through no link of a project', () => {
    expect(readUpload(host, '../secret').bytes.toString()).toBe('key')
    expect(() => readUpload(host, 'way.txt')).toThrow('a link that leads out of a project')
    expect(() => readUpload(host, '.')).toThrow('is not a file')
    expect(() => readUpload(host, 'missing')).toThrow('nothing is at')
  })

  test('is read through no link of a repository of which no session is known', () => {
    const other = join(room, 'other')
    mkdirSync(join(other, '.git'), { recursive: true })
    symlinkSync(room, join(other, 'up'))
    expect(() => readUpload({ ...host, cwd: other }, 'up/secret')).toThrow('a link that leads out of a project')
    rmSync(join(other, '.git'), { recursive: true })
    expect(readUpload({ ...host, cwd: other }, 'up/secret').bytes.toString()).toBe('key')
  })

  test('needs a session that takes files', () =>
    expect(() => keepUpload({ handle: { id: 'x', folder: room } as never }, { name: 'x', bytes: PNG })).toThrow('takes no files'))
})

describe('a paste', () => {
  const count = () => readdirSync(join(folder, 'uploads')).length
  test.each([`${room}/shot 1.png`.replace(' ', '\\ '), `'${room}/shot 1.png'`, `file://${room}/shot%201.png`])(
    'of the path of an image becomes its path in the box: %s',
    (text) => expect(dropped(host, session, text)).toMatch(/^\/paude\/uploads\/\d+-shot_1\.png$/),
  )

  test.each([
    ['a text', `look at '${room}/shot 1.png'`],
    ['another file', `${room}/secret`],
    ['a file that is an image by its name alone', `${room}/fake.png`],
    ['an image that the box sees anyway', `${project}/own.png`],
    ['a link of the project to an image outside', `${project}/way.png`],
    ['a relative path', 'own.png'],
    ['nothing', ' '],
    ['a missing file', `${room}/none.png`],
  ])('of %s stays what it is', (_, text) => {
    const before = count()
    expect(dropped(host, session, text)).toBeNull()
    expect(count()).toBe(before)
  })

  test('of several images becomes several paths, and one that is none leaves all of it', () => {
    expect(dropped(host, session, `'${room}/shot 1.png' '${room}/shot 1.png'`)?.split(' ')).toHaveLength(2)
    const before = count()
    expect(dropped(host, session, `'${room}/shot 1.png' ${room}/secret`)).toBeNull()
    expect(count()).toBe(before)
  })

  test('has words as terminals write them', () => {
    expect(pathWords("'/a b' /c\\ d file:///e%20f")).toEqual(['/a b', '/c d', '/e f'])
    expect(pathWords('/a b')).toBeNull()
    expect(pathWords("'/a")).toBeNull()
  })
})

test('a place in a sandbox is told from a file with a colon', () => {
  expect(readSide('fix:~/a:b')).toEqual({ kind: 'box', session: 'fix', path: '~/a:b' })
  expect(readSide(':x')).toEqual({ kind: 'box', session: '', path: 'x' })
  for (const path of ['./a:b', '/a:b', '../a:b', 'a/b:c', 'a']) expect(readSide(path)).toEqual({ kind: 'here', path })
  expect(readSide('-')).toEqual({ kind: 'stream' })
})

test('the clipboard is read by what is there, where there is a display', () => {
  const bin = join(room, 'bin')
  mkdirSync(bin)
  for (const name of ['wl-paste', 'xclip']) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 })
  const names = (env: Record<string, string>) =>
    clipboardPrograms({ platform: 'linux', env: { PATH: bin, ...env } }).map(([name]) => name)
  expect(names({})).toEqual([])
  expect(names({ DISPLAY: ':0' })).toEqual(['xclip'])
  expect(names({ DISPLAY: ':0', WAYLAND_DISPLAY: 'wayland-0' })).toEqual(['wl-paste', 'xclip'])
  expect(clipboardPrograms({ platform: 'linux', env: { PATH: '/nonexistent', DISPLAY: ':0' } })).toEqual([])
})
