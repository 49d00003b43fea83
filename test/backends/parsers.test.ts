import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { usualSettings } from '../../src/backends/keys.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import { podman } from '../../src/backends/oci/podman.ts'
import type { Listed, Part } from '../../src/box/handle.ts'
import { readHost } from '../../src/host.ts'

// The fixtures are what docker 28.2.2 with engine 20.10.24 and podman 4.3.1 said: test/support/record.ts recorded them.
const fixture = (backend: string, name: string) =>
  readFileSync(join(import.meta.dir, '../fixtures', backend, `${name}.out`), 'utf8')

const NASTY = `/home/ada/-a,b "c" d's:e=f\\g`
const session = (id: string, rest: Partial<Listed>): Listed => ({
  id,
  name: '',
  agent: 'claude',
  workspace: '',
  status: 'exited',
  exitCode: null,
  created: '2026-01-02T03:04:05.000Z',
  network: 'restricted',
  ...rest,
})
const container = (reference: string, running: boolean, role = 'agent'): Part => ({
  kind: 'container',
  reference,
  session: reference.replace('-gate', ''),
  role,
  running,
  created: '2026-01-02T03:04:05.000Z',
  workspace: '',
})
const byReference = (a: { reference: string }, b: { reference: string }) => (a.reference < b.reference ? -1 : 1)

describe.each([docker, podman])('$name', ({ name, inventory, health, life }) => {
  const [sessions = missing()] = inventory.sessions(() => [])
  const [parts = missing()] = inventory.parts(() => [])
  const [volumes = missing()] = inventory.volumes(() => [])
  test('lists sessions in every state, whatever stands in their labels', () => {
    expect([...sessions.parse(fixture(name, 'list'))].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      session('paude-ccccc5', { status: 'created', workspace: '/srv/line\nbreak' }),
      session('paude-kkkkk7', { exitCode: 137, workspace: '/srv/killed' }),
      session('paude-ppppp6', { status: 'paused', workspace: '/srv/paused' }),
      session('paude-rrrrr2', { status: 'running', name: 'fix-login', workspace: NASTY }),
      session('paude-xxxxx3', { exitCode: 3, workspace: '/srv/ümlaut/漢字', network: 'none' }),
      session('paude-zzzzz4', { exitCode: 0, workspace: '/srv/{"json":true}', network: 'open' }),
    ])
  })

  test('lists every part of a session', () => {
    expect([...parts.parse(fixture(name, 'parts'))].sort(byReference)).toEqual([
      container('paude-ccccc5', false),
      container('paude-kkkkk7', false),
      container('paude-ppppp6', false),
      container('paude-rrrrr2', true),
      container('paude-rrrrr2-gate', true, 'gate'),
      container('paude-xxxxx3', false),
      container('paude-zzzzz4', false),
    ])
  })

  test('lists volumes with their role', () => {
    const found = volumes.parse(fixture(name, 'volumes'))
    expect(found).toContainEqual({
      kind: 'volume',
      reference: 'paude-rrrrr2-link',
      session: 'paude-rrrrr2',
      role: 'link',
      running: false,
      created: '2026-01-02T03:04:05.000Z',
      workspace: '',
    })
    expect(found).toContainEqual({
      kind: 'volume',
      reference: 'paude-home-claude-recorded',
      session: '',
      role: 'home',
      running: false,
      created: '',
      workspace: `/home/ada/-a,b "c" d's:e=f\\g`,
    })
  })

  test('finds nothing where nothing is', () => {
    expect([
      sessions.parse(fixture(name, 'list-empty')),
      parts.parse(fixture(name, 'parts-empty')),
      volumes.parse(fixture(name, 'volumes-empty')),
    ]).toEqual([[], [], []])
    expect([sessions.parse(''), parts.parse(''), volumes.parse('')]).toEqual([[], [], []])
    expect([sessions.parse('\n'), parts.parse('\n'), volumes.parse('\n')]).toEqual([[], [], []])
  })

  test.each([
    ['running', 'running', 0],
    ['exited', 'exited', 3],
    ['finished', 'exited', 0],
    ['created', 'created', 0],
    ['paused', 'paused', 0],
    ['killed', 'exited', 137],
  ] as const)('reads the state of a session that is %s', (file, status, exitCode) => {
    const handle = {
      id: 'paude-rrrrr2',
      agent: 'claude',
      folder: '',
      terminal: true,
      link: 'folder',
      homeVolume: '',
      directory: '',
      overlays: [],
    } as const
    expect(life.state(handle).parse(fixture(name, `state-${file}`))).toEqual({ status, exitCode })
  })

  test('reads the same versions of the brief answer', () => {
    const brief = health.brief({ ...readHost(), uid: 1000 }, usualSettings)
    const answer = fixture(name, 'version-brief')
    const whole = health.version(usualSettings).parse(fixture(name, 'version'))
    expect(brief.parse(answer)).toEqual(name === 'docker' ? whole : { ...whole, rootless: true, runtime: '' })
  })

  test('reads the versions of engine and client', () => {
    const expected = name === 'docker' ? { version: '20.10.24+dfsg1', client: '28.2.2' } : { version: '4.3.1', client: '4.3.1' }
    expect(health.version(usualSettings).parse(fixture(name, 'version'))).toMatchObject({
      ...expected,
      architecture: 'amd64',
      rootless: false,
      runtime: 'runc 1.1.5+ds1',
    })
  })
})

function missing(): never {
  throw new Error('an engine that is asked nothing')
}
