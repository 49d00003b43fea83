import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../../src/host.ts'
import { capture } from '../../src/run/process.ts'
import { marked, reviewOf, settle, units } from '../../src/session/life/review.ts'
import { readRecords } from '../../src/session/record/store.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
  const { write, project } = machine
  for (const name of ['.git/objects/x', '.git/refs/x']) write(join(project, name), '')
  write(join(project, '.git/HEAD'), 'ref: refs/heads/main\n')
  write(join(project, '.git/config'), '[core]\n\tbare = false\n')
})
afterEach(() => machine.dispose())

const at = (name: string) => join(machine.project, name)
const put = (name: string, text: string) => machine.write(at(name), text)

const start = (...words: readonly string[]) => machine.detached(...words)

/** A session that has ended, with what its box did. */
async function ended(deed: () => void, ...words: readonly string[]): Promise<string> {
  const id = await start(...words)
  deed()
  machine.ended('exited')
  return id
}

function recordOf(id: string) {
  const [record] = readRecords({ home: machine.home, env: machine.env } as unknown as Host).filter((one) => one.id === id)
  if (record === undefined) throw new Error(`no session ${id}`)
  return { record, folder: machine.folderOf(id) }
}

const review = (...words: readonly string[]) => machine.paude(['review', ...words])
const findings = async (id: string) =>
  (JSON.parse((await review(id, '--json')).stdout) as { findings: { path: string; state: string; severity: string }[] }).findings

describe('a review', () => {
  test('shows what is new and what changed in it, with who acts on it, and ends with 1', async () => {
    put('CLAUDE.md', 'one\ntwo\nthree\n')
    const id = await ended(() => {
      put('.vscode/tasks.json', '{ "tasks": [] }\n')
      put('CLAUDE.md', 'one\nevil\nthree\n')
    })
    const { code, stdout } = await review(id)
    expect(code).toBe(1)
    expect(stdout).toContain(
      '.vscode (new, severe): VS Code runs tasks and obeys settings\n  .vscode/tasks.json\n    + { "tasks": [] }\n',
    )
    expect(stdout).toContain('CLAUDE.md (changed, warn): agents take it for your words\n    - two\n    + evil\n')
  })

  test('ends with 0 and nothing on stdout where nothing is found', async () => {
    const id = await ended(() => put('src/x', ''))
    expect(await review(id)).toMatchObject({ code: 0, stdout: '' })
  })

  test('is JSON for a machine, with every path', async () => {
    const id = await ended(() => put('.husky/pre-commit', 'evil\n'))
    expect((await findings(id)).map(({ path, severity }) => [path, severity])).toEqual([
      [at('.husky'), 'severe'],
      [at('.husky/pre-commit'), 'severe'],
    ])
  })

  test('shows control characters of names, contents and links as such', async () => {
    const id = await ended(() => {
      put('.vscode/\u001b[2Jx', 'a\u001b]0;title\u0007\u202eb\n')
      symlinkSync('\u001b[2J', at('.idea'))
    })
    const { stdout } = await review(id)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/)
    expect(stdout).toContain('\\u{1b}[2Jx')
  })

  test('tells how many lines there are more, and shows no binary', async () => {
    const id = await ended(() => {
      put('.exrc', 'x\n'.repeat(500))
      put('.nvim.lua', 'a\0b')
    })
    const { stdout } = await review(id)
    expect(stdout).toContain('(460 more lines)')
    expect(stdout).toContain('(no text, 3 bytes)')
    expect(stdout.split('\n').length).toBeLessThan(60)
  })

  test('tells how many files and characters there are more, where links lead, and what is severe first', async () => {
    const id = await ended(() => {
      put('CLAUDE.md', 'words')
      for (let at = 10; at < 35; at++) put(`.vscode/${at}`, '')
      put('.exrc', `${'x'.repeat(300)}evil\n`)
      mkdirSync(at('.idea'))
      symlinkSync('/etc/passwd', at('.idea/x'))
    })
    const { stdout } = await review(id)
    expect(stdout).toContain('  (5 more files)\n')
    expect(stdout).toContain(`x… (106 more characters)\n`)
    expect(stdout).toContain('  .idea/x (a link to /etc/passwd)\n')
    expect(stdout.indexOf('CLAUDE.md (new, warn)')).toBeGreaterThan(stdout.lastIndexOf('severe):'))
  })

  test('is offered when a session is stopped, and of one that is gone with --last', async () => {
    const id = await start()
    put('.envrc', 'evil\n')
    expect((await machine.paude(['stop', id])).stderr).toContain(`review it and put it back: paude review ${id}`)
    expect((await machine.paude(['rm', '--force', id])).stderr).toContain(`paude review --last ${id}`)
    expect((await review('--last', id)).stdout).toContain('.envrc (new, severe): direnv runs it at cd\n    + evil')
    expect((await review('--last', id, '.', '--revert')).code).toBe(0)
    expect(existsSync(at('.envrc'))).toBe(false)
  })

  test('shows with --last what builds run, after a session in the foreground and one that was removed', async () => {
    put('Makefile', 'all:\n')
    const said = join(machine.room, 'fake/say-agent')
    await capture(['mkfifo', said])
    // It opens once the agent of the session is there to read it.
    const deed = open(said, 'w').then(async (pipe) => {
      put('Makefile', 'X = evil\n')
      await pipe.close()
    })
    const { code, stderr } = await machine.paude(['-p', 'hi'])
    await deed
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('Makefile')])
    const seen = 'Makefile (changed, shown): make runs its recipes\n    - all:\n    + X = evil'
    expect(await review('--last')).toMatchObject({ code: 0, stdout: expect.stringContaining(seen) })
    rmSync(said)
    const id = await ended(() => put('Makefile', 'X = worse\n'))
    await machine.paude(['rm', '--force', id])
    expect((await review('--last', id)).stdout).toContain('+ X = worse')
  })

  test.each([
    [['--keep', '--revert'], '--keep and --revert cannot be combined'],
    [['--revert'], 'paude review --revert needs a path'],
    [['x', '--revert', 'nothing'], ''],
  ])('of %j is refused', async (words, message) => {
    const id = await ended(() => put('.envrc', ''))
    const { code, stderr } = await review(...(words[0] === 'x' ? [id, ...words.slice(1)] : words))
    expect(code).not.toBe(0)
    expect(stderr).toContain(message === '' ? 'nothing was found at' : message)
    expect(existsSync(at('.envrc'))).toBe(true)
  })
})

