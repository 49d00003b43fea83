import { afterEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { capture } from '../../src/run/process.ts'
import { unsavedWork } from '../../src/session/clone/keep.ts'
import { addCloneRemote, dropCloneRemote, removeCloneRemote } from '../../src/session/clone/remote.ts'
import { serveClone } from '../../src/session/clone/serve.ts'
import type { Executed } from '../../src/workspace/incoming.ts'
import { type Cloning, cloning, git, put } from './cloning.ts'

const rooms: string[] = []
async function made(): Promise<Cloning> {
  const one = await cloning()
  rooms.push(one.room)
  await one.fill()
  addCloneRemote(one.context, one.found)
  return one
}
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

async function commit(folder: string, path: string): Promise<string> {
  put(join(folder, path), `${path}\n`)
  await git(folder, 'add', '--force', path)
  await git(folder, 'commit', '--quiet', '-m', path)
  return await git(folder, 'rev-parse', 'HEAD')
}

/** Answers lines of git, as the helper does. */
async function talk({ context, found }: Cloning, lines: readonly string[], host = context.host) {
  const said: string[] = []
  const executed: Executed[] = []
  async function* asks() {
    yield* lines
  }
  await serveClone({ ...context, host }, found, {
    lines: asks(),
    say: (text) => void said.push(text),
    told: (all) => void executed.push(...all),
  })
  return { said: said.join(''), executed }
}

/** Runs the real git, which asks us through two pipes in place of a helper that is a process of paude's. */
async function withHelper({ room, context, found, project }: Cloning, words: readonly string[]) {
  const bin = join(room, 'bin')
  mkdirSync(bin, { recursive: true })
  put(
    join(bin, 'git-remote-paude'),
    `#!/bin/sh\necho "$2" >${room}/url; exec 3<&0; cat <&3 >${room}/asks & reader=$!; cat ${room}/answers; kill $reader\n`,
  )
  chmodSync(join(bin, 'git-remote-paude'), 0o755)
  await capture(['mkfifo', join(room, 'answers'), join(room, 'asks')])
  const env = { PATH: `${bin}:${process.env['PATH']}` }
  const running = capture(['git', '-C', project, ...words], { env })
  const answers = openSync(join(room, 'answers'), 'w')
  const asks = createReadStream('', { fd: openSync(join(room, 'asks'), 'r') })
  const executed: Executed[] = []
  try {
    await serveClone(context, found, {
      lines: createInterface({ input: asks }),
      say: (text) => void writeSync(answers, text),
      told: (all) => void executed.push(...all),
    })
  } finally {
    // It ends the helper, and git with it.
    closeSync(answers)
    await running
  }
  return { ...(await running), executed }
}

/** Makes room for another talk. */
const again = ({ room }: Cloning) => {
  for (const name of ['asks', 'answers']) rmSync(join(room, name))
}

describe('a remote', () => {
  test('is fetched by the real git under names of its own, and what it brought counts as saved', async () => {
    const one = await made()
    const tip = await commit(one.box, '.envrc')
    await git(one.box, 'branch', 'try')
    const { code, stderr, executed } = await withHelper(one, ['fetch', 'paude-fix'])
    expect([code, stderr]).toEqual([0, expect.stringContaining('paude/fix')])
    expect(readFileSync(join(one.room, 'url'), 'utf8')).toBe('paude-bcd234\n')
    for (const name of ['paude/fix', 'paude-fix/try', 'paude-fix/paude/fix'])
      expect([name, await git(one.project, 'rev-parse', name)]).toEqual([name, tip])
    expect(executed.map(({ path }) => path)).toEqual(['.envrc'])
    expect(await unsavedWork(one.context, one.found)).toEqual([])
    await git(one.project, 'fsck', '--strict')
  })

  test('names what this machine would run once, also where git has the objects and asks for none', async () => {
    const one = await made()
    await commit(one.box, '.envrc')
    const dry = await withHelper(one, ['fetch', '--dry-run', 'paude-fix'])
    expect(dry.executed.map(({ path }) => path)).toEqual(['.envrc'])
    again(one)
    const { executed, stderr } = await withHelper(one, ['fetch', 'paude-fix'])
    expect([stderr, executed.map(({ path }) => path)]).toEqual([expect.stringContaining('paude/fix'), ['.envrc']])
    again(one)
    expect((await withHelper(one, ['fetch', 'paude-fix'])).executed).toEqual([])
  })

  test('keeps a ref to commits that its branch no longer has, as paude pull does', async () => {
    const one = await made()
    const [first, other] = [await commit(one.box, 'one.txt'), await commit(one.box, 'two.txt')]
    await withHelper(one, ['fetch', 'paude-fix'])
    const old = async () => (await git(one.project, 'for-each-ref', '--format=%(refname)', 'refs/paude/old')).split('\n')
    expect(await old()).toEqual([''])
    await git(one.box, 'reset', '--quiet', '--hard', first)
    again(one)
    // Its objects are here.
    await withHelper(one, ['fetch', 'paude-fix'])
    expect(await old()).toEqual([`refs/paude/old/fix/${other}`])
    await git(one.box, 'reset', '--quiet', '--hard', 'HEAD~1')
    const third = await commit(one.box, 'three.txt')
    again(one)
    await withHelper(one, ['fetch', 'paude-fix'])
    expect(await git(one.project, 'rev-parse', 'paude/fix')).toBe(third)
    expect(await old()).toEqual([first, other].toSorted().map((commit) => `refs/paude/old/fix/${commit}`))
  })

  test('lists its branches to the real git, and takes no push', async () => {
    const one = await made()
    const tip = await commit(one.box, 'work.txt')
    const listed = await withHelper(one, ['ls-remote', 'paude-fix'])
    expect(listed.stdout).toBe(`${tip}\trefs/heads/paude/fix\n${tip}\tHEAD\n`)
    again(one)
    const pushed = await withHelper(one, ['push', 'paude-fix', 'HEAD:refs/heads/mine'])
    expect(pushed.code).toBe(1)
    expect(pushed.stderr).toContain('paude push fix brings your commit in, as host/BRANCH')
    expect(await git(one.box, 'branch', '--list', 'mine')).toBe('')
  })

  test('knows no option that changes what is fetched', async () => {
    const one = await made()
    const { said } = await talk(one, ['option verbosity 1', 'option followtags true', ''])
    expect(said).toBe('ok\nunsupported\n')
    for (const option of ['depth 1', 'filter x', 'x'])
      await expect(talk(one, [`option ${option}`, ''])).rejects.toThrow('paude does not know the option')
    await expect(withHelper(one, ['fetch', '--depth=1', 'paude-fix'])).rejects.toThrow('the option depth')
    await expect(talk(one, ['connect git-upload-pack', ''])).rejects.toThrow('git asks for connect, which paude does not know')
  })

  test('gives no object that git would not take, and none that no branch has', async () => {
    const one = await made()
    const hidden = await commit(one.box, 'hidden.txt')
    await git(one.box, 'reset', '--quiet', '--hard', 'HEAD~1')
    await expect(talk(one, [`fetch ${hidden} refs/heads/paude/fix`, ''])).rejects.toThrow('has no branch at')
    const blob = await git(one.box, 'hash-object', '-w', join(one.box, 'a.txt'))
    await capture(['sh', '-c', `printf '100644 blob ${blob}\\t.git\\n' | git mktree >.git/tree`], { folder: one.box })
    const evil = await git(
      one.box,
      'commit-tree',
      '-p',
      'HEAD',
      '-m',
      'x',
      readFileSync(join(one.box, '.git/tree'), 'utf8').trim(),
    )
    await git(one.box, 'update-ref', 'refs/heads/evil', evil)
    await expect(talk(one, [`fetch ${evil} refs/heads/evil`, ''])).rejects.toThrow("does not pass git's check")
    expect((await capture(['git', '-C', one.project, 'cat-file', '-e', evil])).code).not.toBe(0)
  })

  test('speaks to git in the repository of its session alone', async () => {
    const one = await made()
    const tip = await commit(one.box, 'work.txt')
    const other = join(one.room, 'other')
    await git(one.room, 'init', '--quiet', other)
    const { host } = one.context
    for (const from of [
      { ...host, cwd: other },
      { ...host, env: { ...host.env, GIT_DIR: join(other, '.git') } },
    ])
      await expect(talk(one, [`fetch ${tip} refs/heads/paude/fix`, ''], from)).rejects.toThrow('git asks from another repository')
    const tree = join(one.room, 'tree')
    await git(one.project, 'worktree', 'add', '--quiet', tree)
    const linked = { ...host, cwd: tree, env: { ...host.env, GIT_DIR: join(one.project, '.git/worktrees/tree') } }
    expect((await talk(one, [`fetch ${tip} refs/heads/paude/fix`, ''], linked)).said).toBe('\n')
  })
})

describe('the configuration of the repository', () => {
  const configOf = ({ project }: Cloning) => readFileSync(join(project, '.git/config'), 'utf8')

  test('has the remote once, and is byte for byte what it was once that is removed', async () => {
    const one = await cloning(async (folder) => {
      writeFile(folder, '[core]\n\trepositoryformatversion = 0 # \xe4\n[remote "origin"]\n\turl = x')
    })
    rooms.push(one.room)
    const before = configOf(one)
    const inode = (await capture(['stat', '-c', '%i', join(one.project, '.git/config')])).stdout
    expect(addCloneRemote(one.context, one.found)).toBe('paude-fix')
    addCloneRemote(one.context, one.found)
    expect(configOf(one).match(/paude::paude-bcd234/g)).toHaveLength(1)
    expect(await git(one.project, 'remote', 'get-url', 'paude-fix')).toBe('paude::paude-bcd234')
    expect(removeCloneRemote(one.context, one.found.record)).toBe(true)
    expect(removeCloneRemote(one.context, one.found.record)).toBe(false)
    expect(configOf(one)).toBe(`${before}\n`)
    // A file in its place would take the guard off it that a running session has.
    expect((await capture(['stat', '-c', '%i', join(one.project, '.git/config')])).stdout).toBe(inode)
  })

  test('keeps a remote of yours that has the name', async () => {
    const one = await cloning(
      async (folder) => void (await git(folder, 'remote', 'add', 'paude-fix', 'https://git.example.org/x')),
    )
    rooms.push(one.room)
    const before = configOf(one)
    expect(() => addCloneRemote(one.context, one.found)).toThrow('has a remote paude-fix already')
    expect(removeCloneRemote(one.context, one.found.record)).toBe(false)
    expect(configOf(one)).toBe(before)
  })

  test('is not written while git holds its lock, nor through a link', async () => {
    const one = await cloning()
    rooms.push(one.room)
    put(join(one.project, '.git/config.lock'), '')
    const before = configOf(one)
    expect(() => addCloneRemote(one.context, one.found)).toThrow('another git is changing it')
    rmSync(join(one.project, '.git/config.lock'))
    const outside = join(one.room, 'outside')
    put(outside, before)
    rmSync(join(one.project, '.git/config'))
    symlinkSync(outside, join(one.project, '.git/config'))
    expect(() => addCloneRemote(one.context, one.found)).toThrow('a link stands on the way')
    expect(readFileSync(outside, 'utf8')).toBe(before)
  })

  test('that cannot be changed as a session ends is said, and keeps nothing from its end', async () => {
    const one = await made()
    put(join(one.project, '.git/config.lock'), '')
    dropCloneRemote(one.context, one.found.record)
    expect(one.notes.at(-1)).toStartWith('the remote paude-fix stays: cannot change ')
    expect(one.notes.at(-1)).toEndWith('another git is changing it; git remote remove paude-fix takes it away')
    rmSync(join(one.project, '.git/config.lock'))
    dropCloneRemote(one.context, one.found.record)
    expect(configOf(one)).not.toContain('paude')
  })
})

const writeFile = (folder: string, text: string) => put(join(folder, '.git/config'), text)
