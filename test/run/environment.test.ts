import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { admitClients, inherited, withhold } from '../../src/run/environment.ts'
import { handOver } from '../../src/run/hand-over.ts'
import { attach, capture, connect, lines, pipe, startBehind } from '../../src/run/process.ts'
import { openPty } from '../../src/run/pty.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-environment-'))
const SECRETS = {
  ANTHROPIC_API_KEY: 'provider',
  ANTHROPIC_AUTH_TOKEN: 'provider',
  ANTHROPIC_BASE_URL: 'provider',
  CLAUDE_CODE_OAUTH_TOKEN: 'provider',
  CLAUDE_CODE_OAUTH_REFRESH_TOKEN: 'provider',
  TEST_REFERENCE: 'reference',
} as const
const before = { ...process.env }

beforeAll(() => {
  for (const name of ['anything', 'docker', 'podman', 'claude'])
    writeFileSync(join(room, name), `#!/bin/sh\nenv >'${room}/seen'\npwd >'${room}/place'\necho done\n`, { mode: 0o755 })
  chmodSync(room, 0o755)
  Object.assign(process.env, SECRETS, { PATH: `${room}:${process.env['PATH']}`, TEST_PLAIN: 'plain' })
  admitClients({ docker: 15, podman: 30 })
  withhold(['TEST_REFERENCE', 'PATH', 'HOME', 'LANG', 'DOCKER_HOST'])
})
afterAll(() => {
  for (const name of [...Object.keys(SECRETS), 'TEST_PLAIN']) delete process.env[name]
  process.env['PATH'] = before['PATH']
  rmSync(room, { recursive: true, force: true })
})

/** Names of the secrets that the last program had. */
const seen = () => {
  const text = readFileSync(join(room, 'seen'), 'utf8')
  rmSync(join(room, 'seen'))
  expect(text).toContain('TEST_PLAIN=plain\n')
  expect(text).toMatch(/^PATH=/m)
  return Object.keys(SECRETS).filter((name) => new RegExp(`^${name}=`, 'm').test(text))
}

/** Every way in which paude starts a program. */
const ways: Readonly<Record<string, (program: string) => Promise<unknown>>> = {
  capture: (program) => capture([program]),
  attach: (program) => attach([program], { stdin: false, terminal: false }).exited,
  pipe: (program) => pipe([program]).exited,
  lines: (program) => Array.fromAsync(lines([program])),
  connect: (program) => connect(['echo'], [program]),
  startBehind: (program) => startBehind([program], { keep: [], env: {} }),
  openPty: (program) => openPty([program], { size: { columns: 80, rows: 24 }, onData: () => undefined }).exited,
}

describe.each(Object.entries(ways))('by %s', (_, start) => {
  test('a program of this machine inherits neither the credential of the provider nor what a reference names', async () => {
    await start('anything')
    expect(seen()).toEqual([])
  })

  test.each(['docker', 'podman'])(
    '%s inherits what its helpers may log in with, and not the credential of the provider',
    async (engine) => {
      await start(engine)
      expect(seen()).toEqual(['TEST_REFERENCE'])
    },
  )
})

test('what a step of a plan says itself is there', async () => {
  await capture(['anything'], { env: { TEST_REFERENCE: 'said' } })
  expect(seen()).toEqual(['TEST_REFERENCE'])
})

test('paude in another process keeps what it reads again', async () => {
  await startBehind(['anything'], { keep: ['TEST_REFERENCE'], env: {} })
  expect(seen()).toEqual(['TEST_REFERENCE'])
})

test('the agent that runs in place of its sandbox has everything', async () => {
  await handOver(['claude'], { terminal: false, env: {} })
  expect(seen()).toEqual(Object.keys(SECRETS))
})

test('PATH is inherited without what the project could put there', () => {
  const before = Bun.env['PATH']
  try {
    Bun.env['PATH'] = ['node_modules/.bin', join(process.cwd(), 'node_modules/.bin'), '/usr/bin', '', '.'].join(':')
    expect(inherited('anything')['PATH']).toBe('/usr/bin')
  } finally {
    Bun.env['PATH'] = before
  }
})

test('what every program needs is inherited, also where a reference names it', () => {
  const names = Object.keys(inherited('anything'))
  for (const name of ['PATH', 'HOME', 'LANG'].filter((one) => process.env[one] !== undefined)) expect(names).toContain(name)
})

test('whatever builds an image is told not to ask git about the folder that it builds from', () => {
  for (const program of ['/usr/bin/docker', 'devcontainer']) expect(inherited(program)['BUILDX_GIT_INFO']).toBe('false')
})

describe('the builder of docker', () => {
  const asked = (value: string) => {
    process.env['DOCKER_BUILDKIT'] = value
    process.env['DOCKER_CONFIG'] = room
    try {
      return inherited('docker')['DOCKER_BUILDKIT']
    } finally {
      delete process.env['DOCKER_BUILDKIT']
      delete process.env['DOCKER_CONFIG']
    }
  }
  const elsewhere = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec', '/opt/homebrew/lib'].some((folder) =>
    existsSync(`${folder}/docker/cli-plugins/docker-buildx`),
  )

  test.skipIf(elsewhere)('is the legacy one where BuildKit is asked for and buildx is missing', () => {
    expect([asked('1'), asked('true'), asked('0'), asked('')]).toEqual(['0', '0', '0', ''])
    mkdirSync(join(room, 'cli-plugins'))
    writeFileSync(join(room, 'cli-plugins/docker-buildx'), '')
    expect([asked('1'), asked('0')]).toEqual(['1', '0'])
  })
})

test("an engine's client starts in no folder of a project, since what it starts would find files there", async () => {
  const place = async (program: string) => {
    await capture([program])
    return readFileSync(join(room, 'place'), 'utf8').trim()
  }
  expect(await place('docker')).toBe('/')
  expect(await place('anything')).toBe(process.cwd())
  process.env['DOCKER_CONFIG'] = 'mine/docker'
  expect(await place('docker')).toBe(process.cwd())
  delete process.env['DOCKER_CONFIG']
})
