import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { need, type Volumes } from '../../src/backends/backend.ts'
import { asJson, line, toMerge } from '../../src/cli/sessions/pull.ts'
import { capture } from '../../src/run/process.ts'
import { requireSaved, unsavedWork } from '../../src/session/clone/keep.ts'
import { pullSession } from '../../src/session/clone/pull.ts'
import { clearFailed } from '../../src/session/life/clone-end.ts'
import { requireOwnObjects } from '../../src/workspace/clone-source.ts'
import { type Cloning, cloning, git, put } from './cloning.ts'

const rooms: string[] = []
const made = async (...words: Parameters<typeof cloning>): Promise<Cloning> => {
  const one = await cloning(...words)
  rooms.push(one.room)
  await one.fill()
  return one
}
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

async function commit(folder: string, path: string, text = `${path}\n`): Promise<string> {
  put(join(folder, path), text)
  await git(folder, 'add', '--force', path)
  await git(folder, 'commit', '--quiet', '-m', path)
  return await git(folder, 'rev-parse', 'HEAD')
}

/** git takes a file for unchanged by its time alone only where that is older than the index, in whole seconds. */
async function secondAfter(path: string): Promise<void> {
  while (Math.floor(Date.now() / 1000) <= Math.floor(statSync(path).mtimeMs / 1000)) await Bun.sleep(20)
}

/** Files and folders below one, with what is in the files: what a refused pull must leave as it was. */
const contents = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map(
        (entry) =>
          [
            join(entry.parentPath, entry.name),
            entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'latin1') : '',
          ] as const,
      )
      .sort(),
  )

