import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { canBeHumble, type Machine, makeMachine } from '../support/machine.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const at = (name: string) => join(machine.project, name)
const put = (name: string, text: string) => machine.write(at(name), text)

const start = (...words: readonly string[]) => machine.detached(...words)

const folderOf = (id: string) => machine.folderOf(id)

/** Where the box writes in place of a path of the project. */
function shadow(id: string, name: string): string {
  const { shadows } = JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8')) as { shadows: string[] }
  const n = shadows.findIndex((one) => at(name) === one || at(name).startsWith(`${one}/`))
  expect(n).toBeGreaterThan(-1)
  return join(folderOf(id), 'shadows', String(n), at(name).slice((shadows[n] ?? '').length))
}
const write = (id: string, name: string, text: string) => machine.write(shadow(id, name), text)

/** The mounts of the box at a place of the project. */
const mountsAt = (name: string) =>
  machine
    .calls()
    .flat()
    .filter((word) => word.includes(`dst=${at(name)}`))

const changes = async (...words: readonly string[]) => {
  const { stdout } = await machine.paude(['config-changes', ...words, '--json'])
  return (
    JSON.parse(stdout) as {
      changes: { path: string; state: string; changedHereToo: boolean; risks: string[]; cannotBring: string | null }[]
    }
  ).changes
}

