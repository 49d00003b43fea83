import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { parseConfig } from '../src/config/files/parse.ts'
import { mergeSources, onlySaid } from '../src/config/layers/merge.ts'
import { SessionRecord } from '../src/session/record/record.ts'
import { beyondManaged } from '../src/session/resolve/managed.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const userFile = () => join(machine.home, '.config/paude/config.toml')
const created = () => machine.calls().find(([program, verb]) => program === 'docker' && verb === 'create') ?? []
const sessionFile = (id: string) => join(machine.home, '.local/state/paude/sessions', id, 'session.json')
const warned = (stderr: string) => stderr.split('\n').filter((line) => line.includes('gives up hardening'))
const ALL = ['--read-only-root=false', '--no-new-privileges', 'false', '--seccomp=off']

describe('what a start gives up of its hardening', () => {
  test('is nothing unless somebody says so, and then nothing is said', async () => {
    const { stderr } = await machine.paude(['--detach', '-p', 'hi'], { env: { ANTHROPIC_API_KEY: 'sk-ant-api03-x' } })
    expect(stderr).toBe('')
    expect(created()).toEqual(expect.arrayContaining(['--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only']))
  })

  test('can be said by the file, a variable and a flag, and is told in one line with its places', async () => {
    machine.write(userFile(), '[security]\nread_only_root = false\n')
    const { code, stderr } = await machine.paude(['--seccomp', 'off', '--detach', '-p', 'hi'], {
      env: { PAUDE_NO_NEW_PRIVILEGES: 'false' },
    })
    expect(code).toBe(0)
    expect(warned(stderr)).toEqual([
      `paude: warning: the sandbox gives up hardening: security.read_only_root = false, security.no_new_privileges = false, security.seccomp = off (user ${userFile()}:2, environment PAUDE_NO_NEW_PRIVILEGES, flag --seccomp)`,
    ])
    expect(created()).toContain('--cap-drop=ALL')
    expect(created().filter((word) => /^--(read-only|security-opt)/.test(word))).toEqual(['--security-opt=seccomp=unconfined'])
  })

  test('is told for one command as well', async () => {
    const { stderr } = await machine.paude(['--seccomp=off', 'run', '--', 'true'])
    expect(warned(stderr)).toHaveLength(1)
  })

  test.each([
    [['--seccomp=unconfined'], '--seccomp must be one of default, engine, off, found "unconfined"'],
    [['--read-only-root', '-p'], '--read-only-root must be one of true, false, found "-p"'],
    [['--no-new-privileges'], '--no-new-privileges needs a value'],
  ])('is not guessed: %j', async (words, message) => {
    const { code, stderr } = await machine.paude([...words])
    expect([code, stderr]).toEqual([125, expect.stringContaining(message)])
  })

  test('is shown with its origin, printed, and part of the status', async () => {
    machine.write(userFile(), '[security]\nseccomp = "off"\n')
    for (const words of [
      ['config', 'show', '--origin'],
      ['--print-config', '-p', 'x'],
    ])
      expect((await machine.paude(words)).stdout).toContain(
        `security.seccomp              off                               # user ${userFile()}:2`,
      )
    expect(JSON.parse((await machine.paude(['status', '--json'])).stdout)).toMatchObject({
      security: { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'off' },
    })
    expect((await machine.paude(['status'])).stdout).toMatch(/^security +security\.seccomp = off$/m)
    await machine.paude(['config', 'set', 'security.read_only_root', 'false'])
    expect(readFileSync(userFile(), 'utf8')).toContain('read_only_root = false\n')
    await machine.paude(['config', 'unset', 'security.seccomp'])
    await machine.paude(['config', 'unset', 'security.read_only_root'])
    expect((await machine.paude(['status'])).stdout).not.toMatch(/^security/m)
  })
})