describe('a clone', () => {
  test('has the commit of HEAD on a branch of its own, whole, and nothing of what is not committed', async () => {
    const { project, box } = await made(async (folder) => {
      put(join(folder, 'a.txt'), 'changed\n')
      put(join(folder, 'secret.txt'), 'untracked\n')
    })
    expect(await git(box, 'rev-parse', 'HEAD')).toBe(await git(project, 'rev-parse', 'HEAD'))
    expect(await git(box, 'symbolic-ref', 'HEAD')).toBe('refs/heads/paude/fix')
    expect(await git(box, 'status', '--porcelain')).toBe('')
    expect(await git(box, 'rev-parse', 'host/main')).toBe(await git(project, 'rev-parse', 'main'))
    expect(readFileSync(join(box, 'a.txt'), 'utf8')).toBe('one\n')
    expect(existsSync(join(box, 'secret.txt'))).toBe(false)
    await git(box, 'fsck', '--strict')
  })

  test('says which files are not in it, since they are not committed', async () => {
    const { source } = await made(async (folder) => {
      put(join(folder, 'a.txt'), 'changed\n')
      rmSync(join(folder, 'sub/b.txt'))
    })
    expect(source.notes).toEqual(['not committed, so not in the clone: a.txt, sub/b.txt; --dirty brings it'])
    expect((await made()).source.notes).toEqual([])
  })

  test('has no commit of another branch, though the project has it', async () => {
    let other = ''
    const { box } = await made(async (folder) => {
      await git(folder, 'checkout', '--quiet', '-b', 'other')
      other = await commit(folder, 'other.txt')
      await git(folder, 'checkout', '--quiet', 'main')
    })
    expect((await capture(['git', '-C', box, 'cat-file', '-e', other])).code).not.toBe(0)
  })

  test('comes from packs that are kept: a second one takes only what is new', async () => {
    const one = await made()
    const kept = () =>
      readdirSync(one.room, { recursive: true, encoding: 'utf8' }).filter((path) => /packs\/\w+\/pack-\w+\.pack$/.test(path))
    expect(kept()).toHaveLength(1)
    await commit(one.project, 'c.txt')
    const target = join(one.room, 'second')
    mkdirSync(target)
    await one.fill(target)
    expect(kept()).toHaveLength(2)
    expect(existsSync(join(target, 'c.txt'))).toBe(true)
    await git(target, 'fsck', '--strict')
  })

  test('takes its packs from a folder of links where the engine shares the files of this machine, and none but its own', async () => {
    const one = await made()
    await git(one.project, 'checkout', '--quiet', '-b', 'other')
    const other = await commit(one.project, 'other.txt')
    const [first, target, packs] = ['of-other', 'shared', 'links/pack'].map((name) => join(one.room, name)) as [
      string,
      string,
      string,
    ]
    for (const folder of [first, target, packs]) mkdirSync(folder, { recursive: true })
    await one.fill(first)
    await git(one.project, 'checkout', '--quiet', 'main')
    await one.fill(target, false, packs)
    const linked = readdirSync(packs).filter((name) => name.endsWith('.pack'))
    expect(linked).toHaveLength(1)
    // One file by two names: nothing was copied on this side, nor put into the stream.
    expect(statSync(join(packs, linked[0] ?? '')).nlink).toBe(2)
    expect(await git(target, 'rev-parse', 'HEAD')).toBe(await git(one.project, 'rev-parse', 'main'))
    expect((await capture(['git', '-C', target, 'cat-file', '-e', other])).code).not.toBe(0)
    // It needs them no longer.
    rmSync(packs, { recursive: true })
    await git(target, 'fsck', '--strict')
  })

  test('runs nothing that the configuration of the project names', async () => {
    const { project, box } = await made(async (folder) => {
      const ran = (name: string) => `touch ${folder}/ran-${name}; false`
      for (const key of [
        'core.fsmonitor',
        'core.sshCommand',
        'core.alternateRefsCommand',
        'core.pager',
        'core.askPass',
        'uploadpack.packObjectsHook',
      ])
        await git(folder, 'config', key, ran(key))
      await git(folder, 'config', 'filter.f.smudge', ran('smudge'))
      await git(folder, 'config', 'filter.f.clean', ran('clean'))
      put(join(folder, '.gitattributes'), '* filter=f\n')
      put(join(folder, '.git/hooks/reference-transaction'), `#!/bin/sh\n${ran('hook')}\n`)
      await capture(['chmod', '+x', join(folder, '.git/hooks/reference-transaction')])
    })
    const before = readdirSync(project).filter((name) => name.startsWith('ran-'))
    await commit(box, 'work.txt')
    expect(before).toEqual([])
  })

  test.each([
    [
      'a link for objects',
      (folder: string) => capture(['sh', '-c', `mv ${folder}/.git/objects ${folder}/o && ln -s ../o ${folder}/.git/objects`]),
      'is a link',
    ],
    [
      'objects of another repository',
      async (folder: string) => put(join(folder, '.git/objects/info/alternates'), '/srv/private/.git/objects\n'),
      'are in another repository',
    ],
    [
      'objects of another repository behind more text than a file is worth reading of',
      async (folder: string) =>
        put(join(folder, '.git/objects/info/alternates'), `${'#\n'.repeat(600 * 1024)}/srv/private/.git/objects\n`),
      'are in another repository',
    ],
    [
      'alternates that are blank',
      async (folder: string) => put(join(folder, '.git/objects/info/alternates'), '\n'),
      'are in another repository',
    ],
    [
      'a link among the objects',
      async (folder: string) => symlinkSync('/srv/private/.git/objects/ab', join(folder, '.git/objects/link')),
      'is a link',
    ],
    ['a partial clone', async (folder: string) => put(join(folder, '.git/objects/pack/pack-1.promisor'), ''), 'partial clone'],
    [
      'no commit',
      async (folder: string) => writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/none\n'),
      'has no commit yet',
    ],
    [
      'a branch that leads out',
      async (folder: string) => writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/../../../x\n'),
      'has no commit yet',
    ],
  ] as const)('is refused for %s', async (_, plant, words) => {
    await expect(
      cloning(async (folder) => {
        await plant(folder)
      }),
    ).rejects.toThrow(words)
  })

  test('is refused where a folder of the objects cannot be looked into, and a missing one is none', async () => {
    const { room } = await made()
    const layout = (name: string) => {
      const repository = join(room, name)
      return { repository, gitDirectory: repository, commonDirectory: null }
    }
    // Root reads every folder, so a file stands for one that cannot be read.
    put(join(room, 'odd/objects'), '')
    expect(() => requireOwnObjects(layout('odd'))).toThrow('cannot be read')
    mkdirSync(join(room, 'empty/objects'), { recursive: true })
    expect(requireOwnObjects(layout('empty'))).toBe(join(room, 'empty/objects'))
  })

  test('of a shallow history ends where that ends', async () => {
    const deep = await made()
    for (const name of ['c', 'd', 'e']) await commit(deep.project, name)
    const { box, project } = await made(async (folder) => {
      rmSync(folder, { recursive: true })
      await git(deep.room, 'clone', '--quiet', '--depth=2', `file://${deep.project}`, folder)
    })
    expect(await git(box, 'rev-list', '--count', 'HEAD')).toBe('2')
    await commit(box, 'work.txt')
    expect(existsSync(join(project, 'work.txt'))).toBe(false)
  })

  test('of a repository with SHA-256 is one too', async () => {
    const { box, project, context, found } = await made(async (folder) => {
      rmSync(join(folder, '.git'), { recursive: true })
      await git(folder, 'init', '--quiet', '--object-format=sha256')
      await commit(folder, 'a.txt', 'new\n')
    })
    const tip = await commit(box, 'work.txt')
    expect(tip).toHaveLength(64)
    await pullSession(context, found, undefined)
    expect(await git(project, 'rev-parse', 'paude/fix')).toBe(tip)
  })
})