describe('a verdict', () => {
  test('keep accepts a path with all that is in it, until it changes again', async () => {
    const id = await ended(() => put('.vscode/tasks.json', '{}'))
    expect(await review(id, '.vscode', '--keep')).toMatchObject({ code: 0, stdout: `${at('.vscode')}\n` })
    expect(await findings(id)).toEqual([])
    expect((await machine.paude(['wait', id])).stderr).toBe('')
    put('.vscode/tasks.json', '{ }')
    expect(await findings(id)).toMatchObject([{ path: at('.vscode/tasks.json'), state: 'changed' }])
  })

  test('revert takes away what is new and puts back what was there, with its mode', async () => {
    put('.gitattributes', 'one\n')
    chmodSync(at('.gitattributes'), 0o640)
    put('CLAUDE.md', 'words\n')
    symlinkSync('src', at('.tool-versions'))
    const id = await ended(() => {
      put('.gitattributes', 'evil\n')
      chmodSync(at('.gitattributes'), 0o777)
      rmSync(at('CLAUDE.md'))
      mkdirSync(at('CLAUDE.md'))
      rmSync(at('.tool-versions'))
      symlinkSync('/etc', at('.tool-versions'))
      put('deep/.idea/x', '')
    })
    expect((await review(id, '.', '--revert')).code).toBe(0)
    expect([readFileSync(at('.gitattributes'), 'utf8'), statSync(at('.gitattributes')).mode & 0o777]).toEqual(['one\n', 0o640])
    expect(readFileSync(at('CLAUDE.md'), 'utf8')).toBe('words\n')
    expect(readlinkSync(at('.tool-versions'))).toBe('src')
    expect(existsSync(at('deep/.idea'))).toBe(false)
    expect(await findings(id)).toEqual([])
  })

  test('quarantine does the same, and keeps what the session made in the state folder', async () => {
    const id = await ended(() => {
      put('.vscode/tasks.json', 'evil')
      symlinkSync('/etc/passwd', at('.vscode/link'))
    })
    const { stderr } = await review(id, '.', '--quarantine')
    expect(existsSync(at('.vscode'))).toBe(false)
    const [, place = ''] = /the files of the session are in (\S+)/.exec(stderr) ?? []
    expect(readFileSync(join(place, '.vscode/tasks.json'), 'utf8')).toBe('evil')
    expect(lstatSync(join(place, '.vscode/link')).isSymbolicLink()).toBe(true)
    expect(place.startsWith(join(machine.home, '.local/state/paude/quarantine', id))).toBe(true)
  })

  test('does nothing where what was there is not kept, also of the other paths', async () => {
    put('.npmrc', 'x'.repeat(70_000))
    const id = await ended(() => {
      put('.npmrc', 'evil')
      put('.envrc', 'evil')
    })
    const { code, stderr } = await review(id, '.', '--revert')
    expect(code).not.toBe(0)
    expect(stderr).toContain('its content at the start was not kept')
    expect(existsSync(at('.envrc'))).toBe(true)
  })

  test('follows no link that stands where a folder was', async () => {
    put('sub/.vscode/x', 'mine')
    const id = await ended(() => {
      put('other/.idea/x', '')
      renameSync(at('sub'), at('moved'))
      symlinkSync(machine.home, at('sub'))
    })
    machine.write(join(machine.home, '.vscode/x'), 'of the home')
    expect((await review(id, '.', '--revert')).code).toBe(0)
    expect(readFileSync(join(machine.home, '.vscode/x'), 'utf8')).toBe('of the home')
    expect(readdirSync(join(machine.home, '.vscode'))).toEqual(['x'])
    expect([lstatSync(at('sub')).isDirectory(), readFileSync(at('sub/.vscode/x'), 'utf8')]).toEqual([true, 'mine'])
  })

  test('names paths as they may be shown', async () => {
    put('.vscode/a', '')
    const id = await ended(() => put('.vscode/b\u001b[2J', ''))
    const { stdout } = await review(id, '.', '--keep')
    expect(stdout).toContain('.vscode/b\\u{1b}[2J\n')
  })

  test('keep refuses what changed since it was shown', async () => {
    const id = await ended(() => put('.vscode/tasks.json', 'one'))
    const { record, folder } = recordOf(id)
    const seen = marked(reviewOf(record, folder) ?? ({} as never))
    const host = { home: machine.home, env: machine.env } as unknown as Host
    put('.vscode/tasks.json', 'two')
    expect(() => settle(host, seen, units(seen.planted), 'keep')).toThrow('.vscode/tasks.json changed since it was shown')
    put('.vscode/more', '')
    expect(() => settle(host, marked(seen), units(seen.planted), 'keep')).toThrow('.vscode/more changed since it was shown')
    const again = marked(reviewOf(record, folder) ?? seen)
    settle(host, again, units(again.planted), 'keep')
    expect(await findings(id)).toEqual([])
  })

  test('revert gives a folder its mode back and leaves what is in it', async () => {
    put('.vscode/x', 'mine')
    chmodSync(at('.vscode'), 0o755)
    const id = await ended(() => chmodSync(at('.vscode'), 0o777))
    expect((await review(id, '.', '--revert')).code).toBe(0)
    expect([readFileSync(at('.vscode/x'), 'utf8'), statSync(at('.vscode')).mode & 0o777]).toEqual(['mine', 0o755])
  })

  test('is refused while the session runs', async () => {
    const id = await start()
    put('.envrc', 'evil')
    const running = readFileSync(join(import.meta.dir, '../fixtures/docker/state-running.out'), 'utf8')
    machine.set('say', 'state', running)
    const { code, stderr } = await review(id, '.', '--revert')
    expect([code, existsSync(at('.envrc'))]).toEqual([1, true])
    expect(stderr).toContain(`session ${id} is running and could write there`)
  })
})