describe('a session that gave something up', () => {
  const start = async (...flags: readonly string[]) => {
    const id = (await machine.paude([...flags, '--detach', '-p', 'x'])).stdout.trim()
    machine.ended('exited')
    await machine.paude(['stop', id])
    machine.set('say', 'list', `${JSON.stringify(['exited', 'Exited (137)', id, '', 'claude', machine.project, '', 'none'])}\n`)
    return id
  }
  const docker = { env: { PAUDE_BACKEND: 'docker' } }

  test('says so in its record and in sessions --json; one of an older paude has given up nothing', async () => {
    const id = await start(...ALL)
    const weak = { readOnlyRoot: false, noNewPrivileges: false, seccomp: 'off' }
    const { security, ...old } = JSON.parse(readFileSync(sessionFile(id), 'utf8'))
    expect(security).toEqual(weak)
    const told = async () =>
      (JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as { id: string; security: unknown }[]).find(
        (row) => row.id === id,
      )?.security
    expect(await told()).toEqual(weak)
    writeFileSync(sessionFile(id), JSON.stringify(old))
    expect(await told()).toEqual({ readOnlyRoot: true, noNewPrivileges: true, seccomp: 'default' })
  })

  test('is named with it in the status of its directory, and one that gave up nothing is not', async () => {
    const id = await start('--seccomp=engine', '--no-new-privileges=false')
    const line = async () => (await machine.paude(['status'])).stdout.split('\n').find((row) => row.includes(id))
    expect(await line()).toEndWith(`${id}, exited, security.no_new_privileges = false, security.seccomp = engine`)
    expect(JSON.parse((await machine.paude(['status', '--json'])).stdout).sessions).toContainEqual(
      expect.objectContaining({ id, security: { readOnlyRoot: true, noNewPrivileges: false, seccomp: 'engine' } }),
    )
    const { security: _, ...plain } = JSON.parse(readFileSync(sessionFile(id), 'utf8'))
    writeFileSync(sessionFile(id), JSON.stringify(plain))
    expect(await line()).toEndWith(`${id}, exited`)
  })

  test('says so again when it is started again, whatever the file says by now', async () => {
    const id = await start('--seccomp=off', '--no-new-privileges=false')
    const { code, stderr } = await machine.paude(['start', id], docker)
    expect(code).toBe(0)
    expect(warned(stderr)).toEqual([
      'paude: warning: the sandbox gives up hardening: security.no_new_privileges = false, security.seccomp = off',
    ])
  })

  test('is not started again where the agent could have replaced what checks its mounts', async () => {
    const id = await start('--read-only-root=false')
    const starts = () => machine.calls().filter(([, verb]) => verb === 'start').length
    const before = starts()
    for (const words of [
      ['start', id],
      ['start', id, '--dry-run'],
    ]) {
      const { code, stderr } = await machine.paude(words, docker)
      expect([code, stderr]).toEqual([125, expect.stringContaining('security.read_only_root = false')])
      expect(stderr).toContain(`paude fork ${id}`)
    }
    const { code, stderr } = await machine.paude(['up', id], docker)
    expect([code, stderr]).toEqual([1, expect.stringContaining('security.read_only_root = false')])
    expect(starts()).toBe(before)
  })

  test('is held against what is managed by now, also without a network', async () => {
    const id = await start('--network=none', ...ALL)
    const record = v.parse(SessionRecord, JSON.parse(readFileSync(sessionFile(id), 'utf8')))
    const managed = (text: string) =>
      mergeSources({
        file: '',
        sources: [onlySaid('user', {}, {})],
        managed: parseConfig({ layer: 'managed', file: '/m.toml', text }).sources,
      }).managed
    const beyond = (text: string) => beyondManaged(record, managed(text), { own: [], now: 0 })
    expect(beyond('security.read_only_root = true')).toBe('security.read_only_root = false')
    expect(beyond('security.no_new_privileges = true')).toBe('security.no_new_privileges = false')
    expect(beyond('security.seccomp = "default"')).toBe('security.seccomp = off')
    expect(beyond('security.seccomp = "off"')).toBeNull()
    expect(beyond('limits.memory = "1g"')).toBeNull()
  })
})

test('a project that gives it up is asked about, and what it keeps is not', async () => {
  const file = join(machine.project, 'paude.toml')
  machine.write(file, '[security]\nseccomp = "off"\nread_only_root = true\n')
  const { code, stderr } = await machine.paude(['-p', 'hi'])
  expect([code, stderr]).toEqual([125, expect.stringContaining('is not trusted: security.seccomp = off\n')])
  expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
  expect(warned((await machine.paude(['--detach', '-p', 'hi'])).stderr)).toEqual([
    `paude: warning: the sandbox gives up hardening: security.seccomp = off (project ${file}:2)`,
  ])
})

describe('what goes into a sandbox by cp', () => {
  test('is nothing that a link of a project leads to', async () => {
    machine.write(join(machine.home, 'keys/id'), 'secret')
    symlinkSync(join(machine.home, 'keys'), join(machine.project, 'data'))
    machine.write(join(machine.project, '.git/HEAD'), 'ref: refs/heads/main\n')
    for (const source of ['data', './data/id']) {
      const { code, stderr } = await machine.paude(['cp', source, ':/tmp'])
      expect(code).toBe(1)
      expect(stderr).toContain(`${machine.project}/data is a link that leads out of a project`)
    }
    expect(machine.calls()).toEqual([])
  })
})