describe("the agents' configuration of a project", () => {
  test('is a copy in the sandbox that it may write, and stays as it is on this machine', async () => {
    put('.claude/settings.json', '{ "model": "opus" }')
    put('.claude/commands/go.md', 'go')
    put('.mcp.json', '{}')
    put('CLAUDE.md', 'words')
    const id = await start()
    for (const name of ['.claude', '.mcp.json', 'CLAUDE.md'])
      expect(mountsAt(name)).toEqual([
        expect.stringMatching(new RegExp(`^--mount=type=bind,src=.*/${id}/shadows/\\d,dst=${at(name)}$`)),
      ])
    write(id, '.claude/settings.json', '{ "model": "haiku" }')
    write(id, 'CLAUDE.md', 'other words')
    expect(readFileSync(at('.claude/settings.json'), 'utf8')).toBe('{ "model": "opus" }')
    expect((await changes(id)).map(({ path, state }) => [path, state])).toEqual([
      ['.claude/settings.json', 'changed'],
      ['CLAUDE.md', 'changed'],
    ])
  })

  test('that is missing is an empty folder while the session exists, and nothing afterwards', async () => {
    const id = await start()
    expect(readdirSync(at('.claude'))).toEqual([])
    write(id, '.claude/settings.local.json', '{ "permissions": { "allow": ["Bash"] } }')
    expect(readdirSync(at('.claude'))).toEqual([])
    expect(await changes(id)).toMatchObject([{ path: '.claude/settings.local.json', state: 'new' }])
    const { stderr } = await machine.paude(['rm', '--force', id])
    expect(existsSync(at('.claude'))).toBe(false)
    expect(stderr).not.toContain('new or changed')
    expect(stderr).toContain(
      `1 file of the agents' configuration changed in the sandbox only: .claude/settings.local.json; to see: paude config-changes ${id}`,
    )
  })

  test('that is missing is shared by two sessions, each with a shadow of its own', async () => {
    const [one, other] = [await start(), await start()]
    write(one, '.claude/a.md', 'one')
    write(other, '.claude/b.md', 'other')
    await machine.paude(['rm', '--force', one])
    expect(readdirSync(at('.claude'))).toEqual([])
    expect(await changes(other)).toMatchObject([{ path: '.claude/b.md' }])
    await machine.paude(['rm', '--force', other])
    expect(existsSync(at('.claude'))).toBe(false)
  })

  test('is read-only where you say so, also the words for agents, and your folder with write-through', async () => {
    put('.claude/settings.json', '{}')
    put('CLAUDE.md', 'words')
    await start('--agent-config=read-only')
    for (const name of ['.claude', 'CLAUDE.md'])
      expect(mountsAt(name)).toEqual([`--mount=type=bind,src=${at(name)},dst=${at(name)},ro`])
    const before = machine.calls().length
    const id = await start('--agent-config=write-through')
    const words = machine.calls().slice(before).flat()
    for (const name of ['.claude', 'CLAUDE.md']) expect(words.filter((word) => word.includes(`dst=${at(name)}`))).toEqual([])
    put('.claude/settings.json', '{ "hooks": {} }')
    expect((await machine.paude(['review', id])).stdout).toContain('.claude/settings.json (changed, severe)')
  })

  test('is guarded where you protect it, and Claude has no copies of its working trees', async () => {
    put('.claude/settings.json', '{}')
    put('.claude/worktrees/side/x', '')
    put('paude.toml', '[workspace]\nprotect = [".claude/settings.json"]\n')
    const id = await start()
    for (const name of ['.claude/settings.json', '.claude/worktrees'])
      expect(mountsAt(name)).toEqual([`--mount=type=bind,src=${at(name)},dst=${at(name)},ro`])
    expect(readdirSync(shadow(id, '.claude/worktrees'))).toEqual([])
    // Nothing of this machine is writable below a shadow.
    expect(
      machine
        .calls()
        .flat()
        .filter((word) => word.startsWith(`--mount=type=bind,src=${at('.claude')}`) && !word.endsWith(',ro')),
    ).toEqual([])
  })

  test('is read-only where it is too large to copy, or holds a repository', async () => {
    put('.claude/big', 'x'.repeat(5 * 1024 ** 2))
    put('.codex/config.toml', '')
    for (const name of ['HEAD', 'objects/x', 'refs/x']) put(`.codex/.git/${name}`, 'ref: refs/heads/main\n')
    const { stderr } = await machine.paude(['--detach', '-p', 'hi'])
    for (const name of ['.claude', '.codex']) {
      expect(mountsAt(name)).toContain(`--mount=type=bind,src=${at(name)},dst=${at(name)},ro`)
      expect(stderr).toContain(`${name} is too large or holds what cannot be copied, so it is read-only in the sandbox`)
    }
  })

  test('is a copy at the top of the project, also where a large one further down is read-only', async () => {
    put('-x/.claude/big', 'x'.repeat(4 * 1024 ** 2))
    for (let n = 0; n < 5; n++) put(`-x/.claude/${n}`, 'x'.repeat(3 * 1024 ** 2))
    put('.claude/settings.json', '{}')
    const id = await start()
    write(id, '.claude/x.md', 'x')
    expect(mountsAt('-x/.claude')).toEqual([`--mount=type=bind,src=${at('-x/.claude')},dst=${at('-x/.claude')},ro`])
  })

  test('of a deeper folder has a shadow too, where no link leads elsewhere', async () => {
    put('packages/a/.claude/settings.json', '{}')
    put('conf/claude/settings.json', '{}')
    put('packages/b/x', '')
    symlinkSync('../../conf/claude', at('packages/b/.claude'))
    const id = await start()
    write(id, 'packages/a/.claude/x.md', 'x')
    expect(await changes(id)).toMatchObject([{ path: 'packages/a/.claude/x.md' }])
    expect(mountsAt('conf/claude')).toEqual([`--mount=type=bind,src=${at('conf/claude')},dst=${at('conf/claude')},ro`])
  })

  test('is not loosened by a file of the project', async () => {
    put('paude.toml', '[workspace]\nagent_config = "write-through"\n')
    expect((await machine.paude(['--detach', '-p', 'hi'])).stderr).toContain('a project can only say read-only or shadow')
    machine.write(join(machine.home, '.config/paude/config.toml'), '[workspace]\nagent_config = "read-only"\n')
    put('paude.toml', '[workspace]\nagent_config = "shadow"\n')
    expect((await machine.paude(['--detach', '-p', 'hi'])).stderr).toContain('wants to loosen the sandbox')
  })
})

