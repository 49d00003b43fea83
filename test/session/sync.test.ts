import { afterEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { podman } from '../../src/backends/oci/podman.ts'
import { watchAndSync } from '../../src/cli/sessions/sync-watch.ts'
import { syncSession } from '../../src/session/clone/sync.ts'
import type { Found } from '../../src/session/record/found.ts'
import { until as poll } from '../hold/holding.ts'
import { type Cloning, cloning, git, put } from './cloning.ts'

const rooms: string[] = []
async function made(make?: (project: string) => Promise<void>, isDirty = false): Promise<Cloning> {
  const one = await cloning(make)
  rooms.push(one.room)
  await one.fill(one.box, isDirty)
  mkdirSync(one.found.handle.folder, { recursive: true })
  return one
}
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

const sync = async ({ context, found }: Pick<Cloning, 'context' | 'found'>, options: { force?: true; dryRun?: true } = {}) => {
  const { sent, removed, refused, leftOut } = await syncSession(context, found, { force: false, dryRun: false, ...options })
  return { sent, removed, refused: refused.map(({ path, why }) => `${path}: ${why}`), leftOut: leftOut.map(({ path }) => path) }
}
const text = (folder: string, path: string) => readFileSync(join(folder, path), 'utf8')
const NOTHING = { sent: [], removed: [], refused: [], leftOut: [] }

/** The same session, where the script gets another beginning. */
function where({ context, found }: Cloning, change: (script: string) => string): Pick<Cloning, 'context' | 'found'> {
  const backend: Found['backend'] = {
    ...found.backend,
    volumes: {
      end: () => ['true'],
      run: (_handle, _volume, { script, words }) => ['/bin/sh', '-c', change(script), 'sh', ...words],
    },
  }
  return { context, found: { ...found, backend } }
}

describe('a sync', () => {
  test('brings what was changed, added and removed, and then nothing more', async () => {
    const one = await made(async (folder) => {
      for (const name of ['gone.txt', 'only/here.txt', 'tool', 'same.txt']) put(join(folder, name), `${name}\n`)
      put(join(folder, '.gitignore'), '*.log\n')
      await git(folder, 'add', '.')
      await git(folder, 'commit', '--quiet', '-m', 'second')
    })
    const { project, box } = one
    // Another commit of yours is no change of files by itself.
    put(join(project, 'a.txt'), 'changed\n')
    await git(project, 'commit', '--quiet', '--all', '-m', 'third')
    put(join(project, 'sub/b.txt'), 'not committed\n')
    for (const name of ['new/deep/file.txt', '-n', 'a b "c"', 'ä.txt', 'x.log']) put(join(project, name), `${name}\n`)
    chmodSync(join(project, 'tool'), 0o755)
    rmSync(join(project, 'gone.txt'))
    rmSync(join(project, 'only'), { recursive: true })
    expect(await sync(one, { dryRun: true })).toMatchObject({ removed: ['gone.txt', 'only/here.txt'] })
    expect(text(box, 'a.txt')).toBe('one\n')
    const { sent, removed, refused } = await sync(one)
    expect([sent.toSorted(), removed, refused]).toEqual([
      ['-n', 'a b "c"', 'a.txt', 'new/deep/file.txt', 'sub/b.txt', 'tool', 'ä.txt'],
      ['gone.txt', 'only/here.txt'],
      [],
    ])
    for (const name of sent) expect(text(box, name)).toBe(text(project, name))
    expect(statSync(join(box, 'tool')).mode & 0o111).not.toBe(0)
    for (const name of ['gone.txt', 'only', 'x.log', '.git/paude-sync']) expect(existsSync(join(box, name))).toBe(false)
    expect(await sync(one)).toEqual(NOTHING)
    await git(box, 'fsck', '--strict')
    // Its commits are its own.
    expect(await git(box, 'log', '--format=%s')).toBe('second\nfirst')
  })

  test('overwrites nothing that the agent changed or removed unless it is told to', async () => {
    const one = await made(async (folder) => {
      for (const name of ['both.txt', 'theirs.txt', 'dropped.txt', 'alike.txt']) put(join(folder, name), `${name}\n`)
      await git(folder, 'add', '.')
      await git(folder, 'commit', '--quiet', '-m', 'second')
    })
    const { project, box } = one
    put(join(project, 'both.txt'), 'here\n')
    put(join(box, 'both.txt'), 'there\n')
    put(join(box, 'theirs.txt'), 'there\n')
    rmSync(join(project, 'a.txt'))
    put(join(box, 'a.txt'), 'there\n')
    put(join(project, 'dropped.txt'), 'here\n')
    rmSync(join(box, 'dropped.txt'))
    for (const folder of [project, box]) put(join(folder, 'alike.txt'), 'the same\n')
    put(join(project, 'new.txt'), 'here\n')
    put(join(box, 'new.txt'), 'there\n')
    put(join(project, 'free.txt'), 'here\n')
    const refused = [
      'a.txt: removed here, and changed by the agent',
      'both.txt: changed here and by the agent',
      'dropped.txt: the agent removed it',
      'new.txt: changed here and by the agent',
    ]
    const first = await sync(one)
    expect({ ...first, refused: first.refused.toSorted() }).toEqual({ ...NOTHING, sent: ['free.txt'], refused })
    expect([text(box, 'both.txt'), text(box, 'a.txt'), text(box, 'theirs.txt')]).toEqual(['there\n', 'there\n', 'there\n'])
    expect((await sync(one)).refused.toSorted()).toEqual(refused)
    await sync(one, { force: true })
    expect([text(box, 'both.txt'), text(box, 'dropped.txt'), text(box, 'new.txt')]).toEqual(['here\n', 'here\n', 'here\n'])
    expect(existsSync(join(box, 'a.txt'))).toBe(false)
    // What only the agent changed is no difference of yours.
    expect(text(box, 'theirs.txt')).toBe('there\n')
    expect(await sync(one)).toEqual(NOTHING)
  })

  test('compares with what the clone got last, also where it began with what was not committed', async () => {
    const one = await made(async (folder) => {
      put(join(folder, 'a.txt'), 'not committed\n')
      put(join(folder, 'new.txt'), 'not committed\n')
      rmSync(join(folder, 'sub/b.txt'))
    }, true)
    const { project, box } = one
    expect(await sync(one)).toEqual(NOTHING)
    put(join(project, 'a.txt'), 'again\n')
    expect((await sync(one)).sent).toEqual(['a.txt'])
    put(join(box, 'a.txt'), 'there\n')
    put(join(project, 'a.txt'), 'once more\n')
    put(join(project, 'new.txt'), 'once more\n')
    expect(await sync(one)).toMatchObject({ sent: ['new.txt'], refused: ['a.txt: changed here and by the agent'] })
    // Back to what the clone began with: it has another one now.
    put(join(box, 'new.txt'), 'once more\n')
    put(join(project, 'new.txt'), 'not committed\n')
    expect((await sync(one)).sent).toEqual(['new.txt'])
  })

  test('sends links as links, reads nothing behind one, and no git data', async () => {
    const one = await made()
    const { project, box, room } = one
    put(join(room, 'outside/secret.txt'), 'secret\n')
    symlinkSync(join(room, 'outside/secret.txt'), join(project, 'link'))
    rmSync(join(project, 'sub'), { recursive: true })
    symlinkSync(join(room, 'outside'), join(project, 'sub'))
    put(join(project, 'within/.git/config'), 'x\n')
    await git(join(project, 'within'), 'init', '--quiet')
    put(join(project, 'within/file.txt'), 'x\n')
    await git(join(project, 'within'), 'add', '.')
    await git(join(project, 'within'), 'commit', '--quiet', '-m', 'x')
    put(join(project, 'a\nb.txt'), 'x\n')
    const { sent, removed, leftOut } = await sync(one)
    expect([sent.toSorted(), removed, leftOut]).toEqual([['link', 'sub'], ['sub/b.txt'], ['within/', 'a\nb.txt']])
    expect(readlinkSync(join(box, 'link'))).toBe(join(room, 'outside/secret.txt'))
    expect(lstatSync(join(box, 'sub')).isSymbolicLink()).toBe(true)
    // And back.
    rmSync(join(project, 'sub'))
    put(join(project, 'sub/b.txt'), 'two\n')
    expect(await sync(one)).toMatchObject({ sent: ['sub/b.txt'], removed: ['sub'], refused: [] })
    expect(text(box, 'sub/b.txt')).toBe('two\n')
    expect(readdirSync(join(room, 'outside'))).toEqual(['secret.txt'])
  })

  test('never writes through a link that the agent put in place of a folder', async () => {
    const one = await made()
    const { project, box, room } = one
    mkdirSync(join(room, 'elsewhere'))
    rmSync(join(box, 'sub'), { recursive: true })
    symlinkSync(join(room, 'elsewhere'), join(box, 'sub'))
    put(join(project, 'sub/b.txt'), 'changed\n')
    expect((await sync(one)).refused).toEqual(['sub/b.txt: the agent replaced its folder by a link or file'])
    await sync(one, { force: true })
    expect(readdirSync(join(room, 'elsewhere'))).toEqual([])
    expect(text(box, 'sub/b.txt')).toBe('changed\n')
  })

  test('replaces a folder by a file of its name once its files are gone', async () => {
    const one = await made()
    rmSync(join(one.project, 'sub'), { recursive: true })
    put(join(one.project, 'sub'), 'a file\n')
    expect(await sync(one)).toEqual({ ...NOTHING, sent: ['sub'], removed: ['sub/b.txt'] })
    expect(text(one.box, 'sub')).toBe('a file\n')
  })

  test('leaves the clone as it was when it is cut, and says so', async () => {
    const one = await made()
    const { project, box } = one
    put(join(project, 'a.txt'), 'changed\n')
    put(join(project, 'big.bin'), 'x'.repeat(1024 ** 2))
    rmSync(join(project, 'sub/b.txt'))
    // tar gets the beginning alone, as from a stream that broke: in the middle of a file, or behind the first one.
    for (const bytes of [600_000, 1024]) {
      const cut = where(one, (script) => script.replace('tar -xpof -', `head -c ${bytes} | tar -xpof -`))
      await expect(sync(cut)).rejects.toThrow(/was cut, and the clone is as it was/)
      expect([text(box, 'a.txt'), text(box, 'sub/b.txt'), existsSync(join(box, 'big.bin'))]).toEqual(['one\n', 'two\n', false])
    }
    expect(existsSync(join(box, '.git/paude-sync'))).toBe(false)
    expect((await sync(one)).sent.toSorted()).toEqual(['a.txt', 'big.bin'])
  })

  test('looks again when the agent writes while files come in', async () => {
    const one = await made()
    put(join(one.project, 'a.txt'), 'here\n')
    const busy = where(one, (script) => script.replace('look >"$stage/again"', 'echo there >a.txt; look >"$stage/again"'))
    expect((await sync(busy)).refused).toEqual(['a.txt: changed here and by the agent'])
    expect(text(one.box, 'a.txt')).toBe('there\n')
  })

  test('believes no answer of a clone that is none', async () => {
    const one = await made()
    put(join(one.project, 'a.txt'), 'here\n')
    const lying = where(one, () => 'echo "f ../../etc"; cat >/dev/null')
    await expect(sync(lying)).rejects.toThrow(/was cut, and the clone is as it was/)
  })

  test('leaves a file alone that git ignores now, and one that is assumed to be unchanged', async () => {
    const one = await made()
    put(join(one.project, '.gitignore'), 'a.txt\n')
    await git(one.project, 'rm', '--quiet', '--cached', 'a.txt')
    await git(one.project, 'update-index', '--assume-unchanged', 'sub/b.txt')
    put(join(one.project, 'sub/b.txt'), 'changed\n')
    expect(await sync(one)).toEqual({ ...NOTHING, sent: ['.gitignore'] })
    expect(text(one.box, 'a.txt')).toBe('one\n')
  })

  test('is refused for a session that has your own folder, and while a merge has conflicts', async () => {
    const one = await made()
    const { volume: _, clone: __, ...record } = one.found.record
    const bind = { ...one.found, record }
    await expect(sync({ ...one, found: bind })).rejects.toThrow('works in your own folder, so there is nothing to sync')
    const lost = { ...one.found, record: { ...record, version: '' } }
    await expect(sync({ ...one, found: lost })).rejects.toThrow('this machine has no record of session paude-bcd234')
    await git(one.project, 'checkout', '--quiet', '-b', 'other')
    put(join(one.project, 'a.txt'), 'other\n')
    await git(one.project, 'commit', '--quiet', '--all', '-m', 'other')
    await git(one.project, 'checkout', '--quiet', 'main')
    put(join(one.project, 'a.txt'), 'main\n')
    await git(one.project, 'commit', '--quiet', '--all', '-m', 'main')
    await git(one.project, 'merge', 'other').catch(() => undefined)
    await expect(sync(one)).rejects.toThrow('the project cannot be synced: a.txt has a conflict')
  })

  test('runs nothing that the configuration of the project names', async () => {
    const one = await made()
    const { project } = one
    writeFileSync(join(project, '.gitattributes'), '* filter=f\n')
    for (const key of ['core.fsmonitor', 'filter.f.clean', 'filter.f.smudge'])
      await git(project, 'config', key, `touch ${project}/ran`)
    put(join(project, 'a.txt'), 'changed\n')
    expect((await sync(one)).sent.toSorted()).toEqual(['.gitattributes', 'a.txt'])
    expect(existsSync(join(project, 'ran'))).toBe(false)
  })
})

describe('a sync that watches', () => {
  /** The same session, running until a file says otherwise. */
  const running = ({ found, box, room }: Cloning): Found => {
    const ended = join(room, 'ended')
    const { inside } = podman
    if (inside === null) throw new Error('podman has no inside')
    const state = () => ({
      argv: ['/bin/sh', '-c', `[ -e ${ended} ] && echo exited || echo running`] as const,
      parse: (said: string) =>
        said.includes('exited') ? ({ status: 'exited', exitCode: 0 } as const) : ({ status: 'running', exitCode: 0 } as const),
    })
    const wait = () => ['/bin/sh', '-c', `until [ -e ${ended} ]; do sleep 0.05; done; echo 0`] as const
    const exec: typeof inside.exec = (_, words) => ['env', '-C', box, ...words]
    return { ...found, backend: { ...found.backend, life: { ...found.backend.life, state, wait }, inside: { ...inside, exec } } }
  }

  test('brings each change, in new folders too, says once what it refuses, and ends with the session', async () => {
    const one = await made()
    const { project, box, room, context, notes } = one
    const found = running(one)
    const told: string[] = []
    const watching = watchAndSync(context, found, { force: false, tell: ({ sent, removed }) => told.push(...sent, ...removed) })
    await poll('the first sync', () => notes.some((note) => note.startsWith('syncing each change')))
    put(join(project, 'a.txt'), 'changed\n')
    await poll('a change', () => text(box, 'a.txt') === 'changed\n')
    put(join(project, 'new/deep/c.txt'), 'new\n')
    await poll('a new file', () => existsSync(join(box, 'new/deep/c.txt')))
    // Its folder is watched since then.
    put(join(project, 'new/deep/c.txt'), 'again\n')
    await poll('a second change of it', () => text(box, 'new/deep/c.txt') === 'again\n')
    // And so is another one in its place.
    rmSync(join(project, 'new'), { recursive: true })
    await poll('the removal of its folder', () => !existsSync(join(box, 'new')))
    put(join(project, 'new/deep/d.txt'), 'new\n')
    await poll('a file in the next one', () => existsSync(join(box, 'new/deep/d.txt')))
    put(join(project, 'new/deep/d.txt'), 'again\n')
    await poll('a change in the next one', () => text(box, 'new/deep/d.txt') === 'again\n')
    put(join(box, 'a.txt'), 'of the agent\n')
    put(join(project, 'a.txt'), 'mine\n')
    await poll('the refusal', () => notes.some((note) => note.includes('a.txt: changed here and by the agent')))
    rmSync(join(project, 'sub/b.txt'))
    await poll('a removal', () => !existsSync(join(box, 'sub/b.txt')))
    writeFileSync(join(room, 'ended'), '')
    expect(await watching).toBe(0)
    expect(notes.at(-1)).toBe('session fix has ended, and so has its sync')
    expect(notes.filter((note) => note.includes('a.txt: changed here'))).toHaveLength(1)
    expect(told.toSorted()).toContain('sub/b.txt')
    expect(text(box, 'a.txt')).toBe('of the agent\n')
  }, 60_000)

  test('asks no engine whether a session runs whose holder lives', async () => {
    const one = await made()
    const found = running(one)
    const asked = join(one.room, 'asked')
    const { parse } = found.backend.life.state(found.handle)
    const state = () => ({ argv: ['/bin/sh', '-c', `echo x >>${asked}; echo running`] as const, parse })
    const counted = { ...found, backend: { ...found.backend, life: { ...found.backend.life, state } } }
    const syncs = async (text: string) => {
      put(join(one.project, 'a.txt'), text)
      expect((await sync({ context: one.context, found: counted })).sent).toEqual(['a.txt'])
      return existsSync(asked)
    }
    const held = { v: 1, activity: 'idle', holder: one.context.host.process, code: null }
    writeFileSync(join(found.handle.folder, 'state.json'), JSON.stringify(held))
    expect(await syncs('one more\n')).toBe(false)
    writeFileSync(join(found.handle.folder, 'state.json'), JSON.stringify({ ...held, code: 0 }))
    expect(await syncs('two more\n')).toBe(true)
  })

  test('is refused where the session does not run', async () => {
    const one = await made()
    writeFileSync(join(one.room, 'ended'), '')
    await expect(watchAndSync(one.context, running(one), { force: false, tell: () => undefined })).rejects.toThrow(
      'is not running',
    )
  })
})
