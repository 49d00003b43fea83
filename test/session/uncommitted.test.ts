import { afterEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../../src/run/process.ts'
import { takeSnapshot } from '../../src/run/snapshot.ts'
import script from '../../src/session/clone/diff.sh' with { type: 'text' }
import { requireSaved, unsavedWork } from '../../src/session/clone/keep.ts'
import ownIndex from '../../src/session/clone/own-index.sh' with { type: 'text' }
import { filledWords, readBegan } from '../../src/session/record/began.ts'
import { type Cloning, cloning, git, put } from './cloning.ts'

/** A later git passes over lists that are large. */
const readsAny = Bun.semver.satisfies(
  /\d+\.\d+\.\d+/.exec(Bun.spawnSync(['git', '--version']).stdout.toString())?.[0] ?? '',
  '<2.46.0',
)

const rooms: string[] = []
async function made(make: (project: string) => Promise<void>): Promise<Cloning> {
  const one = await cloning(make)
  rooms.push(one.room)
  await one.fill(one.box, true)
  return one
}
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

/** As scripts read it: a name with a newline is one. */
const status = (folder: string) => git(folder, 'status', '--porcelain', '-z', '--untracked-files=all')
const diffOf = async ({ box, source, found }: Cloning, ...words: readonly string[]) => {
  const filled = filledWords(found.handle.folder)
  return (await capture(['/bin/sh', '-c', ownIndex + script, 'sh', box, source.commit, ...filled, 'never', ...words])).stdout
}

describe('a clone with what is not committed', () => {
  test('has the index and the files as they are', async () => {
    const { project, box } = await made(async (folder) => {
      put(join(folder, '.gitignore'), '*.log\n')
      for (const name of ['staged.txt', 'both.txt', 'gone.txt', 'gone-staged.txt', 'tool', 'a b\n"c\\', '-n', 'ä.txt'])
        put(join(folder, name), `${name}\n`)
      symlinkSync('a.txt', join(folder, 'link'))
      await git(folder, 'add', '.')
      await git(folder, 'commit', '--quiet', '-m', 'second')
      for (const name of ['staged.txt', 'both.txt', 'new.txt']) put(join(folder, name), 'staged\n')
      await git(folder, 'add', '.')
      await git(folder, 'rm', '--quiet', 'gone-staged.txt')
      for (const name of ['both.txt', 'a b\n"c\\', '-n', 'ä.txt']) put(join(folder, name), 'changed\n')
      rmSync(join(folder, 'gone.txt'))
      chmodSync(join(folder, 'tool'), 0o755)
      rmSync(join(folder, 'link'))
      symlinkSync('/etc/hostname', join(folder, 'link'))
      put(join(folder, 'deep/er/untracked.txt'), 'untracked\n')
      symlinkSync('../nowhere', join(folder, 'deep/dangling'))
      put(join(folder, 'ignored.log'), 'ignored\n')
      rmSync(join(folder, 'sub'), { recursive: true })
      symlinkSync('/usr', join(folder, 'sub'))
    })
    expect(await status(box)).toBe(await status(project))
    expect(await git(box, 'diff', '--cached')).toBe(await git(project, 'diff', '--cached'))
    expect(await git(box, 'diff')).toBe(await git(project, 'diff'))
    expect(readlinkSync(join(box, 'link'))).toBe('/etc/hostname')
    expect(readlinkSync(join(box, 'sub'))).toBe('/usr')
    expect(readFileSync(join(box, 'deep/er/untracked.txt'), 'utf8')).toBe('untracked\n')
    expect(existsSync(join(box, 'ignored.log'))).toBe(false)
    expect(await git(box, 'symbolic-ref', 'HEAD')).toBe('refs/heads/paude/fix')
    await git(box, 'fsck', '--strict')
  })

  test('has no more of the objects than its index names, and leaves nothing in the cache', async () => {
    const { room, box } = await made(async (folder) => {
      put(join(folder, 'a.txt'), 'staged\n')
      await git(folder, 'add', '.')
    })
    const count = await git(box, 'count-objects', '-v')
    // Blob and tree of the change, the commit of the beginning, and what the commit had.
    expect(count).toContain('in-pack: 6\n')
    expect(readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('uncommitted'))).toEqual([])
  })

  test('leaves out what a configuration of git ignores, and what is assumed unchanged', async () => {
    const { box } = await made(async (folder) => {
      put(join(folder, '../mine'), 'mine.txt\n')
      await git(folder, 'config', 'core.excludesFile', join(folder, '../mine'))
      put(join(folder, '.git/info/exclude'), 'own.txt\n')
      await git(folder, 'update-index', '--assume-unchanged', 'a.txt')
      for (const name of ['mine.txt', 'own.txt', 'a.txt', 'new.txt']) put(join(folder, name), 'here\n')
    })
    expect(await status(box)).toBe('?? new.txt\0')
    expect(readFileSync(join(box, 'a.txt'), 'utf8')).toBe('one\n')
  })

  test('names files that may hold secrets, repositories within, and names that are not UTF-8', async () => {
    const { box, notes } = await made(async (folder) => {
      for (const name of ['.env', 'keys/id_ed25519', 'plain.txt']) put(join(folder, name), 'x\n')
      mkdirSync(join(folder, 'inner'))
      await git(join(folder, 'inner'), 'init', '--quiet')
      put(join(folder, 'inner/file'), 'x\n')
      await git(join(folder, 'inner'), 'add', '.')
      await git(join(folder, 'inner'), 'commit', '--quiet', '-m', 'inner')
      await capture(['sh', '-c', `touch "$(printf 'x\\377')"`], { folder })
    })
    expect(notes).toEqual([
      'comes into the clone, not committed, and may hold secrets: .env, keys/id_ed25519',
      'not in the clone, since it is a repository of its own: inner/',
      'not in the clone as it is, since its name is not UTF-8: "x\ufffd"',
    ])
    expect(existsSync(join(box, 'inner'))).toBe(false)
  })

  test('holds no work until the agent makes some, and shows that alone', async () => {
    const one = await made(async (folder) => {
      put(join(folder, 'a.txt'), 'mine\n')
      put(join(folder, 'new.txt'), 'mine\n')
    })
    expect(await unsavedWork(one.context, one.found)).toEqual([])
    expect(await diffOf(one)).toBe('')
    put(join(one.box, 'new.txt'), 'of the agent\n')
    expect(await unsavedWork(one.context, one.found)).toEqual(['not committed: a.txt, new.txt'])
    expect(await diffOf(one, '--name-only')).toBe('new.txt\n')
    await git(one.box, 'add', '.')
    await git(one.box, 'commit', '--quiet', '-m', 'work')
    expect(await unsavedWork(one.context, one.found)).toEqual(['paude/fix: 1 commit'])
  })

  test.each([true, false])('shows work that the agent says it began with (--dirty: %p)', async (isDirty) => {
    const one = await cloning(async (folder) => put(join(folder, 'mine.txt'), 'mine\n'))
    rooms.push(one.room)
    await one.fill(one.box, isDirty)
    put(join(one.box, 'work.txt'), 'work\n')
    const all = isDirty ? ['mine.txt', 'work.txt'] : ['work.txt']
    await git(one.box, 'add', '.')
    const made = await git(one.box, 'commit-tree', '-p', 'HEAD', '-m', 'x', await git(one.box, 'write-tree'))
    await git(one.box, 'reset', '--quiet')
    const began = readBegan(one.found.handle.folder)
    expect(began === '').toBe(!isDirty)
    await git(one.box, 'update-ref', 'refs/paude/began', made)
    if (isDirty) await git(one.box, 'replace', began, made)
    const told = [...(isDirty ? ['replace/'] : []), 'paude/began', 'not committed']
    const lines = await unsavedWork(one.context, one.found)
    expect(told.filter((word) => !lines.some((line) => line.startsWith(word)))).toEqual([])
    expect(lines.at(-1)).toBe(`not committed: ${all.join(', ')}`)
    expect(await diffOf(one, '--name-only')).toBe('work.txt\n')
    // What is gone hides nothing, either.
    for (const ref of ['refs/paude/began', ...(isDirty ? [`refs/replace/${began}`] : [])])
      await git(one.box, 'update-ref', '-d', ref)
    await git(one.box, 'reflog', 'expire', '--all', '--expire=now')
    await git(one.box, 'gc', '--quiet', '--prune=now')
    expect(await diffOf(one, '--name-only')).toBe(all.map((name) => `${name}\n`).join(''))
    expect(await unsavedWork(one.context, one.found)).toEqual([`not committed: ${all.join(', ')}`])
  })

  test('holds work where the project no longer has what came, and the bundle has it', async () => {
    const { context, found, project, box, room } = await made(async (folder) => {
      for (const name of ['a.txt', 'new.txt', 'other.txt', 'empty']) put(join(folder, name), name === 'empty' ? '' : 'mine\n')
      symlinkSync('/etc/hostname', join(folder, 'link'))
    })
    put(join(box, 'a.txt'), 'of the agent\n')
    await git(box, 'commit', '--quiet', '-am', 'work')
    await git(box, 'update-ref', '-d', 'refs/paude/began')
    await git(box, 'push', '--quiet', project, 'HEAD:refs/remotes/paude/fix')
    const came = async () => (await unsavedWork(context, found)).filter((line) => line.startsWith('came from'))
    expect(await came()).toEqual([])
    await git(project, 'checkout', '--quiet', '--', 'a.txt')
    const file = (name: string) => join(project, name)
    for (const name of ['new.txt', 'empty', 'link']) rmSync(file(name))
    await capture(['mkfifo', file('empty')])
    symlinkSync('/etc/passwd', file('link'))
    const why = 'came from your folder, not committed, and is not so there now: '
    expect((await came())[0]).toStartWith(`${why}a.txt, `)
    for (const name of ['a.txt', 'empty', 'link']) rmSync(file(name))
    put(file('a.txt'), 'mine\n')
    put(file('empty'), '')
    symlinkSync('/etc/hostname', file('link'))
    expect(await came()).toEqual([`${why}new.txt`])
    await requireSaved(context, found, { force: true, discard: false })
    const kept = readdirSync(room, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('.bundle')) ?? ''
    await git(project, 'fetch', '--quiet', join(room, kept), 'refs/paude/began:refs/heads/kept')
    expect(await git(project, 'show', 'kept:new.txt', 'kept:a.txt')).toBe('mine\nmine')
  })

  test('is made without a program of the repository', async () => {
    const { project } = await made(async (folder) => {
      const ran = `touch ${folder}/../ran; cat`
      for (const key of ['core.fsmonitor', 'filter.f.clean', 'filter.f.smudge', 'filter.f.process', 'core.pager'])
        await git(folder, 'config', key, ran)
      for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction']) {
        put(join(folder, '.git/hooks', hook), `#!/bin/sh\n${ran}\n`)
        chmodSync(join(folder, '.git/hooks', hook), 0o755)
      }
      put(join(folder, '.gitattributes'), '* filter=f\n')
      put(join(folder, 'a.txt'), 'changed\n')
    })
    expect(existsSync(join(project, '../ran'))).toBe(false)
  })

  test('has no file that lies behind a link which an agent put there once git had listed it', async () => {
    const { room, project: root } = await cloning()
    rooms.push(room)
    put(join(room, 'outside/b.txt'), 'secret\n')
    put(join(room, 'outside/new.txt'), 'secret\n')
    const folder = join(room, 'snapshot')
    mkdirSync(folder)
    const lists =
      'printf "sub/new.txt\\0fifo\\0../outside/new.txt\\0.git/config\\0" >"$0/others"; cd "$1"; rm -r sub; ln -s ../outside sub; mkfifo fifo'
    const uncommitted = {
      files: '',
      repositories: '',
      objects: '',
      excludes: '',
      changed: ['sub/b.txt', 'a.txt'],
      unreadable: [],
      within: [],
    }
    const find = ['/bin/sh', '-c', lists, folder, root] as const
    await takeSnapshot(
      { kind: 'snapshot', root, folder, find, list: join(folder, 'list'), uncommitted },
      new AbortController().signal,
    )
    expect((await capture(['tar', '-tf', join(folder, 'tree.tar')])).stdout).toBe('a.txt\n')
  })

  test('does not wait for a pipe in place of a list of what is ignored', async () => {
    const { room, project: root } = await cloning(async (folder) => void (await capture(['mkfifo', join(folder, 'sub/list')])))
    rooms.push(room)
    const folder = join(room, 'snapshot')
    mkdirSync(folder)
    const uncommitted = { files: '', repositories: '', objects: '', excludes: '', changed: [], unreadable: [], within: [] }
    const find = ['/bin/sh', '-c', 'cat "$0/sub/list"', root] as const
    const ended = takeSnapshot(
      { kind: 'snapshot', root, folder, find, list: join(folder, 'list'), uncommitted },
      AbortSignal.timeout(100),
    )
    expect(await ended.catch((error: Error) => error.name)).toBe('TimeoutError')
  })

  test.each([
    [
      'a conflict',
      async (folder: string) => {
        await git(folder, 'checkout', '--quiet', '-b', 'other')
        put(join(folder, 'a.txt'), 'theirs\n')
        await git(folder, 'commit', '--quiet', '-am', 'theirs')
        await git(folder, 'checkout', '--quiet', 'main')
        put(join(folder, 'a.txt'), 'ours\n')
        await git(folder, 'commit', '--quiet', '-am', 'ours')
        await git(folder, 'merge', 'other').catch(() => '')
      },
      'a.txt has a conflict',
    ],
    [
      'a pipe in place of a list of what is ignored',
      (folder: string) => capture(['mkfifo', join(folder, '.gitignore')]),
      '.gitignore is not a plain file of at most 16 MiB',
    ],
    [
      'a pipe in place of a list that git tracks',
      async (folder: string) => {
        put(join(folder, 'sub/.gitignore'), 'x\n')
        await git(folder, 'add', '.')
        await capture(['sh', '-c', 'rm .gitignore; mkfifo .gitignore'], { folder: join(folder, 'sub') })
      },
      'sub/.gitignore is not a plain file of at most 16 MiB',
    ],
    [
      'a list of what is ignored that git could not hold in memory',
      (folder: string) => capture(['truncate', '-s', '700M', join(folder, 'sub/.gitignore')]),
      readsAny ? '268435456: sub/.gitignore is not a plain file of at most 16 MiB' : '',
    ],
    [
      'a file of more than a gibibyte',
      (folder: string) => capture(['truncate', '-s', '1025M', join(folder, 'large')]),
      'more than 1024 MiB are not committed',
    ],
    [
      'a file that you may not read',
      async (folder: string) => {
        put(join(folder, 'closed'), 'x\n')
        chmodSync(join(folder, 'closed'), 0)
      },
      process.getuid?.() === 0 ? '' : 'closed cannot be read',
    ],
  ] as const)('is refused with %s', async (_, make, why) => {
    const made = cloning(async (folder) => void (await make(folder)))
    rooms.push((await made).room)
    const filled = await (await made).fill((await made).box, true).then(
      () => '',
      (error: Error) => error.message,
    )
    expect(filled).toContain(why)
  })
})
