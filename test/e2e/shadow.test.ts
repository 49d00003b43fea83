import { afterAll, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { binary, describeEach, makeProject, paude, put, runGit, serveApi } from './support.ts'
import { makeTerminals } from './terminal.ts'

const FREE = '--dangerously-skip-permissions'
const SETTINGS = '{ "permissions": { "allow": [] } }\n'

/** A project with configuration of agents, and what of it must not change. */
function configured(): { readonly cwd: string; readonly content: () => Readonly<Record<string, string>> } {
  const cwd = makeProject()
  put(join(cwd, '.claude/settings.json'), SETTINGS)
  put(join(cwd, '.mcp.json'), '{}\n')
  put(join(cwd, 'CLAUDE.md'), 'Be kind.\n')
  put(join(cwd, '.claude/worktrees/side/x'), 'side\n')
  runGit(cwd, ['add', '.'])
  runGit(cwd, ['commit', '--quiet', '--message=config'])
  const names = readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('/.git'))
    .map((entry) => join(entry.parentPath, entry.name))
  return { cwd, content: () => Object.fromEntries(names.map((name) => [name, readFileSync(name, 'utf8')])) }
}

describeEach("the agents' configuration", (backend) => {
  const api = serveApi()
  afterAll(() => api.stop())
  const terminals = makeTerminals()
  afterAll(() => terminals.stop())
  const env = { ...api.env, PAUDE_BACKEND: backend }

  test('is written by Claude in the sandbox alone, shown, brought back by choice, and there after a stop', async () => {
    const { cwd, content } = configured()
    const before = content()
    const run = (...words: readonly string[]) => paude(words, { cwd, env })
    const script = [
      `READ ${cwd}/.claude/settings.json`,
      `WRITE ${cwd}/.claude/settings.json { "hooks": { "Stop": [] } }`,
      `WRITE ${cwd}/.claude/commands/x.md SAY x`,
      `READ ${cwd}/CLAUDE.md`,
      `WRITE ${cwd}/CLAUDE.md Be bold.`,
      // What a sandbox would try: other ways to the files of this machine.
      'BASH rm -rf .claude/worktrees; mv .claude c2; echo evil >>.claude/worktrees/side/x; ln -s /etc/passwd .claude/passwd.md; mv -f .claude/commands/x.md .mcp.json; echo evil >.mcp.json.tmp && mv -f .mcp.json.tmp .mcp.json; rm .mcp.json; true',
      'SAY done',
    ].join(';;')
    const id = (await run('--detach', '-p', script, FREE)).stdout.trim()
    expect((await run('wait', id)).code).toBe(0)
    expect((await run('output', id)).stdout).toBe('done\n')
    expect(content()).toEqual(before)
    expect(existsSync(join(cwd, '.claude/commands'))).toBe(false)
    expect(runGit(cwd, ['status', '--porcelain'])).toBe('?? .mcp.json.tmp')

    const shown = await run('config-changes', id)
    expect(shown.stdout).toContain('.claude/commands/x.md (new)')
    expect(shown.stdout).toContain('.claude/settings.json (changed)\n  ! permissions changes')
    expect(shown.stdout).toContain('! hooks runs programs on this machine')
    expect(shown.stdout).toContain('    - Be kind.\n    + Be bold.')
    expect(shown.stdout).toContain('cannot be brought back: it is a link to /etc/passwd')
    expect(shown.stdout).not.toContain('root:')

    const brought = await run('sync-config', id, '.claude/commands', '--yes')
    expect([brought.code, brought.stdout]).toEqual([0, '.claude/commands/x.md\n'])
    expect(readFileSync(join(cwd, '.claude/commands/x.md'), 'utf8')).toBe('SAY x')
    expect(content()).toEqual(before)

    expect((await run('start', id)).code).toBe(0)
    const seen = await run('exec', id, '--', 'cat', '.claude/settings.json', 'CLAUDE.md', '.claude/worktrees/side/x')
    expect(seen.stdout).toContain('"Stop"')
    expect(seen.stdout).toEndWith('Be bold.side\n')
    const removed = await run('rm', '--force', id)
    expect(removed.stderr).toContain('changed in the sandbox only')
    expect(removed.stderr).not.toContain('new or changed')
    expect((await run('sync-config', id, 'CLAUDE.md', '--yes')).stdout).toBe('CLAUDE.md\n')
    expect(readFileSync(join(cwd, 'CLAUDE.md'), 'utf8')).toBe('Be bold.')
  }, 200_000)

  test('that is missing is made in the sandbox alone, and --sync-claude-config asks for it at the end', async () => {
    const cwd = makeProject()
    const window = await terminals.open({ cwd, env, columns: 120, rows: 40 })
    const script = `WRITE ${cwd}/.claude/commands/x.md SAY x;;BASH ls -A ${cwd}/.claude;;SAY {result}`
    await window.start(`${binary} --sync-claude-config -p '${script}' ${FREE}`)
    await window.see(/1 of 1: create it\? \[y\/N\]/, 120)
    expect(existsSync(join(cwd, '.claude/commands'))).toBe(false)
    await window.enter('y')
    expect(await window.ended()).toBe(0)
    expect(readFileSync(join(cwd, '.claude/commands/x.md'), 'utf8')).toBe('SAY x')
    // The next session begins with it, and leaves nothing where nothing is.
    const second = await paude(['-p', 'BASH cat .claude/commands/x.md;;SAY {result}', FREE], { cwd, env })
    expect(second.stdout).toBe('SAY x\n')
    expect(second.stderr).not.toContain('configuration')
  }, 200_000)

  test('is found in your folder with write-through, and cannot be changed with read-only', async () => {
    const { cwd } = configured()
    const run = (...words: readonly string[]) => paude(words, { cwd, env })
    const write = 'echo x >.claude/x.md; echo x >>CLAUDE.md; true'
    const through = await run('--agent-config', 'write-through', 'run', '--', 'sh', '-c', write)
    expect(through.stderr).toContain(join(cwd, '.claude/x.md'))
    expect(existsSync(join(cwd, '.claude/x.md'))).toBe(true)
    const only = await run('--agent-config', 'read-only', 'run', '--', 'sh', '-c', 'echo x >>CLAUDE.md || echo x >.claude/y')
    expect(only.code).not.toBe(0)
    expect(only.stderr.match(/Read-only file system/g)).toHaveLength(2)
  }, 240_000)
})
