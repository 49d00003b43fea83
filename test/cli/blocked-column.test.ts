import { afterEach, beforeEach, expect, test } from 'bun:test'
import { appendFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let id: string
beforeEach(async () => {
  machine = makeMachine()
  machine.set('say', 'list', '')
  id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
  machine.set(
    'say',
    'list',
    `${JSON.stringify(['running', 'Up 2 seconds', id, '', 'claude', machine.project, '2026-01-02T03:04:05.000Z', 'restricted'])}\n`,
  )
})
afterEach(() => machine.dispose())

const noted = () => join(machine.home, '.local/state/paude/sessions', id, 'noted')

/** What the proxy notes of a request. */
const note = (host: string, more: Readonly<Record<string, unknown>> = {}) =>
  appendFileSync(
    noted(),
    `${JSON.stringify({ v: 1, sid: id, t: 1, m: 'CONNECT', u: `${host}:443`, h: host, p: '443', st: 403, err: 'ERR_FORWARDING_DENIED', ...more })}\n`,
  )

const blocked = async () =>
  (JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as { blocked: number }[])[0]?.blocked

test('sessions tells how many hosts a session is refused, each once, until they are allowed', async () => {
  expect(await blocked()).toBe(0)
  note('a.example')
  note('b.example')
  note('a.example')
  note('c.example', { st: 200, err: '-', r: 'TCP_TUNNEL' })
  expect(await blocked()).toBe(2)
  expect((await machine.paude(['sessions'])).stdout).toMatch(/^paude-\S+ +running +- +- +2 +/m)
  await machine.paude(['network', 'allow', 'a.example', '--session', id])
  expect(await blocked()).toBe(1)
})

test('sessions tells how many hosts wait for your key, as long as they wait', async () => {
  const counts = async () =>
    (JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as { asks: number; blocked: number }[])[0]
  const ask = (host: string, seconds: number) =>
    appendFileSync(
      noted(),
      `${JSON.stringify({ v: 1, sid: id, t: Date.now() / 1000 - seconds, m: 'CONNECT', h: host, p: '443', ask: 60 })}\n`,
    )
  ask('late.example', 61)
  expect(await counts()).toMatchObject({ asks: 0, blocked: 0 })
  ask('now.example', 1)
  note('a.example')
  expect(await counts()).toMatchObject({ asks: 1, blocked: 1 })
  expect((await machine.paude(['sessions'])).stdout).toMatch(/ 1 waiting, 1 /)
})

test('sessions tells when a session was started, and started again; not when its command was typed', async () => {
  const started = async () => {
    const [row] = JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as { created: string; started: string }[]
    expect(row?.created).toBe('2026-01-02T03:04:05.000Z')
    return row?.started ?? ''
  }
  const begun = new Date((await started()) || 0)
  expect(begun.getTime()).toBeGreaterThan(Date.now() - 60_000)
  const earlier = new Date(Date.now() - 3 * 3_600_000 - 60_000)
  utimesSync(join(machine.home, '.local/state/paude/sessions', id, 'started'), earlier, earlier)
  expect((await machine.paude(['sessions'])).stdout).toMatch(/^paude-\S+ +running +- +- +- +3 h ago +/m)
  machine.ended('exited')
  await machine.paude(['start', id], { env: { ANTHROPIC_API_KEY: 'sk-ant-api03-made-up' } })
  expect(Date.parse(await started())).toBeGreaterThanOrEqual(begun.getTime())
})
