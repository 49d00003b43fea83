import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { readAudit, writeAudit } from '../../src/sinks/audit.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

const SECRET = 'sk-ant-api03-of-the-test'
const KEY = { ANTHROPIC_API_KEY: SECRET }

let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine(['docker'])
  machine.set('say', 'list', '')
  file = join(machine.home, '.local/state/paude/audit.jsonl')
})
afterEach(() => machine.dispose())

const hostHere = () => ({ ...readHost(), env: {}, home: machine.home })
const entries = () =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('who started what, which hosts it may reach, and what was said later stand in a file for the user alone', async () => {
  machine.write(join(machine.project, 'paude.toml'), '[network]\nallow = ["asked.example"]\n')
  expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
  const begun = await machine.paude(['--detach', '--session-name', 'blue', '--env', 'MINE=also-secret', '-p', 'my prompt'], {
    env: KEY,
  })
  const id = begun.stdout.trim()
  expect((await machine.paude(['network', 'allow', 'later.example', '--for', '10m'])).code).toBe(0)
  expect((await machine.paude(['network', 'deny', 'asked.example'])).code).toBe(0)
  expect((await machine.paude(['network', 'allow', 'never.example', '--dry-run'])).code).toBe(0)
  expect((await machine.paude(['stop', 'blue'])).code).toBe(0)
  machine.ended('killed')
  expect((await machine.paude(['start', 'blue'], { env: KEY })).code).toBe(0)
  expect((await machine.paude(['rm', '--force', 'blue'])).code).toBe(0)
  expect((await machine.paude(['untrust'])).code).toBe(0)

  const session = { session: id, name: 'blue', workspace: machine.project, agent: 'claude', backend: 'docker' }
  const who = { v: 1, uid: process.getuid?.() }
  expect(entries()).toMatchObject([
    { ...who, event: 'trust', file: join(machine.project, 'paude.toml'), keys: ['network.allow = asked.example'] },
    { ...who, ...session, event: 'start', network: 'restricted', reach: expect.arrayContaining(['asked.example:443']) },
    { ...who, ...session, event: 'allow', entries: ['later.example'], until: expect.any(String) },
    { ...who, ...session, event: 'deny', entries: ['asked.example'] },
    { ...who, ...session, event: 'stop' },
    { ...who, ...session, event: 'continue', reach: expect.arrayContaining(['later.example:443']) },
    { ...who, ...session, event: 'remove' },
    { ...who, event: 'untrust', file: join(machine.project, 'paude.toml') },
  ])
  expect(entries()[5]?.['reach']).not.toContain('asked.example:443')
  const text = readFileSync(file, 'utf8')
  for (const secret of [SECRET, 'also-secret', 'my prompt', 'never.example']) expect(text).not.toContain(secret)
  expect(statSync(file).mode & 0o777).toBe(0o600)

  // It is told of a session that is gone, too.
  const told = await machine.paude(['audit', 'blue'])
  expect(told.stdout.split('\n').map((line) => line.split(/ {2,}/)[2])).toEqual([
    'EVENT',
    'start',
    'allow',
    'deny',
    'stop',
    'continue',
    'remove',
  ])
  expect(told.stdout).toContain('network restricted: api.anthropic.com:443, asked.example:80, asked.example:443')
  const lines = (await machine.paude(['audit', '--json', '--tail', '2'])).stdout.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['remove', 'untrust'])
  expect(await machine.paude(['audit', 'green'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'paude: the audit log has no such entry\n',
  })
})

test('a start that fails is in it, with why, and so is a sandbox that was made anew', async () => {
  machine.set('fail', 'create', 'no space left on device')
  expect((await machine.paude(['--detach'], { env: KEY })).code).toBe(125)
  expect(entries()).toMatchObject([{ event: 'start' }, { event: 'failed', reason: 'disk-full' }])
  machine.unset('fail', 'create')
  const id = (await machine.paude(['--detach', '--network-allow', 'old.example'], { env: KEY })).stdout.trim()
  machine.ended('killed')
  expect((await machine.paude(['--network-allow', 'new.example', 'recreate', id], { env: KEY })).code).toBe(0)
  expect(entries().at(-1)).toMatchObject({
    event: 'recreate',
    gained: ['new.example:80', 'new.example:443'],
    lost: ['old.example:80', 'old.example:443'],
  })
})

test('it stays small: two files, and lists and texts that end', async () => {
  const host = hostHere()
  const hosts = Array.from({ length: 300 }, (_, at) => `${at}.example:443`)
  await writeAudit(host, { event: 'start', session: 'paude-bcd234', reach: hosts, workspace: 'x'.repeat(10_000) })
  const [first] = readAudit(host)
  expect(first?.reach).toHaveLength(201)
  expect(first?.reach?.at(-1)).toBe('and 100 more')
  expect(first?.workspace).toHaveLength(4096)
  writeFileSync(file, `${readFileSync(file, 'utf8')}no JSON\n${'x'.repeat(1024 ** 2)}\n`)
  await writeAudit(host, { event: 'stop', session: 'paude-bcd234' })
  expect(entries()).toHaveLength(1)
  expect(readAudit(host).map(({ event }) => event)).toEqual(['start', 'stop'])
  writeFileSync(file, 'x'.repeat(1024 ** 2 + 1))
  await writeAudit(host, { event: 'remove', session: 'paude-bcd234' })
  expect(readAudit(host).map(({ event }) => event)).toEqual(['remove'])
})

test('two that write at once lose no line', async () => {
  const host = hostHere()
  await Promise.all(Array.from({ length: 40 }, (_, at) => writeAudit(host, { event: 'stop', session: `paude-${at}` })))
  expect(new Set(readAudit(host).map(({ session }) => session)).size).toBe(40)
})

test('where it cannot be written the start is told so and goes on, and no link is followed', async () => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const other = join(machine.room, 'other')
  symlinkSync(other, file)
  const { code, stderr } = await machine.paude(['--detach', '-p', 'x'], { env: KEY })
  expect(code).toBe(0)
  expect(stderr).toContain('paude cannot write its audit log')
  expect(existsSync(other)).toBe(false)
  rmSync(file)
})

test('a session in the foreground begins and ends in it', async () => {
  machine.set('code', 'agent', '7')
  expect((await machine.paude(['run', '--', 'x'])).code).toBe(7)
  expect(entries()).toMatchObject([
    { event: 'start', agent: 'command', network: 'none', reach: [] },
    { event: 'end', code: 7 },
  ])
})