describe('paude config-changes', () => {
  test('shows what your files would become, names what runs programs, and says where you changed them too', async () => {
    put('.claude/settings.json', '{ "model": "opus" }\n')
    put('CLAUDE.md', 'one\n')
    const id = await start()
    write(id, '.claude/settings.json', '{ "model": "opus", "hooks": { "Stop": [] }, "apiKeyHelper": "x", "newThing": 1 }\n')
    write(id, '.claude/commands/x.md', '---\nallowed-tools: Bash\n---\n!`id`\n')
    write(id, 'CLAUDE.md', 'two\n')
    put('CLAUDE.md', 'three\n')
    const { stdout, stderr, code } = await machine.paude(['config-changes', id])
    expect(code).toBe(0)
    expect(stdout).toContain(
      '.claude/settings.json (changed)\n  ! hooks runs programs on this machine\n  ! apiKeyHelper runs a program on this machine\n  ! newThing is a setting that agents on this machine obey\n    - { "model": "opus" }',
    )
    expect(stdout).toContain('it sets allowed-tools, if that is in its front matter')
    expect(stdout).toContain('it runs shell commands when it is used')
    expect(stdout).toContain('CLAUDE.md (changed; changed on this machine too)')
    expect(stdout).toContain('    - three\n    + two\n')
    expect(stdout).toContain('  what the session changed itself:\n    - one\n    + two\n')
    expect(stderr).toContain(`paude sync-config ${id}`)
  })

  test('is named where the end of a session in the background is told, once', async () => {
    const id = await start()
    write(id, '.claude/a\u001b[2J.md', 'x')
    machine.ended('exited')
    const said = async () => (await machine.paude(['output', id])).stderr
    const first = await said()
    expect(first).toContain(
      `1 file of the agents' configuration changed in the sandbox only: ".claude/a\\u001b[2J.md"; paude keeps no copy of ".claude/a\\u001b[2J.md" when the session goes; to see: paude config-changes ${id}`,
    )
    expect(await said()).not.toContain('configuration')
    write(id, '.claude/b.md', 'x')
    expect(await said()).toContain("2 files of the agents' configuration")
  })

  test.skipIf(!canBeHumble)(
    'comes to an end with whatever a sandbox puts there, and lets itself be removed',
    async () => {
      const id = await start()
      const at = (name: string) => shadow(id, `.claude/${name}`)
      const many = at('many')
      mkdirSync(many)
      for (let n = 0; n < 6_000; n++) writeFileSync(join(many, String(n)), '')
      mkdirSync(at(Array.from({ length: 300 }, () => 'd').join('/')), { recursive: true })
      write(id, '.claude/big.md', 'x'.repeat(5 * 1024 ** 2))
      write(id, '.claude/closed/x.md', 'x')
      write(
        id,
        '.claude/settings.json',
        JSON.stringify({ ...Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`a${n}`, 1])), hooks: {} }),
      )
      Bun.spawnSync(['mkfifo', at('pipe.md')])
      chmodSync(at('closed'), 0)
      const { code, stdout } = await machine.paude(['config-changes', id], { humble: true })
      expect(code).toBe(0)
      expect(stdout).toContain('.claude/big.md (new)\n')
      expect(stdout).toContain('cannot be brought back: it is too large, or cannot be read')
      expect(stdout).toContain('.claude/settings.json (new)\n  ! hooks runs programs')
      expect(stdout.split('\n').length).toBeLessThan(200)
      expect((await machine.paude(['rm', '--force', id], { humble: true })).code).toBe(0)
      expect(existsSync(folderOf(id))).toBe(false)
    },
    240_000,
  )

  test('still shows them when the session is gone', async () => {
    put('CLAUDE.md', 'one\n')
    const id = await start()
    write(id, '.claude/commands/x.md', 'x\n')
    rmSync(shadow(id, 'CLAUDE.md'))
    writeFileSync(shadow(id, 'CLAUDE.md'), 'two\n')
    await machine.paude(['rm', '--force', id])
    for (const words of [[id], ['--last'], []])
      expect((await changes(...words)).map(({ path, state }) => [path, state])).toEqual([
        ['.claude/commands/x.md', 'new'],
        ['CLAUDE.md', 'changed'],
      ])
    expect((await machine.paude(['sync-config', id, '--yes'])).stdout).toBe('.claude/commands/x.md\nCLAUDE.md\n')
    expect(readFileSync(at('CLAUDE.md'), 'utf8')).toBe('two\n')
    expect(await changes(id)).toEqual([])
  })
})

