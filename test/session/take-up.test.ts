import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { backends } from '../../src/backends/registry.ts'
import type { State } from '../../src/box/handle.ts'
import type { Context } from '../../src/context.ts'
import { PaudeError } from '../../src/errors.ts'
import { exec } from '../../src/plan/plan.ts'
import type { Found } from '../../src/session/record/found.ts'
import { courseOf, takeUp } from '../../src/session/wall/take-up.ts'

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-take-up-'))
  mkdirSync(join(room, 'policy'))
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const record = {
  id: 'paude-bcdfgh',
  network: 'restricted',
  allow: [],
  deny: [],
  ports: [80, 443],
  changes: [{ verb: 'allow', entry: 'a.example.org', until: 0 }],
  injections: [],
  credentials: [],
  ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
}
const context = {
  effects: () => ({
    explain: () => new PaudeError('command-failed', 'it failed'),
    note: () => undefined,
    moving: { moves: false },
    verbose: null,
  }),
} as unknown as Context

/** A session whose proxy is told by a program, and whose policy another one keeps; they leave files behind. */
const session = (tells: string, status: State['status'] = 'running'): Found =>
  ({
    backend: {
      ...kubernetes,
      life: { ...kubernetes.life, state: () => ({ argv: ['true'], parse: () => ({ status, exitCode: 0 }) }) },
      wall: {
        ...kubernetes.wall,
        change: () => [exec(['sh', '-c', tells])],
        keep: () => [exec(['touch', join(room, 'stored')])],
      },
    },
    handle: { id: record.id, folder: room },
    record,
  }) as unknown as Found

const change = (found: Found) => takeUp(context, found, courseOf(found, 1))
const isSettled = () => JSON.parse(readFileSync(join(room, 'session.json'), 'utf8')).settled
const isStored = () => existsSync(join(room, 'stored'))

test('a backend that keeps a policy itself is told beside the proxy, and only then is the change settled', async () => {
  // Neither ends without the other.
  const found = session(`until [ -e ${room}/stored ]; do sleep 0.05; done`)
  expect(await change(found)).toBe(true)
  expect([isSettled(), isStored()]).toEqual([true, true])
})

test('a session that does not run has it at its next start', async () => {
  expect(await change(session('exit 1', 'exited'))).toBe(false)
  expect([isSettled(), isStored()]).toEqual([true, true])
})

test('what a running proxy refuses is not settled', async () => {
  const given = change(session('exit 1'))
  expect(given).rejects.toThrow('it failed')
  await given.catch(() => undefined)
  expect(isSettled()).toBe(false)
})

test('where a folder keeps it, the proxy alone is told', () => {
  const { told, stored } = courseOf({ ...session(''), backend: backends.docker }, 1)
  expect([stored.length, told.map(({ kind }) => kind)]).toEqual([0, ['write', 'exec']])
})
