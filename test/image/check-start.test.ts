import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkExitCode } from '../../src/image/check.ts'
import { checkTrial, FOUND_FILE, failedTrial, TRIAL, type Trial } from '../../src/image/check-start.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paude-check-start-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What the command of a trial says here, as a sandbox would. */
function trial(env: Readonly<Record<string, string>> = { GIT_CONFIG_COUNT: '0' }): Trial {
  const { exitCode } = Bun.spawnSync([...TRIAL], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/home/you', ...env },
  })
  const text = exitCode === 0 ? readFileSync(join(folder, FOUND_FILE), 'utf8') : null
  return { code: exitCode, text, isOwn: true, home: '/home/you' }
}
const complaints = (ended: Trial) => checkTrial(ended).flatMap(({ ok, id, message }) => (ok ? [] : [`${id} ${message}`]))

test('a sandbox that can work on a project passes, and what an entry point unset is named', () => {
  Bun.spawnSync(['git', 'init', '--quiet'], { cwd: folder })
  expect(complaints(trial())).toEqual([])
  expect(complaints(trial({}))).toEqual(['K39 lost: GIT_CONFIG_COUNT'])
  expect(complaints(trial({ HOME: '/root' }))).toEqual(['K39 lost: HOME, GIT_CONFIG_COUNT'])
  expect(checkExitCode(checkTrial(trial()))).toBe(0)
})

test('a git that does not take the project is told with its own words', () => {
  expect(complaints(trial())).toEqual([expect.stringMatching(/^K14 fatal: not a git repository/)])
})

test('a project that cannot be written fails the check, also where the files belong to another user', () => {
  mkdirSync(join(folder, FOUND_FILE))
  const ended = trial()
  expect(complaints(ended)).toEqual(['K15 the sandbox cannot write to the project'])
  expect(checkExitCode(checkTrial(ended))).toBe(1)
  rmSync(join(folder, FOUND_FILE), { recursive: true })
  expect(complaints({ ...trial(), isOwn: false })[0]).toBe('K15 files that the sandbox makes there belong to another user')
})

test('a command that was cut short, or whose file is not there, passes nothing', () => {
  expect(complaints({ ...trial(), code: 137 })).toEqual(['K40 the command ended with exit code 137'])
  expect(complaints({ ...trial(), text: 'home=/home/you\n' })[0]).toBe('K40 the command was cut short')
  expect(complaints({ ...trial(), text: null })).toContain('K15 the sandbox cannot write to the project')
  expect(checkExitCode([failedTrial('no engine', 'start one')])).toBe(1)
})
