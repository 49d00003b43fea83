import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBase } from '../../src/workspace/base.ts'
import { requireBaseName } from '../../src/workspace/ref-name.ts'
import { git } from '../session/cloning.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-test' }

let machine: Machine
let repository: string
const commit = async (name: string): Promise<string> => {
  writeFileSync(join(machine.project, name), `${name}\n`)
  await git(machine.project, 'add', name)
  await git(machine.project, 'commit', '--quiet', '-m', name)
  return await git(machine.project, 'rev-parse', 'HEAD')
}
beforeEach(async () => {
  machine = makeMachine(['docker'])
  machine.set('say', 'list', '')
  repository = join(machine.project, '.git')
  await git(machine.project, 'init', '--quiet')
})
afterEach(() => machine.dispose())

test('a name means what git takes it for, loose or packed', async () => {
  const first = await commit('first')
  await git(machine.project, 'branch', 'side/way')
  await git(machine.project, 'tag', 'light')
  await git(machine.project, 'tag', '-m', 'an annotated one', 'v1')
  await git(machine.project, 'tag', '-m', 'a tag of a tag', 'v1-again', 'v1')
  await git(machine.project, 'update-ref', 'refs/remotes/origin/next', first)
  const second = await commit('second')
  const all = () =>
    ['main', 'side/way', 'light', 'v1', 'v1-again', 'origin/next', 'heads/main', second].map((name) =>
      readBase({ repository }, name),
    )
  const found = [
    { commit: second, branch: 'main' },
    { commit: first, branch: 'side/way' },
    ...Array.from({ length: 4 }, () => ({ commit: first, branch: '' })),
    { commit: second, branch: '' },
    { commit: second, branch: '' },
  ]
  expect(all()).toEqual(found)
  for (const name of ['main', 'side/way', 'light', 'v1', 'origin/next'])
    expect(await git(machine.project, 'rev-parse', `${name}^{commit}`)).toBe(readBase({ repository }, name).commit)
  await git(machine.project, 'pack-refs', '--all')
  await git(machine.project, 'gc', '--quiet')
  expect(all()).toEqual(found)
})

test('what is there by no such name, or is no name, is refused with what to look at', async () => {
  await commit('first')
  expect(() => readBase({ repository }, 'nowhere')).toThrow('has no branch, tag or remote branch "nowhere"')
  expect(() => readBase({ repository }, 'abcdef1')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('whole commit id') }),
  )
  for (const name of ['../config', '-x', 'a b', 'main~1', '@{u}', 'x..y', ''])
    expect(() => requireBaseName(name, '--base')).toThrow('--base must be')
  // A link in place of a ref leads nowhere.
  mkdirSync(join(machine.room, 'other'))
  writeFileSync(join(machine.room, 'other/ref'), `${'a'.repeat(40)}\n`)
  symlinkSync(join(machine.room, 'other/ref'), join(repository, 'refs/heads/linked'))
  expect(() => readBase({ repository }, 'linked')).toThrow('has no branch')
})

describe('--base', () => {
  const run = (...words: string[]) => machine.paude([...words, '--dry-run=full'], { env: KEY })

  test('a clone begins with it, and knows where it was', async () => {
    const first = await commit('first')
    await git(machine.project, 'branch', 'side')
    const second = await commit('second')
    const { code, stdout } = await run('--workspace', 'clone', '--base', 'side')
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`side \\\\\\s+${first} `))
    expect(stdout).toContain(`"base": "${first}"`)
    expect(stdout).not.toContain(second)
    machine.write(join(machine.home, '.config/paude/config.toml'), '[workspace]\nbase = "side"\n')
    expect((await run('--workspace', 'clone')).stdout).toContain(`"base": "${first}"`)
    // Of a folder of yours it says nothing.
    expect((await run()).code).toBe(0)
  })

  test('a worktree is made of it', async () => {
    const first = await commit('first')
    await git(machine.project, 'tag', '-m', 'one', 'v1')
    await commit('second')
    const { stdout, code } = await machine.paude(['--detach', '--workspace', 'worktree', '--base', 'v1', '-p', 'x'], { env: KEY })
    expect(code).toBe(0)
    const record = JSON.parse(readFileSync(join(machine.folderOf(stdout.trim()), 'session.json'), 'utf8')) as {
      workspace: string
    }
    expect(await git(record.workspace, 'rev-parse', 'HEAD')).toBe(first)
    const again = await machine.paude(['--detach', '--workspace', 'worktree=main2', '--base', 'v1', '-p', 'x'], { env: KEY })
    expect(again.code).toBe(0)
    await git(machine.project, 'branch', 'there')
    const there = await machine.paude(['--detach', '--workspace', 'worktree=there', '--base', 'v1', '-p', 'x'], { env: KEY })
    expect(there.stderr).toContain('the branch there is there already, so --base has no effect')
  })

  test('without a clone or a worktree, with changes, and in a file of the project it is refused', async () => {
    await commit('first')
    expect((await run('--base', 'main')).stderr).toContain('--base needs a clone or a worktree, but the workspace is bind')
    expect((await run('--workspace', 'clone', '--dirty', '--base', 'main')).stderr).toContain(
      '--dirty and a base cannot be combined',
    )
    expect((await run('--workspace', 'clone', '--base', '-x')).code).toBe(125)
    machine.write(join(machine.project, 'paude.toml'), '[workspace]\nmode = "clone"\nbase = "secret-branch"\n')
    expect((await run()).stderr).toContain('a project must not choose which of your branches the agent gets')
  })
})