describe('a seal', () => {
  const sealed = async (id: string) =>
    Object.fromEntries(
      (JSON.parse((await review(id, '--json')).stdout) as { findings: { path: string; seal?: string }[] }).findings.map(
        ({ path, seal }) => [path.slice(machine.project.length + 1), seal ?? ''],
      ),
    )

  test('accepts a finding as it was shown, and is shown as text too', async () => {
    const id = await ended(() => put('.vscode/tasks.json', 'evil'))
    const { '.vscode': seal = '', '.vscode/tasks.json': inner } = await sealed(id)
    expect([seal.length, inner]).toEqual([12, ''])
    expect((await review(id)).stdout).toContain(`as shown: .vscode@${seal}`)
    expect(await review(id, '--keep', `.vscode@${seal}`)).toMatchObject({ code: 0 })
    expect(await findings(id)).toEqual([])
  })

  const changes: readonly (readonly [name: string, deed: () => void])[] = [
    ['other content of the same size', () => put('.vscode/tasks.json', 'good')],
    ['another file in it', () => put('.vscode/more.json', '')],
    ['another mode', () => chmodSync(at('.vscode'), 0o700)],
    ['a file that is gone', () => rmSync(at('.vscode/tasks.json'))],
  ]
  test.each(changes)('no longer fits after %s, and nothing is done', async (_, deed) => {
    const id = await ended(() => put('.vscode/tasks.json', 'evil'))
    const { '.vscode': seal = '' } = await sealed(id)
    deed()
    for (const verdict of ['--keep', '--revert'])
      expect(await review(id, verdict, `.vscode@${seal}`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('.vscode changed since it was shown'),
      })
    expect(existsSync(at('.vscode'))).toBe(true)
  })

  test('of something that is no finding is refused, and a name with an @ is a path', async () => {
    const id = await ended(() => put('a@b/.envrc', 'evil'))
    expect((await review(id, '--keep', 'x@0123456789ab')).stderr).toContain('x is not a finding')
    expect(await review(id, '--keep', 'a@b')).toMatchObject({ code: 0 })
  })
})

