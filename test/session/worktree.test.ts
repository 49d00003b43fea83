import { afterEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { podman } from '../../src/backends/oci/podman.ts'
import type { Layer } from '../../src/config/keys/settings.ts'
import { loadConfig } from '../../src/config/layers/load.ts'
import { processMark, readHost } from '../../src/host.ts'
import { capture } from '../../src/run/process.ts'
import { requireSaved } from '../../src/session/clone/keep.ts'
import { type Made, makeWorktree } from '../../src/session/worktree/make.ts'
import { removeIfUnused, removeWorktree } from '../../src/session/worktree/remove.ts'
import { unlockTrees } from '../../src/session/worktree/unlock.ts'
import { bundleWorktree, dropPipes, worktreeWork } from '../../src/session/worktree/work.ts'
import { readGit } from '../../src/workspace/git.ts'
import { contextFor, git, put } from './cloning.ts'

const rooms: string[] = []
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

async function project() {
  const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-worktree-')))
  rooms.push(room)
  const [root, home] = [join(room, 'project'), join(room, 'home')]
  for (const folder of [root, home]) mkdirSync(folder)
  await git(root, 'init', '--quiet')
  put(join(root, 'a.txt'), 'one\n')
  put(join(root, 'sub/b.txt'), 'two\n')
  await git(root, 'add', '.')
  await git(root, 'commit', '--quiet', '-m', 'first')
  const notes: string[] = []
  const host = { ...readHost(), cwd: join(root, 'sub'), home, env: { PATH: process.env['PATH'], HOME: home } }
  const context = contextFor(host, notes)
  const make = async (flags: Layer = {}, bin = '') => {
    const env = { ...host.env, PATH: `${bin}:${host.env.PATH}` }
    return makeWorktree({ ...context, host: { ...host, env } }, podman, await loadConfig(host, flags))
  }
  const found = ({ folder, worktree }: Made) => ({ backend: podman, record: { workspace: folder, worktree } })
  return { room, root, context, notes, make, found, host }
}

describe('a worktree', () => {
  test('is one that git made, on a branch of its own, and is gone with its branch where nothing is on it', async () => {
    const { root, make, found, context, host } = await project()
    const before = await git(root, 'for-each-ref')
    const made = await make({ sessionName: 'fix' })
    expect([made.folder, made.directory]).toEqual([`${root}.worktrees/fix`, `${root}.worktrees/fix/sub`])
    expect(await git(made.folder, 'status', '--porcelain', '--branch')).toBe('## paude/fix')
    expect(await git(root, 'worktree', 'list', '--porcelain')).toContain(`worktree ${made.folder}\n`)
    expect((await capture(['git', '-C', root, 'worktree', 'prune', '--verbose', '--expire=now'])).stderr).toBe('')
    expect(readGit(made.folder, host).git?.commonDirectory).toBe(join(root, '.git'))
    await git(root, 'fsck', '--strict')
    expect(await worktreeWork(context, found(made))).toEqual([])
    await removeIfUnused(context, found(made))
    expect(existsSync(`${root}.worktrees`)).toBe(false)
    expect(existsSync(join(root, '.git/worktrees'))).toBe(false)
    expect(existsSync(join(root, '.git/refs/heads/paude'))).toBe(false)
    expect(await git(root, 'for-each-ref')).toBe(before)
  })

  test('takes a branch that is there, and no branch that another working tree has', async () => {
    const { root, make, found, context } = await project()
    await git(root, 'branch', 'there')
    put(join(root, 'c.txt'), 'three\n')
    await git(root, 'add', '.')
    await git(root, 'commit', '--quiet', '-m', 'second')
    const made = await make({ worktreeBranch: 'there' })
    expect(existsSync(join(made.folder, 'c.txt'))).toBe(false)
    await expect(make({ worktreeBranch: 'there' })).rejects.toThrow('cannot have branch there: it is checked out already')
    await expect(make({ worktreeBranch: 'main' })).rejects.toThrow('cannot have branch main: it is checked out already')
    await removeIfUnused(context, found(made))
    expect(await git(root, 'branch', '--list', 'there')).toBe('there')
  })

  test.each([
    ['-f', 'it is not a name that git takes'],
    ['a..b', 'it is not a name that git takes'],
    ['../../x', 'it is not a name that git takes'],
    ['a\u202eb', 'it is not a name that git takes'],
    ['x.lock', 'it is not a name that git takes'],
    ['HEAD', 'it is not a name that git takes'],
    ['main/x', 'there is a branch main'],
    ['dir', 'there are branches below it'],
  ])('is not made for a branch %p', async (worktreeBranch, why) => {
    const { root, make } = await project()
    await git(root, 'branch', 'dir/x')
    await expect(make({ worktreeBranch })).rejects.toThrow(why)
    expect(existsSync(`${root}.worktrees`)).toBe(false)
    expect(existsSync(join(root, '.git/worktrees'))).toBe(false)
  })

  test.each(['worktrees', 'refs/heads/paude', 'refs/heads'])('is not made through a link in place of %s', async (name) => {
    const { room, root, make } = await project()
    await git(root, 'pack-refs', '--all')
    const outside = join(room, 'outside')
    // What an undo by path would remove.
    for (const path of ['fix/mine', 'paude/fix/mine']) put(join(outside, path), 'mine')
    rmSync(join(root, '.git', name), { recursive: true, force: true })
    symlinkSync(outside, join(root, '.git', name))
    await expect(make({ sessionName: 'fix' })).rejects.toThrow('has a link now')
    expect(readdirSync(outside, { recursive: true }).toSorted()).toEqual([
      'fix',
      'fix/mine',
      'paude',
      'paude/fix',
      'paude/fix/mine',
    ])
    expect(existsSync(`${root}.worktrees/fix`)).toBe(false)
  })

  test('has no index where its git data became a link while the files were made', async () => {
    const { room, root, make } = await project()
    const outside = join(room, 'outside')
    mkdirSync(outside)
    // The git that fills it stands for the moment in which another session of the project is at work.
    put(
      join(room, 'bin/git'),
      `#!/bin/sh\nPATH=/usr/bin:/bin\n[ "$1" != read-tree ] || { cd ${root}/.git/worktrees/*/ && here=$PWD && cd .. && rm -r "$here" && ln -s ${outside} "$here"; }\nexec git "$@"\n`,
    )
    chmodSync(join(room, 'bin/git'), 0o755)
    await expect(make({ sessionName: 'fix' }, join(room, 'bin'))).rejects.toThrow()
    expect(readdirSync(outside)).toEqual([])
  })

  test('is made and looked at without a program of the repository', async () => {
    const { room, root, make, found, context, notes } = await project()
    put(join(root, '.gitattributes'), '*.txt filter=f\n*.bin filter=lfs\n')
    await git(root, 'add', '.')
    await git(root, 'commit', '--quiet', '-m', 'attributes')
    const ran = `touch ${room}/ran; cat`
    for (const key of ['core.fsmonitor', 'filter.f.clean', 'filter.f.smudge', 'core.pager', 'core.sshCommand'])
      await git(root, 'config', key, ran)
    rmSync(join(room, 'ran'), { force: true })
    for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction']) {
      put(join(root, '.git/hooks', hook), `#!/bin/sh\n${ran}\n`)
      chmodSync(join(root, '.git/hooks', hook), 0o755)
    }
    const made = await make()
    put(join(made.folder, 'a.txt'), 'changed\n')
    expect(await worktreeWork(context, found(made))).toEqual(['not committed: a.txt'])
    expect(await bundleWorktree(context, { ...found(made), handle: {} } as never, join(room, 'kept.bundle'))).toBe(true)
    expect(existsSync(join(room, 'ran'))).toBe(false)
    expect(notes).toEqual([
      'files with the filter f are in the worktree as git keeps them, since no filter runs',
      'files kept by Git LFS are pointers in the worktree: git lfs pull fetches them in the sandbox',
      expect.stringContaining('making the worktree'),
    ])
  })

  test('stays while it holds what is not committed, or commits on no branch', async () => {
    const { root, make, found, context, notes } = await project()
    const made = await make({ sessionName: 'fix' })
    put(join(made.folder, 'new.txt'), 'new\n')
    put(join(made.folder, 'sub/b.txt'), 'changed\n')
    expect(await worktreeWork(context, found(made))).toEqual(['not committed: sub/b.txt, new.txt'])
    // What the sandbox changed in a copy of its own is as it was on this machine.
    expect(await worktreeWork(context, found(made), [join(made.folder, 'sub/b.txt')])).toEqual(['not committed: new.txt'])
    await removeIfUnused(context, found(made))
    expect(notes.at(-1)).toContain('stays, since it holds work')
    await git(made.folder, 'checkout', '--quiet', '--detach')
    await git(made.folder, 'add', '.')
    await git(made.folder, 'commit', '--quiet', '-m', 'loose')
    expect(await worktreeWork(context, found(made))).toEqual(['HEAD: 1 commit on no branch'])
    await git(made.folder, 'checkout', '--quiet', '-B', 'paude/fix')
    expect(await worktreeWork(context, found(made))).toEqual([])
    await removeIfUnused(context, found(made))
    expect(existsSync(made.folder)).toBe(false)
    expect(notes.at(-1)).toBe('branch paude/fix stays, with what was committed on it')
    expect(await git(root, 'log', '-1', '--format=%s', 'paude/fix')).toBe('loose')
  })

  test.each(['.gitignore', '.gitattributes'])('does not wait for a pipe called %s, and names it', async (name) => {
    const { make, found, context } = await project()
    const made = await make({ sessionName: 'fix' })
    put(join(made.folder, 'd/x'), 'x\n')
    await capture(['mkfifo', join(made.folder, 'd', name)])
    const said = await worktreeWork(context, found(made)).catch(String)
    expect(said).toContain(`d/${name} is not a plain file`)
  })

  test('goes by force though pipes lie where git would wait for them, and its work is kept', async () => {
    const { room, make, found, context, notes } = await project()
    const made = await make({ sessionName: 'fix' })
    put(join(made.folder, 'd/x'), 'x\n')
    for (const name of ['.gitignore', 'd/.gitattributes']) await capture(['mkfifo', join(made.folder, name)])
    symlinkSync('/nonexistent', join(made.folder, 'sub/.gitignore'))
    const { record } = found(made)
    const session = {
      ...found(made),
      record: { ...record, id: 'paude-bcd234', name: 'fix', shadows: [] },
      handle: { folder: join(room, 'session') },
    } as never
    await expect(requireSaved(context, session, { force: false, discard: false })).rejects.toThrow('is not a plain file')
    expect(lstatSync(join(made.folder, '.gitignore')).isFIFO()).toBe(true)
    await requireSaved(context, session, { force: true, discard: false })
    expect(notes.filter((note) => note.startsWith('removed')).toSorted()).toEqual([
      'removed .gitignore from the worktree: git cannot look past it, since it is not a plain file',
      'removed d/.gitattributes from the worktree: git cannot look past it, since it is not a plain file',
    ])
    const bundle = /(\S+\.bundle)/.exec(notes.at(-1) ?? '')?.[1] ?? ''
    await git(room, 'clone', '--quiet', '--mirror', bundle, join(room, 'back'))
    expect(await git(join(room, 'back'), 'show', 'refs/paude/uncommitted-1:d/x')).toBe('x')
    expect(await git(join(room, 'back'), 'ls-tree', '-r', '--name-only', 'refs/paude/uncommitted-1')).toContain('sub/.gitignore')
  })

  test('keeps pipes where it is no longer the worktree that paude made', async () => {
    const { root, make, found, context } = await project()
    const made = await make({ sessionName: 'fix' })
    await capture(['mkfifo', join(made.folder, '.gitignore'), join(root, '.gitignore')])
    rmSync(join(made.folder, '.git'))
    const elsewhere = { ...found(made), record: { ...found(made).record, workspace: root } }
    for (const one of [found(made), elsewhere]) await dropPipes(context, one)
    for (const folder of [made.folder, root]) expect(lstatSync(join(folder, '.gitignore')).isFIFO()).toBe(true)
  })

  test('says so where its branch stays since git has packed it', async () => {
    const { root, make, found, context, notes } = await project()
    const made = await make({ sessionName: 'fix' })
    await git(root, 'pack-refs', '--all')
    await removeIfUnused(context, found(made))
    expect(notes.at(-1)).toBe('branch paude/fix stays, since git has packed it or is changing it: git branch -d paude/fix')
  })

  test('goes with its git data where you removed its folder, and stays where you moved it', async () => {
    const { room, root, make, found, context } = await project()
    const gone = await make({ sessionName: 'gone' })
    rmSync(gone.folder, { recursive: true })
    removeWorktree(context, found(gone).record)
    expect(existsSync(join(root, '.git/worktrees'))).toBe(false)
    const moved = await make({ sessionName: 'moved' })
    await git(root, 'worktree', 'move', moved.folder, join(room, 'elsewhere'))
    removeWorktree(context, found(moved).record)
    expect(await git(join(room, 'elsewhere'), 'status', '--porcelain')).toBe('')
  })

  test('leaves a branch that git is changing, and the session goes all the same', async () => {
    const { root, make, found, context, notes } = await project()
    const made = await make({ sessionName: 'fix' })
    put(join(root, '.git/refs/heads/paude/fix.lock'), '')
    removeWorktree(context, found(made).record)
    expect(notes.at(-1)).toBe('branch paude/fix stays, since git has packed it or is changing it: git branch -d paude/fix')
    expect([existsSync(made.folder), existsSync(join(root, '.git/worktrees'))]).toEqual([false, false])
  })

  test.each(['core.fsmonitor', 'filter.f.clean'])(
    'runs no %s that a repository within names, and counts it as work',
    async (key) => {
      const { room, make, found, context } = await project()
      const made = await make({ sessionName: 'fix' })
      const inner = join(made.folder, 'inner')
      mkdirSync(inner)
      await git(inner, 'init', '--quiet')
      put(join(inner, '.gitattributes'), '* filter=f\n')
      put(join(inner, 'a.txt'), 'one\n')
      await git(inner, 'add', '.')
      await git(inner, 'commit', '--quiet', '-m', 'inner')
      await git(made.folder, 'update-index', '--add', '--cacheinfo', `160000,${await git(inner, 'rev-parse', 'HEAD')},inner`)
      await git(inner, 'config', key, `touch ${room}/ran; cat; false`)
      put(join(inner, 'a.txt'), 'two\n')
      expect(await worktreeWork(context, found(made))).toEqual(['not committed: inner, inner/'])
      const bundled = bundleWorktree(context, { ...found(made), handle: {} } as never, join(room, 'kept.bundle'))
      await expect(bundled).rejects.toThrow('inner/ is a repository of its own')
      expect(existsSync(join(room, 'ran'))).toBe(false)
      // Moved away, its place is kept as the index has it.
      renameSync(inner, join(room, 'inner'))
      expect(await bundleWorktree(context, { ...found(made), handle: {} } as never, join(room, 'kept.bundle'))).toBe(true)
      await git(room, 'clone', '--quiet', '--mirror', join(room, 'kept.bundle'), join(room, 'back'))
      expect(await git(join(room, 'back'), 'ls-tree', '--name-only', 'refs/paude/uncommitted-1')).toContain('inner')
    },
  )

  test('is kept as a bundle with what is not committed', async () => {
    const { room, make, found, context } = await project()
    const made = await make({ sessionName: 'fix' })
    put(join(made.folder, 'new.txt'), 'new\n')
    put(join(made.folder, 'ignored'), 'x\n')
    put(join(made.folder, '.gitignore'), 'ignored\n')
    const file = join(room, 'kept.bundle')
    expect(await bundleWorktree(context, { ...found(made), handle: {} } as never, file)).toBe(true)
    await git(room, 'clone', '--quiet', '--mirror', file, join(room, 'read'))
    const names = await git(join(room, 'read'), 'ls-tree', '-r', '--name-only', 'refs/paude/uncommitted-1')
    expect(names.split('\n')).toEqual(['.gitignore', 'a.txt', 'new.txt', 'sub/b.txt'])
    expect(await git(join(room, 'read'), 'log', '--format=%s', 'paude/fix')).toBe('first')
    expect(readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((path) => /\/(keep|look)-/.test(path))).toEqual([])
    await git(made.folder, 'init', '--quiet', 'inner')
    put(join(made.folder, 'inner/file'), 'x\n')
    await git(join(made.folder, 'inner'), 'add', '.')
    await git(join(made.folder, 'inner'), 'commit', '--quiet', '-m', 'inner')
    expect(await worktreeWork(context, found(made))).toEqual(['not committed: .gitignore, inner/, new.txt'])
    await expect(bundleWorktree(context, { ...found(made), handle: {} } as never, join(room, 'b'))).rejects.toThrow(
      'inner/ is a repository of its own',
    )
  })

  test('stays where its git data leads elsewhere now, and nothing elsewhere goes', async () => {
    const { room, root, make, found, context, notes } = await project()
    const made = await make({ sessionName: 'fix' })
    const outside = join(room, 'outside')
    put(join(outside, 'mine'), 'mine\n')
    put(join(made.folder, '.git'), `gitdir: ${root}/.git\n`)
    await removeIfUnused(context, found(made))
    expect(notes.at(-1)).toContain('stays, since it holds work')
    put(join(made.folder, '.git'), `gitdir: ${root}/.git/worktrees/${made.id}\n`)
    symlinkSync(outside, join(made.folder, 'link'))
    await git(made.folder, 'add', '.')
    await git(made.folder, 'commit', '--quiet', '-m', 'link')
    await removeIfUnused(context, found(made))
    expect([existsSync(made.folder), readFileSync(join(outside, 'mine'), 'utf8')]).toEqual([false, 'mine\n'])
  })
})

