import { afterAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { binary, describeEach, makeProject, paude, put, root, serveApi, sessionIds, stateHome } from './support.ts'
import { makeTerminals } from './terminal.ts'

const folderOf = (id: string): string => join(stateHome, 'paude/sessions', id)

describeEach('daily use', (backend) => {
  const terminals = makeTerminals()
  afterAll(() => terminals.stop())
  const own = (...words: readonly string[]) => ['--backend', backend, ...words]

  test('run gives a shell a terminal, with its size, and says why a name was not found', async () => {
    const terminal = await terminals.open({ cwd: makeProject(), env: { PAUDE_BACKEND: backend }, columns: 97, rows: 31 })
    await terminal.start(`${binary} run -- bash`)
    await terminal.see(/project[#$]$/m, 60)
    // The engine's client hands the size on at its own time.
    await terminal.enter('clear; tty; until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo sized')
    await terminal.see(/\/dev\/pts\/\d+\s+sized/)
    await terminal.enter('exit 3')
    expect(await terminal.ended()).toBe(3)
    const { code, screen } = await terminal.run(`${binary} run -- curl -sS https://example.org`, 120)
    expect(code).toBe(6)
    expect(screen).toMatch(/this session had no network; paude run --network restricted/)
  }, 240_000)

  test('what a session did is read with --last after it is gone, and its HOME is listed and removed', async () => {
    const api = serveApi()
    try {
      const cwd = makeProject()
      const run = (...words: readonly string[]) => paude(words, { cwd, env: api.env })
      const asked = await run(
        ...own('--network', 'restricted', 'run', '--', 'sh', '-c', 'curl -s https://evil.example.org; echo said'),
      )
      expect(asked.stdout).toContain('said')
      expect((await run('network', 'blocked', '--last')).stdout).toContain('evil.example.org:443')

      const before = sessionIds()
      const id = (await run(...own('--detach', '-p', 'SAY remembered', '--dangerously-skip-permissions'))).stdout.trim()
      expect(sessionIds()).not.toEqual(before)
      expect((await run('wait', id)).code).toBe(0)
      const homes = JSON.parse((await run('home', 'ls', '--json')).stdout) as {
        volume: string
        project: string
        sessions: string[]
      }[]
      const home = homes.find(({ project, sessions }) => project === cwd && sessions.includes(id))
      expect(home).toBeDefined()
      expect((await run('home', 'rm')).stderr).toContain(`is in use by ${id}`)
      expect((await run('rm', id)).code).toBe(0)
      expect(existsSync(folderOf(id))).toBe(false)
      expect((await run('logs', '--last')).stdout).toContain('remembered')
      expect(await run('output', '--last')).toEqual({ code: 0, stdout: 'remembered\n', stderr: '' })
      expect((await run('events', '--last', '--json')).stdout).toContain('"kind":"prompt"')
      expect((await run('network', 'log', '--last', '--json')).stdout).toContain('"decision":"allowed"')
      expect(await run('home', 'rm')).toMatchObject({ code: 0, stdout: `${home?.volume}\n` })
      expect((await run('home', 'ls', '--json')).stdout).not.toContain(home?.volume ?? '-')
    } finally {
      await api.stop()
    }
  }, 240_000)

  test('several are stopped and removed at once, and agent_args reach the agent', async () => {
    const api = serveApi()
    try {
      const cwd = makeProject()
      const run = (...words: readonly string[]) => paude(words, { cwd, env: api.env })
      const start = async () =>
        (await run(...own('--detach', '-p', 'BASH sleep 600', '--dangerously-skip-permissions'))).stdout.trim()
      const [one, two] = [await start(), await start()]
      expect(await run('stop', one, two, '-t', '1')).toMatchObject({ code: 0, stdout: `${one}\n${two}\n` })
      const startedAt = async () => {
        const rows = JSON.parse((await run('sessions', '--json')).stdout) as { id: string; started: string }[]
        return rows.find(({ id }) => id === one)?.started ?? ''
      }
      const first = await startedAt()
      expect((await run('start', one)).code).toBe(0)
      expect((await startedAt()) > first).toBe(true)
      expect(await run('rm', '-f', one, 'nobody', two)).toMatchObject({ code: 1, stdout: `${one}\n${two}\n` })
      expect([existsSync(folderOf(one)), existsSync(folderOf(two))]).toEqual([false, false])
      const config = join(root, `args-${backend}`)
      put(join(config, 'paude/config.toml'), 'agent_args = ["--dangerously-skip-permissions"]\n')
      const made = await paude(own('-p', 'BASH touch made-by-agent'), { cwd, env: { ...api.env, XDG_CONFIG_HOME: config } })
      expect([made.code, existsSync(join(cwd, 'made-by-agent'))]).toEqual([0, true])
    } finally {
      await api.stop()
    }
  }, 240_000)
})