describe('a session that paude paused', () => {
  /** Paused for what appeared at a path, as the engine and paude's own note say. */
  async function paused(prepare: () => void, deed: () => void, path: string): Promise<string> {
    prepare()
    const id = await start()
    deed()
    machine.set('say', 'state', readFileSync(join(import.meta.dir, '../fixtures/docker/state-paused.out'), 'utf8'))
    const alarm = { at: new Date().toISOString(), does: 'paused', text: 'x', paths: [at(path)] }
    machine.write(join(machine.folderOf(id), 'alarm.json'), JSON.stringify(alarm))
    return id
  }
  const wentOn = () => machine.calls().some((words) => words.includes('unpause'))

  test('stays so while what was found is there, also where no look through the project comes', async () => {
    const deep = 'node_modules/deep/.vscode'
    const id = await paused(
      () => undefined,
      () => put(`${deep}/tasks.json`, '{}'),
      deep,
    )
    expect(await review(id)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${deep} (new, severe)`),
      stderr: expect.stringContaining(`session ${id} stays paused`),
    })
    expect(wentOn()).toBe(false)
    expect(await review(id, deep, '--revert')).toMatchObject({ code: 0 })
    expect([existsSync(at(deep)), wentOn()]).toEqual([false, true])
  })

  test('stays so where the project has more than is looked at, and is told so', async () => {
    const links = () => {
      mkdirSync(at('links'))
      for (let n = 0; n < 5000; n++) symlinkSync('/nowhere', at(`links/${n}`))
    }
    const id = await paused(links, () => undefined, '.envrc')
    expect(await review(id)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has too many files') })
    expect([(await review(id, '--json')).code, wentOn()]).toEqual([1, false])
  })
})

describe('workspace.on_finding', () => {
  test('revert moves what is severe out of the project when a session is stopped, and nothing else', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), 'workspace.on_finding = "revert"\n')
    const id = await start()
    put('.envrc', 'evil')
    put('CLAUDE.md', 'words')
    const { stderr } = await machine.paude(['stop', id])
    expect(stderr).toContain('moved .envrc in ')
    expect([existsSync(at('.envrc')), existsSync(at('CLAUDE.md'))]).toEqual([false, true])
  })

  test('revert tells what it cannot do, and goes on', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), 'workspace.on_finding = "revert"\n')
    const id = await start()
    machine.write(join(machine.home, '.local/state/paude/quarantine'), 'in the way')
    put('.envrc', 'evil')
    put('.exrc', 'evil')
    const { code, stderr } = await machine.paude(['stop', id])
    expect([code, stderr]).toEqual([0, expect.stringMatching(/cannot change \.envrc: [A-Z]+; check it yourself/)])
    expect(stderr).toContain('cannot change .exrc: ')
  })

  test('warn and ask leave it where there is no terminal', async () => {
    for (const word of ['warn', 'ask']) {
      machine.write(join(machine.home, '.config/paude/config.toml'), `workspace.on_finding = "${word}"\n`)
      const id = await start()
      put(`.envrc`, word)
      expect((await machine.paude(['rm', '--force', id])).stderr).toContain(`may run it: ${at('.envrc')}`)
      expect(readFileSync(at('.envrc'), 'utf8')).toBe(word)
      rmSync(at('.envrc'))
    }
  })
})

test('no content of a file that may hold secrets is kept in the state of a session', async () => {
  for (const name of ['.env', '.npmrc', '.yarnrc.yml']) machine.write(join(machine.project, name), 'TOKEN=hunter2-hunter2\n')
  machine.write(join(machine.project, '.envrc'), 'use flake\n')
  const { code } = await machine.paude(['--detach', '-p', 'hi'])
  expect(code).toBe(0)
  const kept = machine.kept()
  expect(kept).toContain(Buffer.from('use flake\n').toString('base64'))
  expect(kept).not.toContain(Buffer.from('TOKEN=hunter2-hunter2\n').toString('base64'))
})