describe('pull', () => {
  test('brings the commits of the branch as a ref that git merges by name, and nothing else', async () => {
    const { project, box, context, found } = await made()
    const before = contents(project)
    const tip = await commit(box, 'work.txt')
    const { brought, executed, work } = await pullSession(context, found, undefined)
    expect(brought).toEqual([
      { branch: 'paude/fix', ref: 'refs/remotes/paude/fix', before: null, commit: tip, commits: 1, old: null },
    ])
    expect([executed, work.changed]).toEqual([[], 0])
    const added = Object.keys(contents(project)).filter((path) => !(path in before))
    expect(added.filter((path) => !/objects\/pack|refs\/remotes/.test(path))).toEqual([])
    await git(project, 'fsck', '--strict')
    await git(project, 'merge', '--quiet', 'paude/fix')
    expect(await git(project, 'rev-parse', 'HEAD')).toBe(tip)
    expect((await pullSession(context, found, undefined)).brought).toEqual([])
    const next = await commit(box, 'more.txt')
    expect((await pullSession(context, found, undefined)).brought).toMatchObject([{ before: tip, commit: next, commits: 1 }])
  })

  test('takes one branch where it is named, and names those that there are', async () => {
    const { box, context, found } = await made()
    await commit(box, 'work.txt')
    await git(box, 'branch', 'try')
    await git(box, 'branch', 'other')
    const { brought } = await pullSession(context, found, 'try')
    expect(brought.map(({ branch }) => branch)).toEqual(['try'])
    await expect(pullSession(context, found, 'none')).rejects.toThrow('has no branch none')
  })

  test('names what this machine would run once it is checked out', async () => {
    const { box, context, found } = await made()
    await commit(box, '.vscode/tasks.json')
    await commit(box, 'deep/.envrc')
    await commit(box, 'deep/.github/workflows/a.yml')
    await commit(box, 'package.json')
    await commit(box, 'plain.txt')
    const { executed } = await pullSession(context, found, undefined)
    expect(executed.map(({ severity, path }) => `${severity} ${path}`)).toEqual([
      'severe .vscode/tasks.json',
      'severe deep/.envrc',
      'shown deep/.github/workflows/a.yml',
      'shown package.json',
    ])
  })

  test('names repositories that are files of the tree, and links that lead out of it', async () => {
    const { box, context, found } = await made(async (folder) => {
      for (const path of ['old/HEAD', 'old/objects/x', 'old/refs/x']) put(join(folder, path), 'ref: refs/heads/main\n')
      await git(folder, 'add', '--all')
      await git(folder, 'commit', '--quiet', '--message', 'old')
    })
    for (const path of ['bare/HEAD', 'bare/config', 'bare/objects/o', 'bare/refs/r']) await commit(box, path)
    for (const path of ['tree/Head', 'tree/CommonDir', 'plain/config', 'plain/refs/x', 'docs/HEAD', '.lfsconfig'])
      await commit(box, path)
    for (const path of ['fold/HEAD.', 'fold/ob\u200cjects/o', 'fold/refs/r', 'led/HEAD']) await commit(box, path)
    for (const name of ['objects', 'refs']) symlinkSync('../old', join(box, 'led', name))
    await commit(box, 'old/config')
    for (const [name, target] of [
      ['abs', '/etc/passwd'],
      ['up', '../outside'],
      ['straße', '../../ü'],
      ['plain/in', '../docs/HEAD'],
    ] as const)
      symlinkSync(target, join(box, name))
    await git(box, 'add', '--all')
    await git(box, 'commit', '--quiet', '--message', 'links')
    const { executed } = await pullSession(context, found, undefined)
    expect(executed.map(({ severity, path, why }) => `${severity} ${path}: ${why}`)).toEqual([
      expect.stringMatching(/^severe bare: obeys its configuration/),
      expect.stringMatching(/^severe fold: obeys/),
      expect.stringMatching(/^severe led: obeys/),
      expect.stringMatching(/^severe old: obeys/),
      expect.stringMatching(/^severe tree: obeys/),
      expect.stringMatching(/^warn .lfsconfig: /),
      'warn abs: follows it out of the project, to /etc/passwd',
      'warn straße: follows it out of the project, to ../../ü',
      'warn up: follows it out of the project, to ../outside',
    ])
  })

  test('names what your own list has, and what the configuration of git names', async () => {
    const { room, project, box, context, found } = await made(async (folder) => {
      await git(folder, 'config', 'core.hooksPath', '.githooks')
      await git(folder, 'config', 'filter.f.clean', 'sh tools/clean.sh')
    })
    put(join(room, 'home/.config/paude/config.toml'), '[workspace]\nguard = ["severe:.own", "warn:package.json"]\n')
    put(join(project, 'tools/clean.sh'), '')
    for (const path of ['.githooks/post-merge', 'tools/clean.sh', 'deep/.own', 'package.json', 'tools/other.sh'])
      await commit(box, path)
    const { executed } = await pullSession(context, found, undefined)
    expect(executed.map(({ severity, tool, path }) => `${severity} ${tool} ${path}`)).toEqual([
      'severe git .githooks/post-merge',
      'severe this machine deep/.own',
      'severe git tools/clean.sh',
      'warn npm, Yarn, pnpm and Bun package.json',
    ])
  })

  test('takes no branch that changes more files than can be looked through', async () => {
    const { project, box, context, found } = await made()
    const tree = async (lines: string) => {
      const { stdout } = await capture(['git', '-C', box, 'mktree'], { stdin: lines })
      return stdout.trim()
    }
    const blob = await git(box, 'hash-object', '-w', join(box, 'a.txt'))
    let long = await tree(Array.from({ length: 20_000 }, (_, at) => `100644 blob ${blob}\tf${at}\n`).join(''))
    for (let depth = 0; depth < 14; depth++) long = await tree(`040000 tree ${long}\t${'d'.repeat(250)}\n`)
    const settings = await tree(`100644 blob ${blob}\ttasks.json\n`)
    const whole = await tree(`040000 tree ${long}\t!\n040000 tree ${settings}\t.vscode\n`)
    await git(box, 'update-ref', 'refs/heads/paude/fix', await git(box, 'commit-tree', '-p', 'HEAD', '-m', 'x', whole))
    const before = contents(project)
    await expect(pullSession(context, found, undefined)).rejects.toThrow('too many files')
    expect(contents(project)).toEqual(before)
  }, 60_000)

  test('reaches into the clone once, whether something came or nothing was new', async () => {
    const { box, context, found } = await made()
    await commit(box, 'work.txt')
    const calls: string[] = []
    const { end, run } = need(found.backend, 'volumes')
    const volumes: Volumes = {
      end,
      run: (...words) => {
        calls.push(words[2].script)
        return run(...words)
      },
    }
    const counted = { ...found, backend: { ...found.backend, volumes } }
    expect((await pullSession(context, counted, undefined)).brought).toHaveLength(1)
    expect(calls).toHaveLength(1)
    expect((await pullSession(context, counted, undefined)).brought).toEqual([])
    expect(calls).toHaveLength(2)
  })

  test('takes no object that claims more memory than it may have', async () => {
    const { room, box, context, found } = await made()
    await commit(box, 'work.txt')
    // One tree of 1.5 GiB, by its header.
    const size = [0xa0, 0x80, 0x80, 0x80, 0x30]
    writeFileSync(join(room, 'pack'), Buffer.from([...Buffer.from('PACK'), 0, 0, 0, 2, 0, 0, 0, 1, ...size, ...deflateSync('')]))
    const { end, ...own } = need(found.backend, 'volumes')
    const run: Volumes['run'] = (one, volume, how) =>
      own.run(one, volume, {
        ...how,
        script: how.script.replace(/exec git pack-objects.*/, `cat >/dev/null; exec cat ${join(room, 'pack')}`),
      })
    await expect(
      pullSession(context, { ...found, backend: { ...found.backend, volumes: { run, end } } }, undefined),
    ).rejects.toThrow('attempting to allocate')
  })

  test('ends its programs when it is interrupted, whatever they wait for', async () => {
    const { room, context, found } = await made()
    const names: unknown[] = []
    const volumes: Volumes = {
      run: (_, __, { name }) => {
        names.push(name)
        return ['sh', '-c', `touch ${room}/up; exec sleep 60`]
      },
      end: (name) => ['touch', join(room, name)],
    }
    const waiting = pullSession(context, { ...found, backend: { ...found.backend, volumes } }, undefined)
    const up = join(room, 'up')
    void (async () => {
      while (!existsSync(up)) await Bun.sleep(5)
      process.emit('SIGINT')
    })()
    await expect(waiting).rejects.toThrow('interrupted')
    // What runs in a container goes on without its client.
    expect(names).toEqual([expect.stringMatching(/^paude-bcd234-look-\w+$/)])
    for (let tries = 0; tries < 600 && !existsSync(join(room, String(names[0]))); tries++) await Bun.sleep(50)
    expect(existsSync(join(room, String(names[0])))).toBe(true)
  })

  test('keeps what a branch had before where its new commits do not have it', async () => {
    const { project, box, context, found } = await made()
    const good = await commit(box, 'good.txt')
    await pullSession(context, found, undefined)
    await git(box, 'reset', '--quiet', '--hard', 'HEAD~1')
    const evil = await commit(box, 'evil.txt')
    const old = `refs/paude/old/fix/${good}`
    const { brought } = await pullSession(context, found, undefined)
    expect(brought).toMatchObject([{ before: good, commit: evil, old }])
    await git(project, 'gc', '--quiet', '--prune=now')
    expect(await git(project, 'rev-parse', old)).toBe(good)
    expect(brought.map(line)).toEqual([`paude/fix  ${good.slice(0, 10)}..${evil.slice(0, 10)}, forced, 1 commit, before: ${old}`])
  })

  test('takes no two refs of which one is a folder of the other, and leaves the project as it was', async () => {
    const { project, box, context, found } = await made()
    const tip = await commit(box, 'work.txt')
    await git(box, 'branch', 'a')
    await git(box, 'pack-refs', '--all')
    put(join(box, '.git/refs/heads/a/b'), `${tip}\n`)
    const before = contents(project)
    await expect(pullSession(context, found, undefined)).rejects.toThrow('a ref below it')
    expect(contents(project)).toEqual(before)
    await pullSession(context, found, 'a')
    await git(project, 'pack-refs', '--all')
    await expect(pullSession(context, found, 'a/b')).rejects.toThrow('a ref below it')
  })

  test('prints nothing that a shell or a terminal acts on', () => {
    const ref = 'refs/remotes/paude-fix/x;touch$IFS'
    const name = "'paude-fix/x;touch$IFS'"
    expect(toMerge({ ref })).toBe(`to look and merge: git log -p 'HEAD..${name.slice(1)} && git merge ${name}`)
    const executed = [{ path: '.vscode/\u009b31m\u202e', severity: 'severe', tool: 'VS Code', why: '' }] as const
    const json = asJson('id', { brought: [], executed, work: { refs: [], changes: [], changed: 0, within: [] } })
    expect(json).toContain('.vscode/\\u009b31m\\u202e')
  })

  test('works where the sandbox has its history from elsewhere, and its base is gone here', async () => {
    const { project, box, context, found } = await made()
    const tip = await commit(box, 'work.txt')
    await git(project, 'checkout', '--quiet', '--orphan', 'fresh')
    await git(project, 'commit', '--quiet', '-m', 'fresh')
    await git(project, 'branch', '--quiet', '-D', 'main')
    await git(project, 'reflog', 'expire', '--expire=now', '--all')
    await git(project, 'gc', '--quiet', '--prune=now')
    await pullSession(context, found, undefined)
    expect(await git(project, 'rev-parse', 'paude/fix')).toBe(tip)
    await git(project, 'fsck', '--strict')
  })

  /** A tree whose one entry has a name, made as no git would. */
  async function evilTree(box: string, entry: string): Promise<string> {
    const blob = await git(box, 'hash-object', '-w', join(box, 'a.txt'))
    const bytes = Buffer.concat([Buffer.from(`100644 ${entry}\0`), Buffer.from(blob, 'hex')])
    writeFileSync(join(box, '.git/evil'), bytes)
    const tree = await git(box, 'hash-object', '-t', 'tree', '-w', '--literally', join(box, '.git/evil'))
    const evil = await git(box, 'commit-tree', '-p', 'HEAD', '-m', 'evil', tree)
    await git(box, 'update-ref', 'refs/heads/paude/fix', evil)
    return evil
  }

  test.each(['.git', '.GIT', '.git ', '..', 'a/b', '.g\u200cit'])(
    'takes no tree with %p in it, and leaves the project as it was',
    async (entry) => {
      const { project, box, context, found } = await made()
      await evilTree(box, entry)
      const evil = await git(box, 'rev-parse', 'refs/heads/paude/fix^{tree}')
      const before = contents(project)
      await expect(pullSession(context, found, undefined)).rejects.toThrow(`does not pass git's check: object ${evil}: `)
      await pullSession(context, found, undefined).catch(() => undefined)
      expect(contents(project)).toEqual(before)
    },
  )

  test('takes no commit that names what is not there', async () => {
    const { project, box, context, found } = await made()
    await commit(box, 'work.txt')
    const tree = '1234567890123456789012345678901234567890'
    put(join(box, '.git/evil'), `tree ${tree}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n`)
    const evil = await git(box, 'hash-object', '-t', 'commit', '-w', '--literally', join(box, '.git/evil'))
    writeFileSync(join(box, '.git/refs/heads/paude/fix'), `${evil}\n`)
    const before = contents(project)
    await expect(pullSession(context, found, undefined)).rejects.toThrow()
    expect(contents(project)).toEqual(before)
  })

  test.each([
    ['refs', 'refs'],
    ['remotes', 'refs/remotes'],
    ['paude', 'refs/remotes/paude'],
    ['the folder of the session', 'refs/remotes/paude-fix'],
    ['packs', 'objects/pack'],
  ])('follows no link in place of %s', async (_, place) => {
    const { room, project, box, context, found } = await made()
    await commit(box, 'work.txt')
    await git(box, 'branch', 'try')
    const outside = join(room, 'outside')
    mkdirSync(outside)
    const link = join(project, '.git', place)
    if (existsSync(link)) await capture(['cp', '-r', `${link}/.`, outside])
    rmSync(link, { recursive: true, force: true })
    mkdirSync(join(link, '..'), { recursive: true })
    symlinkSync(outside, link)
    const before = contents(outside)
    await expect(pullSession(context, found, undefined)).rejects.toThrow(/link|git repository|commit/)
    expect(contents(outside)).toEqual(before)
  })

  test('runs nothing that the configuration of the project names', async () => {
    const { project, box, context, found } = await made()
    for (const key of ['core.fsmonitor', 'core.sshCommand', 'core.alternateRefsCommand', 'receive.fsckObjects', 'core.hooksPath'])
      await git(project, 'config', key, key === 'core.hooksPath' ? join(project, 'hooks') : `touch ${project}/ran; false`)
    put(join(project, 'hooks/reference-transaction'), `#!/bin/sh\ntouch ${project}/ran\n`)
    await capture(['chmod', '+x', join(project, 'hooks/reference-transaction')])
    await commit(box, 'work.txt')
    await pullSession(context, found, undefined)
    expect(existsSync(join(project, 'ran'))).toBe(false)
    expect(existsSync(join(project, '.git/refs/remotes/paude/fix'))).toBe(true)
  })
})

