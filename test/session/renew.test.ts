import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../../src/config/files/parse.ts'
import { isAlive } from '../../src/host.ts'
import { RENEWING } from '../../src/session/life/ensure-renewer.ts'
import { renewals } from '../../src/session/record/renewals.ts'
import { unrenewed } from '../../src/session/record/unrenewed.ts'
import { refuseUnrenewable } from '../../src/session/resolve/unrenewable.ts'
import { until as poll } from '../hold/holding.ts'
import { OUTSIDE } from '../support/inside-without.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { program } from '../support/program.ts'

setDefaultTimeout(120_000) // ms: several programs a test

const AGAIN = { command: ['token'], every: 60 }
const bound = (name: string) => ({ name, kind: '', user: '' })

describe('what is renewed', () => {
  test('is what a program prints that is asked again, each once with all of its places', () => {
    const credentials = [
      { variable: 'ANTHROPIC_AUTH_TOKEN', source: AGAIN },
      { variable: 'ANTHROPIC_AUTH_TOKEN', source: AGAIN },
      { variable: '', source: 'env:T', bound: bound('a') },
      { variable: '', source: { command: ['other'], every: undefined }, bound: bound('b') },
      { variable: '', source: { command: ['third'], every: 10 }, bound: { ...bound('c'), user: 'ada' } },
      { variable: '' },
    ]
    expect(renewals({ credentials })).toEqual([
      { source: AGAIN, name: 'ANTHROPIC_AUTH_TOKEN', every: 60, places: [0, 1].map((at) => ({ at, user: '' })) },
      { source: { command: ['third'], every: 10 }, name: 'credentials.c', every: 10, places: [{ at: 4, user: 'ada' }] },
    ])
  })

  test('is a login of Codex as well, with the account that it is of', () => {
    const codex = (part: 'token' | 'account') => ({ codex: '/home/ada/.codex/auth.json', part })
    const credentials = [
      { variable: 'CHATGPT_ACCESS_TOKEN', source: codex('token') },
      { variable: 'CHATGPT_ACCOUNT_ID', source: codex('account') },
    ]
    const at = (place: number) => [{ at: place, user: '' }]
    expect(renewals({ credentials })).toEqual([
      { source: codex('token'), name: 'CHATGPT_ACCESS_TOKEN', every: 300, places: at(0) },
      { source: codex('account'), name: 'CHATGPT_ACCOUNT_ID', every: 300, places: at(1) },
    ])
  })

  test('is refused where the proxy keeps what it has', () => {
    const record = { credentials: [{ variable: '', source: AGAIN, bound: bound('a') }] }
    const wall = { renew: null } as never
    expect(() => refuseUnrenewable({ name: 'kubernetes', wall }, record)).toThrow('kubernetes cannot renew credentials.a')
    refuseUnrenewable({ name: 'kubernetes', wall }, { credentials: [{ variable: 'A', source: 'env:A' }] })
  })

  test.each(['5', '10.5', '100000', '"1h"'])('is not every %s seconds', (every) => {
    for (const key of ['provider.api_key', 'credentials.github'])
      expect(() =>
        parseConfig({ layer: 'user', file: 'c.toml', text: `${key} = { command = ["token"], every = ${every} }\n` }),
      ).toThrow('every must be')
    expect(() => parseConfig({ layer: 'user', file: 'c.toml', text: 'env.A = { command = ["token"], every = 60 }\n' })).toThrow(
      'env.A.every',
    )
  })
})

