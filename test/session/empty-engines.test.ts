import { afterAll, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program } from '../support/program.ts'

/** Which engines a list asks. The client is a script that notes that it was asked, and answers from a file. */
const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-empty-')))
const sessions = join(room, 'state/paude/sessions')
const kept = join(room, 'state/paude/empty-engines.json')
const id = 'paude-bcd234'

beforeEach(() => {
  rmSync(room, { recursive: true })
  mkdirSync(join(room, 'project'), { recursive: true })
  mkdirSync(join(sessions, 'paude-zzzzz9'), { recursive: true, mode: 0o700 })
  writeFileSync(join(room, 'podman'), `#!/bin/sh\necho asked >>'${room}/calls'\n/bin/cat '${room}/rows'\n`, { mode: 0o755 })
  answer([])
})
afterAll(() => rmSync(room, { recursive: true }))

const answer = (rows: readonly unknown[]) => writeFileSync(join(room, 'rows'), JSON.stringify(rows))
const box = {
  Names: [id],
  State: 'running',
  Labels: { 'paude.id': id, 'paude.role': 'agent', 'paude.agent': 'claude', 'paude.workspace': '/x', 'paude.network': 'none' },
}

/** Ids that the list has, and how often the engine was asked for it. */
function list(words: readonly string[] = [], more: Readonly<Record<string, string>> = {}) {
  rmSync(join(room, 'calls'), { force: true })
  const env = { PATH: room, HOME: room, XDG_STATE_HOME: join(room, 'state'), TERM: 'dumb', ...more }
  const argv = [...program, 'sessions', '--json', ...words]
  const { stdout, exitCode } = Bun.spawnSync(argv, { env, cwd: join(room, 'project') })
  expect(exitCode).toBe(0)
  const calls = existsSync(join(room, 'calls')) ? readFileSync(join(room, 'calls'), 'utf8') : ''
  const ids = (JSON.parse(stdout.toString()) as readonly { readonly id: string }[]).map(({ id }) => id)
  return { ids, asked: calls.split('\n').filter(Boolean).length }
}

test('an engine that had no session is not asked again', () => {
  expect(list()).toEqual({ ids: [], asked: 1 })
  expect(list()).toEqual({ ids: [], asked: 0 })
})

test('--all asks it, and finds a session that nothing here tells of', () => {
  list()
  answer([box])
  expect(list()).toEqual({ ids: [], asked: 0 })
  expect(list(['--all'])).toEqual({ ids: [id], asked: 1 })
})

test('one that has a session is asked every time, also where no folder tells of it', () => {
  answer([box])
  for (const _ of [1, 2]) expect(list()).toEqual({ ids: [id], asked: 1 })
})

test('a folder that came or went since has all engines asked', () => {
  list()
  mkdirSync(join(sessions, id))
  expect(list().asked).toBe(1)
  expect(list().asked).toBe(0)
  rmSync(join(sessions, id), { recursive: true })
  expect(list().asked).toBe(1)
})

test('so has another place where the client looks', () => {
  list()
  expect(list([], { XDG_DATA_HOME: join(room, 'other') }).asked).toBe(1)
  expect(list([], { CONTAINERS_STORAGE_CONF: join(room, 'storage.conf') }).asked).toBe(1)
})

test('so has an answer that is old, of the future, or cannot be read', () => {
  list()
  const { at, ...rest } = JSON.parse(readFileSync(kept, 'utf8')) as { at: number }
  for (const text of [{ ...rest, at: at - 3_600_001 }, { ...rest, at: at + 600_000 }, rest, 'x'].map((one) =>
    JSON.stringify(one),
  )) {
    writeFileSync(kept, text)
    expect(list().asked).toBe(1)
  }
})

test('an engine that failed is asked again', () => {
  writeFileSync(join(room, 'podman'), `#!/bin/sh\necho asked >>'${room}/calls'\nexit 1\n`, { mode: 0o755 })
  expect(list().asked).toBe(1)
  expect(list().asked).toBe(1)
})
