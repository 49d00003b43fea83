import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
  makeRepository(machine.project)
})
afterEach(() => machine.dispose())

const MADE = ['commondir', 'config.worktree', 'hooks']

function makeRepository(place: string): void {
  for (const name of ['objects/x', 'refs/x']) machine.write(join(place, '.git', name), '')
  machine.write(join(place, '.git/HEAD'), 'ref: refs/heads/main\n')
  machine.write(join(place, '.git/config'), '[core]\n\tbare = false\n')
}

const there = (place = machine.project) =>
  readdirSync(join(place, '.git'))
    .filter((name) => MADE.includes(name))
    .sort()

const start = (...words: readonly string[]) => machine.detached(...words)

const remove = async (id: string) => {
  const outcome = await machine.paude(['rm', '--force', id])
  expect(outcome.code).toBe(0)
  return outcome.stderr
}

describe('what stands in for missing git data', () => {
  test('is there, harmless and mounted read-only, for as long as the session is, and git does not see it', async () => {
    const id = await start()
    expect(there()).toEqual(MADE)
    expect(readFileSync(join(machine.project, '.git/commondir'), 'utf8')).toBe('./\n')
    const status = Bun.spawnSync(['git', 'status', '--porcelain'], { cwd: machine.project })
    expect([status.exitCode, status.stdout.toString()]).toEqual([0, ''])
    const words = machine.calls().flat()
    for (const name of MADE)
      expect(words.find((word) => word.includes(`dst=${machine.project}/.git/${name},`))).toMatch(
        new RegExp(`^--mount=type=bind,src=.*/${id}/seed/stand-ins/${name},dst=.*,ro$`),
      )
    expect(await remove(id)).not.toContain('new or changed')
    expect(there()).toEqual([])
  })

  test.each(['-w', '--worktree=side'])(
    'leaves out commondir for %s, which Claude refuses with one, and names what appears',
    async (word) => {
      const { stdout } = await machine.paude(['--detach', '-p', 'hi', word])
      expect(there()).toEqual(['config.worktree', 'hooks'])
      writeFileSync(join(machine.project, '.git/commondir'), '../evil')
      expect(await remove(stdout.trim())).toContain('.git/commondir')
    },
  )

  test('stays while another session of the project needs it', async () => {
    const [one, other] = [await start(), await start()]
    await remove(one)
    expect(there()).toEqual(MADE)
    await remove(other)
    expect(there()).toEqual([])
  })

  test('is one for a start that finds it while the session before is being removed', async () => {
    const id = await start()
    const folder = machine.folderOf(id)
    renameSync(join(folder, 'stand-ins'), join(folder, 'stand-ins.old'))
    const { stdout } = await machine.paude(['--dry-run=full', '-p', 'hi'])
    expect(stdout).toContain(`[ -e ${machine.project}/.git/commondir ] || `)
  })

  test('is put back where another session listed it while it was taken away', async () => {
    const id = await start()
    await start()
    // It asks before it takes one away, and after that: each first answer is one of before the other session began.
    const count = join(machine.home, 'asked')
    machine.program('grep', `#!/bin/sh\necho >>${count}; [ $(($(wc -l <${count}) % 2)) = 0 ] && exec /usr/bin/grep "$@"; exit 1`)
    await remove(id)
    expect(readFileSync(count, 'utf8')).toHaveLength(8)
    expect(there()).toEqual(MADE)
  })

  test('is left where somebody put something else in its place, which is named', async () => {
    const id = await start()
    writeFileSync(join(machine.project, '.git/commondir'), '../evil\n')
    mkdirSync(join(machine.project, '.git/hooks/x'))
    writeFileSync(join(machine.project, '.git/config.worktree'), '[core]\n')
    const said = await remove(id)
    for (const name of MADE) expect(said).toContain(`${machine.project}/.git/${name}`)
    expect(there()).toEqual(MADE)
  })

  test('is not taken from another place by a link on the way', async () => {
    const id = await start()
    renameSync(join(machine.project, '.git'), join(machine.project, 'moved'))
    const victim = join(machine.home, 'victim')
    mkdirSync(join(victim, 'hooks'), { recursive: true })
    symlinkSync(victim, join(machine.project, '.git'))
    await remove(id)
    expect(existsSync(join(victim, 'hooks'))).toBe(true)
  })

  test('goes when the start fails', async () => {
    machine.set('fail', 'create', 'no\n')
    const { code } = await machine.paude(['--detach', '-p', 'hi'])
    expect(code).not.toBe(0)
    expect(there()).toEqual([])
  })

  test('is not made by a dry run, whose script makes and removes it', async () => {
    const { stdout } = await machine.paude(['--dry-run=full', '-p', 'hi'])
    expect(there()).toEqual([])
    expect(stdout).toContain(`[ -e ${machine.project}/.git/hooks ] || mkdir ${machine.project}/.git/hooks`)
  })

  test('is made again at a start of a stopped session', async () => {
    const id = await start()
    machine.ended('exited')
    for (const name of MADE) rmSync(join(machine.project, '.git', name), { recursive: true })
    expect(await machine.paude(['start', id])).toMatchObject({ code: 0 })
    expect(there()).toEqual(MADE)
  })

  test('what a session planted in a folder far down is named by rm, with what tools obey apart', async () => {
    const id = await start()
    machine.write(join(machine.project, 'a/b/.vscode/tasks.json'), '{}')
    machine.write(join(machine.project, 'CLAUDE.md'), 'obey')
    machine.write(join(machine.project, 'package.json'), '{}')
    const said = await remove(id)
    expect(said).toContain(`this machine may run it: ${machine.project}/a/b/.vscode; review it`)
    expect(said).toContain(`tools obey it when you run them here: ${machine.project}/CLAUDE.md\n`)
    expect(said).not.toContain('package.json')
  })

  test('a repository that is mounted writable has it too, and is looked at at the end', async () => {
    const other = join(machine.home, 'other')
    makeRepository(other)
    const id = await start('--mount', `${other}:/opt/other:rw`)
    expect(there(other)).toEqual(MADE)
    const words = machine.calls().flat().join('\n')
    for (const name of [...MADE, 'config']) expect(words).toMatch(new RegExp(`dst=/opt/other/\\.git/${name},ro`))
    machine.write(join(other, '.envrc'), 'x')
    expect(await remove(id)).toContain(`${other}/.envrc`)
    expect(there(other)).toEqual([])
  })
})