describe('a lock that Claude left on a working tree', () => {
  test('goes with its session, and one of a living process or from before stays', async () => {
    const { root, host, room } = await project()
    const created = new Date(Date.now() - 60_000).toISOString()
    const alive = processMark(process.pid).split(' ')[1]
    const locks = {
      left: 'claude session left (pid 8 start 1)\n',
      alive: `claude session alive (pid 8 start ${alive})\n`,
      before: 'claude session before (pid 8 start 1)\n',
      mine: 'do not touch (pid 8 start 1)\n',
      linked: '',
    }
    for (const [name, text] of Object.entries(locks)) {
      await git(root, 'worktree', 'add', '--quiet', join(room, name))
      if (text !== '') put(join(root, '.git/worktrees', name, 'locked'), text)
    }
    put(join(room, 'outside'), locks.left)
    symlinkSync(join(room, 'outside'), join(root, '.git/worktrees/linked/locked'))
    utimesSync(join(root, '.git/worktrees/before/locked'), 1, 1)
    unlockTrees(host, { workspace: root, created } as never)
    const still = Object.keys(locks).filter((name) =>
      lstatSync(join(root, '.git/worktrees', name, 'locked'), { throwIfNoEntry: false }),
    )
    expect(still).toEqual(['alive', 'before', 'mine', 'linked'])
    expect(existsSync(join(room, 'outside'))).toBe(true)
  })
})
