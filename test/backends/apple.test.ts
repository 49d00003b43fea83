import { describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apple, macChecks } from '../../src/backends/apple/apple.ts'
import { pickBackend } from '../../src/backends/pick.ts'
import type { Handle } from '../../src/box/handle.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import { DEFAULTS } from '../../src/config/layers/merge.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { readHost } from '../../src/host.ts'
import { startPlan } from '../../src/session/life/plans.ts'
import { cases, startsOf } from '../support/specs.ts'

// Nobody ran the real program here: its words are those of its source.
describe('what container says is told with what to do', () => {
  test.each<readonly [string, string, string, ErrorCode, RegExp]>([
    ['its service is down', '', '{"status":"unregistered"}', 'backend-down', /^start it: container system start$/],
    [
      'its service is down, for every other call',
      'Error: XPC connection error: Connection invalid. Ensure container system service has been started with `container system start`.',
      '',
      'backend-down',
      /container system start/,
    ],
    [
      'it has no kernel',
      'Error: default kernel not configured for architecture arm64',
      '',
      'backend-down',
      /kernel set --recommended/,
    ],
    ['it is old', "Error: Unknown option '--no-dns'", '', 'backend-old', /container 1\.0/],
    ['an image is missing', 'Error: image not found: localhost/paude/claude:1', '', 'image-missing', /^paude image build$/],
    [
      'an image of yours is missing',
      'Error: image not found: example/x',
      '',
      'image-missing',
      /^container image pull example\/x$/,
    ],
    ['a volume is in use', 'Error: the storage device attachment is invalid', '', 'refused', /one running session at a time/],
    ['anything else', 'Error: something odd', '', 'command-failed', /^$/],
  ])('%s', (_, stderr, stdout, code, hint) => {
    const error = apple.health.explain({ argv: ['container', 'start', 'x'], code: 1, stdout, stderr })
    expect(error.code).toBe(code)
    expect(error.hint).toMatch(hint)
  })
})

test('its version is read out of a sentence', () => {
  const { parse } = apple.health.version(DEFAULTS)
  const answer = { status: 'running', apiServerVersion: 'container-apiserver version 1.2.2 (build: release, commit: f00)' }
  expect(parse(JSON.stringify(answer)).version).toBe('1.2.2')
})

test('an old macOS is a problem, and a good one comes with a word that no Mac was asked', () => {
  expect(macChecks('15.6\n')[0]).toMatchObject({ state: 'problem', detail: '15.6 is older than 26, which apple needs' })
  expect(macChecks('26.1\n').map(({ state }) => state)).toEqual(['ok', 'warning'])
})

test('elsewhere it needs a Mac, though a program of its name is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-apple-'))
  const host = { ...readHost(), env: { PATH: folder } }
  const install = (name: string) => writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 })
  try {
    install('container')
    const error = await pickBackend(host, 'apple').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unsupported', message: 'apple needs a Mac' })
    // By itself it is taken where nothing else is there, and never elsewhere than on a Mac.
    expect(await pickBackend(host, 'auto').catch(({ code }) => code)).toBe('backend-missing')
    install('sw_vers')
    expect((await pickBackend(host, 'auto')).name).toBe('apple')
    install('podman')
    expect((await pickBackend(host, 'auto')).name).toBe('podman')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('a start that no flag of it says is refused', () => {
  const plain = startsOf(apple)['plain']?.spec as SessionSpec
  const refused = (spec: SessionSpec) => () => startPlan(apple, spec, { attached: true })
  const network = cases['ipv4']?.spec.network as SessionSpec['network']

  test('a proxy without IPv6', () => expect(refused({ ...plain, network })).toThrow('cannot keep the proxy to IPv4'))
  test('output that nobody may keep', () => expect(refused({ ...plain, unlogged: true })).toThrow('keeps what a sandbox prints'))
  test('a path with a colon', () =>
    expect(refused({ ...plain, folder: '/s:t' })).toThrow('cannot mount /s:t/policy: its path has a colon'))
  test('a socket whose path is too long for macOS', () =>
    expect(refused({ ...plain, folder: `/${'x'.repeat(90)}` })).toThrow('the path of a socket is too long for macOS'))
  test('times in a log', () =>
    expect(() => apple.life.logs({ id: 'x' } as Handle, { follow: false, since: '1h' })).toThrow('no times'))
})

describe('how a session stands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-apple-'))
  const box = { id: 'paude-bcd234', folder } as Handle
  const shape = (state: string, started = true) =>
    JSON.stringify(
      [
        {
          configuration: { labels: { 'paude.id': 'paude-bcd234', 'paude.role': 'agent', 'paude.name': 'a%3Db%2525' } },
          id: 'paude-bcd234',
          status: { networks: [], ...(started ? { startedDate: '2026-01-01T00:00:00Z' } : {}), state },
        },
      ],
      null,
      2,
    )
  const state = (text: string) => apple.life.state(box).parse(text)

  test.each([
    ['runs', `\n${shape('running')}`, { status: 'running', exitCode: 0 }],
    ['ends just now', `\n${shape('stopping')}`, { status: 'running', exitCode: 0 }],
    ['was never started', `\n${shape('stopped', false)}`, { status: 'created', exitCode: 0 }],
    ['has ended with a code', `7\n${shape('stopped')}`, { status: 'exited', exitCode: 7 }],
    ['has kept no code', `\n${shape('stopped')}`, { status: 'exited', exitCode: 137 }],
    ['wrote no code at all', `999\n${shape('stopped')}`, { status: 'exited', exitCode: 137 }],
  ] as const)('one that %s', (_, text, expected) => expect(state(text)).toEqual(expected))

  test('in a list the code of each known session is its own, and a label means what it meant', () => {
    const [query] = apple.inventory.sessions(() => [box])
    expect(query?.parse(`paude-other1 3\npaude-bcd234 7\n\n${shape('stopped')}\n`)).toMatchObject([
      { id: 'paude-bcd234', name: 'a=b%25', status: 'exited', exitCode: 7 },
    ])
    expect(query?.parse(`\n${shape('running')}`)).toMatchObject([{ status: 'running', exitCode: null }])
  })

  test('the file that a sandbox writes says no more than a code', () => {
    const [query] = apple.inventory.sessions(() => [box])
    mkdirSync(join(folder, 'out'))
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin/container'), '#!/bin/sh\necho "[]"\n', { mode: 0o755 })
    writeFileSync(join(folder, 'out/exit'), '0\npaude-other1 0\n')
    const [program = '', ...words] = query?.argv ?? []
    const { stdout } = Bun.spawnSync([program, ...words], { env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } })
    expect(stdout.toString()).toBe('paude-bcd234 0\n\n[]\n')
    rmSync(folder, { recursive: true })
  })
})