describe('paude sync-config', () => {
  test('brings chosen files back, with sane modes, and asks for a terminal or --yes', async () => {
    put('.claude/settings.json', '{}')
    chmodSync(at('.claude/settings.json'), 0o600)
    const id = await start()
    write(id, '.claude/settings.json', '{ "model": "x" }')
    chmodSync(shadow(id, '.claude/settings.json'), 0o6777)
    write(id, '.claude/hooks/run.sh', '#!/bin/sh\n')
    chmodSync(shadow(id, '.claude/hooks/run.sh'), 0o4755)
    write(id, '.claude/other.md', 'x')
    const refused = await machine.paude(['sync-config', id])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('needs a terminal to ask on')
    const done = await machine.paude(['sync-config', id, '.claude/settings.json', '.claude/hooks', '--yes'])
    expect([done.code, done.stdout]).toEqual([0, '.claude/hooks/run.sh\n.claude/settings.json\n'])
    expect(done.stderr).toContain('! it is a program')
    expect(readFileSync(at('.claude/settings.json'), 'utf8')).toBe('{ "model": "x" }')
    expect(statSync(at('.claude/settings.json')).mode & 0o7777).toBe(0o700)
    expect(statSync(at('.claude/hooks/run.sh')).mode & 0o7111).toBe(0o111 & statSync(at('.claude/hooks/run.sh')).mode)
    expect(readdirSync(at('.claude')).sort()).toEqual(['hooks', 'settings.json'])
    expect(await changes(id)).toMatchObject([{ path: '.claude/other.md' }])
  })

  test('makes the review of the session accept what you brought back', async () => {
    const id = await start()
    write(id, '.claude/commands/x.md', 'x')
    expect((await machine.paude(['sync-config', id, '--yes'])).code).toBe(0)
    expect(await machine.paude(['review', id])).toMatchObject({ code: 0, stdout: '' })
    expect((await machine.paude(['rm', '--force', id])).stderr).not.toContain('new or changed')
    expect(readFileSync(at('.claude/commands/x.md'), 'utf8')).toBe('x')
  })

  test('removes what the session removed', async () => {
    put('.claude/commands/old.md', 'x')
    const id = await start()
    rmSync(shadow(id, '.claude/commands/old.md'))
    expect(await changes(id)).toMatchObject([{ path: '.claude/commands/old.md', state: 'removed' }])
    await machine.paude(['sync-config', id, '--yes'])
    expect(existsSync(at('.claude/commands/old.md'))).toBe(false)
  })

  test('removes nothing of a folder that paude cannot look into', async () => {
    for (const name of ['hooks/guard.sh', 'deep/x/kept.md', 'a.md']) put(`.claude/${name}`, 'x')
    const id = await start()
    const top = shadow(id, '.claude')
    const fill = (folder: string, count: number) => {
      mkdirSync(join(top, folder), { recursive: true })
      for (let n = 0; n < count; n++) writeFileSync(join(top, folder, String(n)), '')
    }
    // One file is removed alone; a cache grows beyond what is looked at.
    fill('cache', 4_990)
    fill('hooks', 20)
    rmSync(shadow(id, '.claude/a.md'))
    const all = (await changes(id)).filter(({ path }) => !path.startsWith('.claude/cache/'))
    const why = 'it is too large, or cannot be read'
    expect(all.map(({ path, state, cannotBring }) => [path, state, cannotBring])).toEqual([
      ['.claude/a.md', 'removed', null],
      ['.claude/hooks/*', 'new', why],
      ['.claude/hooks/guard.sh', 'unknown', why],
    ])
    const done = await machine.paude(['sync-config', id, '.claude/hooks', '--yes'])
    expect([done.code, done.stdout]).toEqual([1, ''])
    expect(done.stderr).not.toContain('agents lose it')
    expect(existsSync(at('.claude/hooks/guard.sh'))).toBe(true)
    // The folder itself, from then on.
    fill('', 5_001)
    expect((await changes(id)).map(({ path, state }) => [path, state])).toEqual([
      ['.claude/*', 'new'],
      ['.claude/a.md', 'unknown'],
      ['.claude/deep/x/kept.md', 'unknown'],
      ['.claude/hooks/guard.sh', 'unknown'],
    ])
    expect((await machine.paude(['sync-config', id, '--yes'])).code).toBe(1)
    expect(existsSync(at('.claude/a.md'))).toBe(true)
    expect((await machine.paude(['rm', '--force', id])).stderr).toContain(
      `1 file of the agents' configuration changed in the sandbox only: ".claude/*"; paude keeps no copy of ".claude/*" when the session goes; to see: paude config-changes ${id}`,
    )
  }, 240_000)

  test.skipIf(!canBeHumble)('removes nothing of a folder that it may not look into', async () => {
    put('.claude/hooks/guard.sh', 'x')
    put('.claude/listed/x', 'x')
    const id = await start()
    chmodSync(shadow(id, '.claude/hooks'), 0)
    chmodSync(shadow(id, '.claude/listed'), 0o444)
    const { stdout } = await machine.paude(['config-changes', id], { humble: true })
    for (const name of ['hooks/guard.sh', 'listed/x'])
      expect(stdout).toContain(`.claude/${name} (unknown)\n  cannot be brought back`)
    expect(stdout).not.toContain('(removed)')
  })

  test('says of a change that is not shown whole that you saw only a part', async () => {
    const id = await start()
    const part = 'you see only a part of this change'
    write(id, '.claude/short.md', 'x\n'.repeat(300))
    expect((await machine.paude(['config-changes', id])).stdout).not.toContain(part)
    write(id, '.claude/many.md', 'x\n'.repeat(401))
    write(id, '.claude/large.md', 'x\n'.repeat(33_000))
    write(id, '.claude/long.md', `${'x'.repeat(4_100)} Run curl x|sh first`)
    write(id, '.claude/bytes.md', '\0')
    const { stderr } = await machine.paude(['sync-config', id, '--yes'])
    for (const said of ['(1 more lines)', '(too large to show)', 'more characters)', '(no text, 1 bytes)'])
      expect(stderr).toContain(`${said}\n  ! ${part}: read the file before you bring it back\n`)
    expect(stderr.split(part)).toHaveLength(5)
  })

  test('keeps working trees in the session in any case, which a file system may ignore', async () => {
    const id = await start()
    write(id, '.claude/WorkTrees/w/x', 'x')
    expect((await changes(id)).map(({ path, cannotBring }) => [path, cannotBring])).toEqual([
      ['.claude/WorkTrees', 'working trees stay in the session; commit what is in them'],
    ])
  })

  test('keeps links, odd names, repositories and what is no file in the session', async () => {
    const secret = join(machine.home, 'secret')
    machine.write(secret, 'SECRET')
    const id = await start()
    mkdirSync(shadow(id, '.claude/r'), { recursive: true })
    symlinkSync(secret, shadow(id, '.claude/link.md'))
    symlinkSync(machine.home, shadow(id, '.claude/folder'))
    for (const name of [
      '.claude/.git/config',
      '.claude/x/.GIT/hooks/pre-commit',
      '.claude/r/HEAD',
      '.claude/r/config',
      '.claude/a\u001b[2J.md',
      '.claude/worktrees/w/x',
    ])
      write(id, name, 'evil\n')
    Bun.spawnSync(['mkfifo', shadow(id, '.claude/pipe')])
    const all = await changes(id)
    expect(all.map(({ path, cannotBring }) => [path, cannotBring === null])).toEqual([
      ['.claude/.git/config', false],
      ['.claude/a\u001b[2J.md', false],
      ['.claude/folder', false],
      ['.claude/link.md', false],
      ['.claude/pipe', false],
      ['.claude/r/HEAD', false],
      ['.claude/r/config', false],
      ['.claude/worktrees', false],
      ['.claude/x/.GIT/hooks/pre-commit', false],
    ])
    const shownText = (await machine.paude(['config-changes', id])).stdout
    expect(shownText).not.toContain('SECRET')
    expect(shownText).not.toContain('\u001b[2J')
    expect((await machine.paude(['sync-config', id, '--yes'])).code).toBe(1)
    expect(readdirSync(at('.claude'))).toEqual([])
  })

  test('follows no link of this machine, and writes nothing outside', async () => {
    put('.claude/settings.json', '{}')
    const id = await start()
    write(id, '.claude/settings.json', '{ "a": 1 }')
    write(id, '.claude/commands/x.md', 'x')
    const victim = join(machine.home, 'victim')
    mkdirSync(victim)
    rmSync(at('.claude/settings.json'))
    machine.write(join(victim, 'settings'), 'mine')
    symlinkSync(join(victim, 'settings'), at('.claude/settings.json'))
    symlinkSync(victim, at('.claude/commands'))
    const { code } = await machine.paude(['sync-config', id, '--yes'])
    expect(code).toBe(1)
    expect(readdirSync(victim)).toEqual(['settings'])
    expect(readFileSync(join(victim, 'settings'), 'utf8')).toBe('mine')
    expect(lstatSync(at('.claude/settings.json')).isSymbolicLink()).toBe(true)
    renameSync(at('.claude'), at('moved'))
    symlinkSync(victim, at('.claude'))
    await machine.paude(['sync-config', id, '--yes'])
    expect(readdirSync(victim)).toEqual(['settings'])
  })

  test('leaves a file alone that stands under a second name', async () => {
    put('CLAUDE.md', 'one\n')
    Bun.spawnSync(['ln', at('CLAUDE.md'), join(machine.home, 'second')])
    const id = await start()
    writeFileSync(shadow(id, 'CLAUDE.md'), 'two\n')
    expect((await machine.paude(['sync-config', id, '--yes'])).stderr).toContain('hard link')
    expect(readFileSync(join(machine.home, 'second'), 'utf8')).toBe('one\n')
  })
})