describe('the work of a clone', () => {
  test('is nothing at first, and all that is committed or not before it is brought', async () => {
    const { box, context, found } = await made()
    expect(await unsavedWork(context, found)).toEqual([])
    await commit(box, 'work.txt')
    put(join(box, 'new.txt'), 'x\n')
    expect(await unsavedWork(context, found)).toEqual(['paude/fix: 1 commit', 'not committed: new.txt'])
    await pullSession(context, found, undefined)
    expect(await unsavedWork(context, found)).toEqual(['not committed: new.txt'])
  })

  test('is looked for without reading again what nobody touched', async () => {
    const one = await made((project) => commit(project, '.gitattributes', '*.txt filter=told\n').then(() => undefined))
    // git runs this on a file that it reads.
    await git(one.box, 'config', 'filter.told.clean', `tee -a ${one.room}/read`)
    await secondAfter(join(one.box, '.git/index'))
    expect(await unsavedWork(one.context, one.found)).toEqual([])
    expect(existsSync(join(one.room, 'read'))).toBe(false)
  })

  test.each([
    ['the filling', async () => undefined],
    ['a git of the agent', (box: string) => commit(box, 'a.txt', 'ten\n').then(() => undefined)],
  ])('is seen in a file of the same size that was changed in the second of %s', async (_, does) => {
    const one = await made()
    await does(one.box)
    put(join(one.box, 'a.txt'), 'two\n')
    await secondAfter(join(one.box, '.git/index'))
    expect(await unsavedWork(one.context, one.found)).toContain('not committed: a.txt')
  })

  test('is not removed unless it is kept', async () => {
    const { room, box, context, found, notes } = await made()
    await commit(box, 'work.txt')
    put(join(box, 'new.txt'), 'x\n')
    await git(box, 'checkout', '--quiet', '--detach')
    await commit(box, 'detached.txt')
    const { id } = found.record
    const asked = (name: string) =>
      requireSaved(context, { ...found, record: { ...found.record, name } }, { force: false, discard: false })
    await expect(asked('')).rejects.toThrow(`the clone of session ${id} holds unsaved work`)
    await expect(asked('fix')).rejects.toMatchObject({
      message: expect.stringContaining('the clone of session fix holds unsaved work'),
      hint: expect.stringContaining('paude diff fix shows it, paude pull fix brings its commits, paude rm --force fix'),
    })
    await requireSaved(context, found, { force: true, discard: false })
    const file = /: (\S+\.bundle)/.exec(notes.join('\n'))?.[1] ?? ''
    await git(room, 'clone', '--quiet', '--mirror', file, join(room, 'back'))
    const names = await git(join(room, 'back'), 'for-each-ref', '--format=%(refname)')
    expect(names.split('\n')).toEqual([
      'refs/heads/paude/fix',
      'refs/paude/head',
      'refs/paude/head-1',
      'refs/paude/uncommitted-1',
      'refs/remotes/host/main',
    ])
    expect(await git(join(room, 'back'), 'show', 'refs/paude/uncommitted-1:new.txt')).toBe('x')
    expect(await git(join(room, 'back'), 'show', 'refs/paude/head:detached.txt')).toBe('detached.txt')
  })

  test('is also what tags, other refs, older stashes, worktrees and repositories within hold, and all of it is kept', async () => {
    const { room, box, context, found, notes } = await made()
    for (const name of ['tagged', 'other', 'tree']) {
      await git(box, 'checkout', '--quiet', '--detach', 'host/main')
      await commit(box, name)
      if (name === 'tagged') await git(box, 'tag', 'v1')
      if (name === 'other') await git(box, 'update-ref', 'refs/keep/x', 'HEAD')
      if (name === 'tree') await git(box, 'worktree', 'add', '--quiet', '--detach', join(room, 'tree'))
    }
    await git(box, 'checkout', '--quiet', 'paude/fix')
    for (const text of ['old\n', 'new\n']) {
      writeFileSync(join(box, 'a.txt'), text)
      await git(box, 'stash', '--quiet')
    }
    const nested = join(box, 'lib/nested')
    mkdirSync(nested, { recursive: true })
    await git(nested, 'init', '--quiet')
    await commit(nested, 'n.txt')
    put(join(nested, 'more.txt'), 'more\n')
    const lines = await unsavedWork(context, found)
    expect(lines.map((line) => line.replace(/stash-\w+/, 'older stash')).sort()).toEqual([
      'HEAD: 1 commit',
      'keep/x: 1 commit',
      'lib/nested, a repository of its own: 1 commit',
      'not committed: lib/',
      'older stash: 2 commits',
      'stash: 2 commits',
      'tags/v1: 1 commit',
    ])
    await requireSaved(context, found, { force: true, discard: false })
    const file = /: (\S+\.bundle)/.exec(notes.join('\n'))?.[1] ?? ''
    const back = join(room, 'back')
    await git(room, 'clone', '--quiet', '--mirror', file, back)
    for (const [place, text] of [
      ['refs/tags/v1:tagged', 'tagged'],
      ['refs/keep/x:other', 'other'],
      ['refs/paude/head-2:tree', 'tree'],
      ['refs/stash:a.txt', 'new'],
      ['refs/paude/stash-1:a.txt', 'old'],
      ['refs/paude/within-1/heads/main:n.txt', 'n.txt'],
      ['refs/paude/within-1/paude/uncommitted:more.txt', 'more'],
    ] as const)
      expect(await git(back, 'show', place)).toBe(text)
  }, 60_000)

  test('is named after a start that failed only where something of the session is left', async () => {
    const { box, context, found, notes } = await made()
    await commit(box, 'work.txt')
    rmSync(found.handle.folder, { recursive: true })
    await clearFailed(context, found, [])
    expect(notes).toEqual([])
    mkdirSync(found.handle.folder)
    await clearFailed(context, found, [])
    expect(notes).toEqual(['session paude-bcd234 stays, since its clone holds work: paude sessions'])
  })

  test('is unsaved on a branch that no pull takes for its name, too', async () => {
    const { box, context, found } = await made()
    await commit(box, 'work.txt')
    await git(box, 'branch', '--move', 'a\u202eb')
    expect(await unsavedWork(context, found)).toEqual(['"a\\u202eb": 1 commit'])
  })

  test('ends the helper that writes the bundle when it is interrupted, and keeps neither file nor promise', async () => {
    const { box, context, found, room } = await made()
    await commit(box, 'new')
    const { run } = need(found.backend, 'volumes')
    const [begun, ended] = [join(room, 'begun'), join(room, 'ended')]
    const volumes: Volumes = {
      run: (one, volume, how) =>
        how.script.includes('bundle create')
          ? ['sh', '-c', `echo '# v2 git bundle'; : >${begun}; exec sleep 600`]
          : run(one, volume, how),
      end: (name) => ['sh', '-c', `echo ${name} >${ended}`],
    }
    const removing = requireSaved(
      context,
      { ...found, backend: { ...found.backend, volumes } },
      { force: true, discard: false },
    ).catch((error: { code: string }) => error.code)
    while (!existsSync(begun)) await Bun.sleep(10)
    process.emit('SIGINT')
    expect(await removing).toBe('interrupted')
    while (!existsSync(ended)) await Bun.sleep(10)
    expect(readdirSync(join(room, 'home/.local/state/paude/kept'))).toEqual([])
  })

  test('is not taken for kept where what came is no bundle', async () => {
    const { room, box, context, found } = await made()
    await commit(box, 'work.txt')
    const { run, end } = need(found.backend, 'volumes')
    const volumes: Volumes = {
      end,
      run: (one, volume, how) => (how.script.includes('bundle create') ? ['echo', '# v9 something'] : run(one, volume, how)),
    }
    const other = { ...found, backend: { ...found.backend, volumes } }
    await expect(requireSaved(context, other, { force: true, discard: false })).rejects.toThrow('could not be kept')
    expect(readdirSync(join(room, 'home/.local/state/paude/kept'))).toEqual([])
  })

  test('cannot be told of a repository that the agent broke, so it stays', async () => {
    const { box, context, found } = await made()
    rmSync(join(box, '.git'), { recursive: true })
    await expect(requireSaved(context, found, { force: false, discard: false })).rejects.toThrow(
      'paude cannot tell what removing',
    )
    await requireSaved(context, found, { force: false, discard: true })
  })
})
