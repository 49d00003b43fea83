import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyFile } from '../../src/box/spec.ts'
import { copyNews } from '../../src/session/life/copies.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

const CONFIG = '[remote "origin"]\n\turl = https://example.org/x\n'
const BRANCH = '[branch "fix"]\n\tremote = origin\n\tmerge = refs/heads/main\n'
const COMMAND = 'git branch --set-upstream-to=origin/main fix'
const RUNNING = readFileSync(join(import.meta.dir, '../fixtures/docker/state-running.out'), 'utf8')

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const folderOf = (id: string) => machine.folderOf(id)

function makeRepository(place: string): void {
  for (const name of ['objects/x', 'refs/x']) machine.write(join(place, '.git', name), '')
  machine.write(join(place, '.git/HEAD'), 'ref: refs/heads/main\n')
  machine.write(join(place, '.git/config'), CONFIG)
}

async function start(cwd = machine.project): Promise<string> {
  const { stdout, stderr } = await machine.paude(['--detach', '-p', 'hi'], { cwd })
  expect(stderr).not.toContain('paude: error')
  return stdout.trim()
}

/** Ends a session whose box has set up a branch in its copy; answers what is said. */
async function ended(id: string): Promise<string> {
  writeFileSync(copyFile(folderOf(id), 0), CONFIG + BRANCH)
  const { code, stderr } = await machine.paude(['stop', id])
  expect(code).toBe(0)
  expect(stderr).toContain('the agent changed .git/config in the sandbox only: branch.fix.remote, branch.fix.merge\n')
  return stderr
}

describe('a command that replaces the git configuration', () => {
  beforeEach(() => makeRepository(machine.project))

  test('is proposed for as long as no session runs in the project', async () => {
    expect(await ended(await start())).toContain(`while no session runs in this project:\n${COMMAND}\n`)
  })

  test('is not proposed for a further repository, in which nobody types it', async () => {
    const lib = join(machine.home, 'lib')
    makeRepository(lib)
    const { stdout } = await machine.paude(['--detach', `--repo=${lib}`, '-p', 'hi'], { cwd: machine.project })
    const id = stdout.trim()
    writeFileSync(copyFile(folderOf(id), 1), CONFIG + BRANCH)
    const { stderr } = await machine.paude(['stop', id])
    expect(stderr).toContain(`the agent changed ${lib}/.git/config in the sandbox only: branch.fix.remote, branch.fix.merge\n`)
    expect(stderr).not.toContain('git branch')
  })

  test('waits for the end of another session of the project, whose guard it would take away', async () => {
    const [one, other] = [await start(), await start()]
    machine.set('say', 'state', RUNNING)
    const said = await ended(one)
    expect(said).toContain(`stop ${other} first, since git replaces the guarded file:\n`)
    expect(said).toContain(`\npaude stop ${other} &&\n${COMMAND}\n`)
    expect(said).not.toContain('while no session runs')
  })

  test('waits for one in a folder above', async () => {
    const above = await start()
    const nested = join(machine.project, 'nested')
    makeRepository(nested)
    machine.set('say', 'state', RUNNING)
    expect(await ended(await start(nested))).toContain(`paude stop ${above} &&\n${COMMAND}`)
  })

  test('does not wait for one that has ended', async () => {
    const one = await start()
    await start()
    expect(await ended(one)).toContain(`while no session runs in this project:\n${COMMAND}\n`)
  })

  test.each(['an engine that does not answer', 'a record that cannot be read'])('counts %s as running', async (what) => {
    const [one, other] = [await start(), await start()]
    if (what.startsWith('a record')) writeFileSync(join(folderOf(other), 'session.json'), '{')
    else machine.set('fail', 'container-inspect', 'Cannot connect\n')
    expect(await ended(one)).toContain(`paude stop ${other} &&\n${COMMAND}`)
  })

  test('asks no engine about a session of another project', async () => {
    const elsewhere = join(machine.home, 'elsewhere')
    mkdirSync(elsewhere)
    makeRepository(elsewhere)
    const other = await start(elsewhere)
    machine.set('say', 'state', RUNNING)
    const one = await start()
    const before = machine.calls().length
    expect(await ended(one)).toContain(`while no session runs in this project:\n${COMMAND}\n`)
    expect(machine.calls().slice(before).flat().join('\n')).not.toContain(other)
  })
})

describe('a key that a sandbox chose', () => {
  const said = (name: string) => {
    const folder = join(machine.room, 'session')
    machine.write(`${copyFile(folder, 0)}.was`, CONFIG)
    machine.write(copyFile(folder, 0), `${CONFIG}[branch "${name}"]\n\tx = y\n`)
    const record = {
      copies: ['/srv/project/.git/config'],
      shadows: [],
      repos: [],
      workspace: '/srv/project',
    } as unknown as SessionRecord
    return copyNews(record, folder)[0]?.sentence.replace('the agent changed .git/config in the sandbox only: ', '')
  }

  test('stands as it is where it is as keys are', () => {
    expect(said('Fix/some_thing-1.2')).toBe('branch.Fix/some_thing-1.2.x')
    expect(said('über')).toBe('"branch.über.x"')
  })

  test.each([' ', '\u00a0', '\u3000', '\u2800', '\t', '\u202e'])('has no blank that fills a line: %j', (blank) => {
    expect(said(`a${blank.repeat(20)}paude: run x`)).toMatch(/^"branch\.a[^\s\u2800\u202e]+"$/)
  })

  test('is cut in its middle, whatever its length', () => {
    expect(said(`a${'b'.repeat(500_000)}c`)).toBe(`"branch.a${'b'.repeat(18)}…${'b'.repeat(50)}c.x"`)
  })
})