test('paude status tells where the files are not the usual copies', async () => {
  expect((await machine.paude(['status'])).stdout).not.toContain('CLAUDE.md')
  for (const [mode, said] of [
    ['read-only', 'read-only: the agent cannot change .claude and CLAUDE.md'],
    ['write-through', 'write-through: the agent changes .claude and CLAUDE.md'],
  ] as const)
    expect((await machine.paude([`--agent-config=${mode}`, 'status'])).stdout).toContain(said)
})

test('a session of --worktree has them read-only, and one that was switched off by hand says where to look', async () => {
  put('.claude/settings.json', '{}')
  const { stdout } = await machine.paude(['--detach', '-p', 'hi', '--worktree'])
  expect(mountsAt('.claude')).toEqual([`--mount=type=bind,src=${at('.claude')},dst=${at('.claude')},ro`])
  expect((await machine.paude(['config-changes', stdout.trim()])).stderr).toContain(`paude review ${stdout.trim()}`)
})

test('a stopped session that starts again keeps its shadow', async () => {
  put('.claude/settings.json', '{}')
  const id = await start()
  write(id, '.claude/settings.json', '{ "a": 1 }')
  machine.ended('exited')
  rmSync(at('.claude/settings.json'))
  expect((await machine.paude(['start', id])).code).toBe(0)
  expect(readFileSync(shadow(id, '.claude/settings.json'), 'utf8')).toBe('{ "a": 1 }')
})

test('a session does not start again on a file that is gone, which an engine would make', async () => {
  put('CLAUDE.md', 'x')
  const id = await start()
  machine.ended('exited')
  rmSync(at('CLAUDE.md'))
  expect((await machine.paude(['start', id])).stderr).toContain(`${at('CLAUDE.md')} is gone`)
})

test('flags that would have no effect are refused', async () => {
  for (const [words, said] of [
    [['--agent-config=read-only', '--workspace=none'], 'has no effect with workspace.mode = "none"'],
    [['--sync-claude-config', '--detach'], 'asks you at the end'],
    [['--sync-claude-config', '--agent-config=read-only'], 'needs workspace.agent_config = "shadow"'],
    [['--sync-claude-config'], 'needs a terminal'],
  ] as const)
    expect((await machine.paude([...words, '-p', 'hi'])).stderr).toContain(said)
})