// The real program, with engines that answer what real ones were recorded to say.
describe('a session whose credential ends soon', () => {
  let machine: Machine
  beforeEach(() => {
    machine = makeMachine(['docker'])
  })
  afterEach(() => machine.dispose())

  const inFake = (name: string) => join(machine.room, 'fake', name)
  /** The last one: the credential of the agent's provider stands before it. */
  const handed = () => readFileSync(inFake('credential'), 'utf8').trim().split('\n').at(-1)
  const paude = (words: readonly string[]) =>
    machine.paude(words, { env: { ...OUTSIDE, ANTHROPIC_API_KEY: 'sk-ant-api03-of-a-test' }, alone: true })
  const begin = async (every: string) => {
    writeFileSync(inFake('token'), 'first')
    machine.write(
      join(machine.home, '.config/paude/config.toml'),
      `[credentials.tracker]\nhost = "tracker.example.org"\nheader = "X-Token"\nvalue = { command = ["cat", "${inFake('token')}"]${every} }\n`,
    )
    const { code, stdout, stderr } = await paude(['--detach', '-p', 'x'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.trim()
  }
  /** As a file could not say it: a test has no ten seconds. */
  const hasten = (id: string) => {
    const file = join(machine.folderOf(id), 'session.json')
    const record = JSON.parse(readFileSync(file, 'utf8'))
    record.credentials.find((one: { bound?: object }) => one.bound !== undefined).source.every = 0.05
    writeFileSync(file, JSON.stringify(record))
  }
  const lock = () => join(machine.home, '.local/state/paude/renewer')
  const renewer = () => (existsSync(lock()) ? readFileSync(lock(), 'utf8') : '')

  test('gets the new one while it runs, hears why there is none, and ends it all with its own end', async () => {
    const id = await begin('')
    expect([handed(), existsSync(lock())]).toEqual(['first', false])
    hasten(id)
    const shell = Bun.spawn(['/bin/sh', '-c', RENEWING, 'paude-renewer', ...program, 'renew'], {
      env: { ...machine.env, ...OUTSIDE },
      cwd: machine.project,
      stdout: 'ignore',
    })
    writeFileSync(inFake('token'), 'second')
    await poll('the new one is handed over', () => handed() === 'second')
    expect(statSync(lock()).mode & 0o777).toBe(0o600)
    // Nobody else does the same meanwhile.
    for (const other of [process.pid, 2 ** 22 + 1])
      expect(await paude(['renew', String(other)])).toMatchObject({ code: 1, stdout: '' })
    expect(renewer()).toStartWith(`${shell.pid} `)
    writeFileSync(inFake('token'), 'not a "header"')
    await poll('it is noted', () => unrenewed(machine.folderOf(id))['credentials.tracker'] !== undefined)
    expect((await paude(['credentials', id])).stderr).toContain('credentials.tracker was not renewed')
    expect(handed()).toBe('second')
    writeFileSync(inFake('token'), 'third')
    await poll('it goes on', () => handed() === 'third' && Object.keys(unrenewed(machine.folderOf(id))).length === 0)
    expect(machine.calls().flat().join(' ')).not.toMatch(/second|third/)
    await paude(['stop', id])
    await shell.exited
    expect([existsSync(lock()), existsSync(`${lock()}.json`)]).toEqual([false, false])
    // A shell that was killed while paude ran for it leaves no lock, whoever its child belongs to now.
    expect([(await paude(['renew', String(2 ** 22 + 1)])).code, existsSync(lock())]).toEqual([1, false])
  })

  test('has one process beside all others of the machine, and another one after it was killed', async () => {
    const id = await begin(', every = 86400')
    const first = renewer()
    expect(isAlive(first)).toBe(true)
    const other = await begin(', every = 86400')
    expect(renewer()).toBe(first)
    process.kill(Number(first.split(/\D/)[0]), 'SIGKILL')
    await poll('it is gone', () => !isAlive(first))
    await paude(['stop', id])
    const again = await paude(['start', id])
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' })
    await poll('another one renews', () => renewer() !== first && isAlive(renewer()))
    writeFileSync(inFake('token'), 'second')
    await poll('it does not wait a day', () => handed() === 'second')
    // It would sleep for minutes.
    for (const one of [id, other]) await paude(['stop', one])
    await poll('it ends with the last session', () => !existsSync(lock()))
  })
})
