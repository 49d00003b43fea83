import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { noEngine } from '../src/backends/pick.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import { mergeSources } from '../src/config/layers/merge.ts'
import { PaudeError } from '../src/errors.ts'
import { readHost } from '../src/host.ts'
import { brokenPromise, ownProgram } from '../src/session/life/on-host.ts'
import { type Machine, makeMachine } from './support/machine.ts'
import { programLine } from './support/program.ts'

setDefaultTimeout(60_000) // ms

// The real program on a machine without an engine, with a claude of its own that tells what it was given.
let machine: Machine
beforeEach(() => {
  machine = makeMachine([])
  machine.program('claude', CLAUDE)
})
afterEach(() => machine.dispose())

const CLAUDE = '#!/bin/sh\nprintf "ran:"; printf " <%s>" "$@"; echo; env >"$HOME/given"; cat; exit 7\n'
const WARNING = 'NOT ISOLATED: no container engine was found: neither docker nor podman is in PATH, so '
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const hasRun = () => existsSync(join(machine.home, 'given'))

describe('without an engine', () => {
  test('a start ends with a sentence as long as nobody says otherwise', async () => {
    const { code, stdout, stderr } = await machine.paude(['-p', 'x'])
    expect([code, stdout, hasRun()]).toEqual([125, '', false])
    expect(stderr).toStartWith('paude: no container engine was found')
  })

  test.each([
    ['the file', 'fallback = "host"\n', {}],
    ['the environment', '', { PAUDE_FALLBACK: 'host' }],
  ])(
    "%s may say that this machine's own agent runs, with the words, the input and the exit code as they are",
    async (_, file, env) => {
      if (file !== '') configure(file)
      const words = ['-p', 'a b', '', '--agent', 'x', '--network', 'none', '--', '--detach']
      const { code, stdout, stderr } = await machine.paude(words, { env: { ...env, MINE: 'kept' }, stdin: 'typed\n' })
      expect([code, stdout]).toEqual([7, 'ran: <-p> <a b> <> <--agent> <x> <--network> <none> <--> <--detach>\ntyped\n'])
      expect(stderr).toContain(
        `paude: warning: ${WARNING}${join(machine.room, 'bin/claude')} runs directly on this machine, with your files, keys and network`,
      )
      expect(stderr).toContain('; for a sandbox: install one: sudo apt install podman\n')
      const given = await Bun.file(join(machine.home, 'given')).text()
      expect(given).toContain('MINE=kept\n')
      expect(given).toContain(`HOME=${machine.home}\n`)
    },
  )

  test('a named engine counts as missing too, and one that is down as down', async () => {
    configure('fallback = "host"\nbackend = "podman"\n')
    expect((await machine.paude(['-p', 'x'])).stderr).toContain('NOT ISOLATED: podman is not installed, so ')
    const host = { ...readHost(), env: { ...machine.env, DOCKER_HOST: `unix://${machine.room}/nobody` } }
    machine.program('docker', '#!/bin/sh\n')
    expect((await noEngine(host, { backend: 'docker', remotes: [] }))?.message).toBe(
      'docker is installed, but its engine is not running',
    )
    expect((await noEngine(host, { backend: 'podman', remotes: [] }))?.message).toBe('podman is not installed')
    machine.program('podman', '#!/bin/sh\n')
    expect(await noEngine(host, { backend: 'docker', remotes: [] })).toBeNull()
  })

  test.each([
    [['--network', 'none', '--mount=/tmp'], '--network, --mount'],
    [['--detach'], '--detach'],
    [['--session-name', 'a'], '--session-name'],
    [['--image', 'a'], '--image'],
    [['--memory', '1g'], '--memory'],
  ])('what %j promise is not broken', async (flags, named) => {
    const { code, stdout, stderr } = await machine.paude([...flags, '-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect([code, stdout, hasRun()]).toEqual([125, '', false])
    expect(stderr).toContain(`, and fallback = "host" is refused: ${named} has no effect outside a sandbox\n`)
  })

  test.each([
    ['claude', ['--dangerously-skip-permissions', '-p', 'x'], '--dangerously-skip-permissions'],
    ['claude', ['-p', 'x', '--permission-mode=bypassPermissions'], '--permission-mode bypassPermissions'],
    ['codex', ['--dangerously-bypass-approvals-and-sandbox', 'x'], '--dangerously-bypass-approvals-and-sandbox'],
    ['codex', ['-a', 'never', 'x'], '-a never'],
    ['codex', ['-anever', 'x'], '-a never'],
    ['codex', ['-c', 'sandbox_mode="danger-full-access"', 'x'], '-c:'],
    ['codex', ['--config=approval_policy=never', 'x'], '--config:'],
    ['claude', ['--settings', '{"env":{"A":"hunter2"},"permissions":{"defaultMode":"bypassPermissions"}}'], '--settings:'],
    ['gemini', ['-y', '-p', 'x'], '-y'],
    ['gemini', ['-dy', '-p', 'x'], '-y'],
    ['gemini', ['--y', '-p', 'x'], '--y'],
    ['gemini', ['--approval-mode', 'yolo', '-p', 'x'], '--approval-mode yolo'],
  ])('%s is not run with %j, since nothing would ask before it acts', async (agent, words, named) => {
    machine.program(agent, CLAUDE)
    configure(`fallback = "host"\nagent = "${agent}"\n`)
    const { code, stdout, stderr } = await machine.paude(words)
    expect([code, stdout, hasRun()]).toEqual([125, '', false])
    expect(stderr).toContain(`, and fallback = "host" is refused with ${named}`)
    expect(stderr).toContain(`; or leave out ${named.replace(':', '')}`)
    expect(stderr).not.toContain('hunter2')
  })

  test('a prompt that only speaks of such an option is passed on', async () => {
    configure('fallback = "host"\n')
    expect(await machine.paude(['-p', 'what is --yolo?', '--permission-mode', 'plan'])).toMatchObject({ code: 7 })
    expect(await machine.paude(['-p', '--', '--dangerously-skip-permissions'])).toMatchObject({ code: 7 })
  })

  test('nor what a profile promises that the caller chose', async () => {
    configure('fallback = "host"\n[profiles.strict]\nnetwork.mode = "none"\n')
    const { code, stderr } = await machine.paude(['--profile', 'strict', '-p', 'x'])
    expect([code, hasRun()]).toEqual([125, false])
    expect(stderr).toContain('--profile has no effect outside a sandbox')
    const variable = await machine.paude(['-p', 'x'], { env: { PAUDE_PROFILE: 'strict' } })
    expect([variable.code, hasRun()]).toEqual([125, false])
    expect((await machine.paude(['-p', 'x'])).code).toBe(7)
  })

  test('a claude that the project brings into PATH is passed over', async () => {
    const bin = join(machine.project, 'node_modules/.bin')
    machine.write(join(bin, 'claude'), '#!/bin/sh\necho of the project\n')
    chmodSync(join(bin, 'claude'), 0o755)
    const link = join(machine.room, 'elsewhere')
    symlinkSync(bin, link)
    for (const folder of [bin, link]) {
      const env = { PAUDE_FALLBACK: 'host', PATH: `${folder}:${machine.env['PATH'] ?? ''}` }
      const ran = await machine.paude(['-p', 'x'], { env })
      expect([ran.code, ran.stdout]).toEqual([7, 'ran: <-p> <x>\n'])
    }
  })

  test.each([
    ['PAUDE_NETWORK', 'none'],
    ['PAUDE_DETACH', '1'],
  ])('nor what %s=%s promises', async (name, value) => {
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host', [name]: value } })
    expect([code, hasRun()]).toEqual([125, false])
    expect(stderr).toContain(`${name} has no effect outside a sandbox`)
  })

  test('flags that promise nothing change nothing', async () => {
    const { code } = await machine.paude(['--backend', 'auto', '--force', '-p', 'x'], {
      env: { PAUDE_FALLBACK: 'host', PAUDE_DETACH: '0' },
    })
    expect(code).toBe(7)
  })

  test.each([
    'network.mode = "none"',
    'network.deny = ["a.org"]',
    'network.ports = [443]',
    'limits.memory = "1g"',
    'workspace.protect = ["ci"]',
  ])('what the project closes is not opened: %s', async (line) => {
    machine.write(join(machine.project, 'paude.toml'), `${line}\n`)
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect([code, hasRun()]).toEqual([125, false])
    expect(stderr).toContain(`${line.split(' ')[0]} (${join(machine.project, 'paude.toml')}:1) has no effect outside a sandbox`)
  })

  test.each([
    ['an agent of its own', 'agent = "helper"\n[agents.helper]\ncommand = ["make"]\n', '', 'make', 'agent'],
    ['another program for your agent', '[agents.aider]\ncommand = "make"\n', 'agent = "aider"\n', 'make', 'agents'],
    ['an agent that reads what the project says', 'agent = "aider"\n', '', 'aider', 'agent'],
    ['your own agent, for another one', 'agent = "mine"\n', '[agents.mine]\ncommand = "make"\n', 'make', 'agent'],
  ])('the project chooses no program that runs outside a sandbox: %s', async (_, project, user, program, key) => {
    machine.program(program, CLAUDE)
    machine.write(join(machine.project, 'paude.toml'), project)
    configure(`fallback = "host"\n${user}`)
    expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
    const { code, stdout, stderr } = await machine.paude(['fix'])
    expect([code, stdout, hasRun()]).toEqual([125, '', false])
    expect(stderr).toContain(`${key} (${join(machine.project, 'paude.toml')}:`)
    expect(stderr).toContain(' has no effect outside a sandbox\n')
  })

  test('an agent that paude has code for is what the project may name', async () => {
    machine.program('codex', CLAUDE)
    machine.write(join(machine.project, 'paude.toml'), 'agent = "codex"\n')
    configure('fallback = "host"\n')
    expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
    expect((await machine.paude(['fix'])).stdout).toBe('ran: <fix>\n')
  })

  test('the shell of this machine runs no word of an agent, whoever chose it', async () => {
    machine.write(join(machine.project, 'fix'), 'touch "$HOME/given"\n')
    for (const [user, project, words] of [
      ['agent = "shell"\n', '', ['fix']],
      ['', 'agent = "shell"\n', ['fix']],
      ['', '', ['--agent', 'shell', 'fix']],
    ] as const) {
      configure(`fallback = "host"\n${user}`)
      machine.write(join(machine.project, 'paude.toml'), project)
      expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
      const { code, stderr } = await machine.paude(words)
      expect([code, hasRun()]).toEqual([125, false])
      expect(stderr).toContain('agent = "shell" has no effect outside a sandbox\n')
    }
  })

  test.each([
    ['you', () => join(machine.home, '.config/paude/config.toml')],
    ['the project', () => join(machine.project, 'paude.toml')],
  ])('nor does anything run outside a sandbox where %s requires one', async (_, file) => {
    machine.write(file(), 'security.sandbox = "required"\n')
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect([code, hasRun()]).toEqual([125, false])
    expect(stderr).toContain(`, and security.sandbox = "required" (${file()}:1) forbids fallback = "host"\n`)
    const asked = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host', PAUDE_SANDBOX: 'required' } })
    expect([asked.code, hasRun()]).toEqual([125, false])
    expect(asked.stderr).toContain('forbids fallback = "host"')
  })

  test('a project that is not trusted is refused before anything runs', async () => {
    machine.write(join(machine.project, 'paude.toml'), 'network.mode = "open"\n')
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect([code, hasRun()]).toEqual([125, false])
    expect(stderr).toContain('is not trusted')
  })

  test.each([[['run', '--', 'claude']], [['shell']], [['demo']], [['--dry-run', '-p', 'x']], [['--print-config']]])(
    'nothing but the plain start of an agent runs here: %j',
    async (words) => {
      const { code } = await machine.paude(words, { env: { PAUDE_FALLBACK: 'host' } })
      expect([code === 0, hasRun()]).toEqual([false, false])
    },
  )

  test('a link called claude that leads to paude is passed over, and without another one refused', () => {
    const first = join(machine.room, 'first')
    machine.write(join(first, 'paude'), '#!/bin/sh\n')
    chmodSync(join(first, 'paude'), 0o755)
    symlinkSync('paude', join(first, 'claude'))
    const chosen = (PATH: string) =>
      ownProgram(
        { ...readHost(), env: { PATH }, again: [join(first, 'paude')] },
        {
          program: 'claude',
          ground: { by: 'fallback', lacking: new PaudeError('backend-missing', 'no engine', { hint: 'install one' }) },
        },
      )
    expect(chosen(`${first}:${join(machine.room, 'bin')}`)).toBe(join(machine.room, 'bin/claude'))
    expect(() => chosen(first)).toThrow(
      `no engine, and the claude in PATH, ${first}/claude, is paude itself, so fallback = "host" has no program to run`,
    )
  })

  test('a script called claude that calls paude ends with a sentence, and calls nothing for ever', async () => {
    machine.program('claude', `#!/bin/sh\necho again >>"$HOME/again"\nexec ${programLine} "$@"\n`)
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect(code).toBe(125)
    expect(stderr).toContain(', is paude itself')
    expect(await Bun.file(join(machine.home, 'again')).text()).toBe('again\n')
  })

  test('and without the agent on this machine there is nothing to run', async () => {
    machine.program('claude', CLAUDE)
    chmodSync(join(machine.room, 'bin/claude'), 0o644)
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
    expect([code, stderr]).toEqual([125, expect.stringContaining('and claude is not in PATH either')])
  })

  test('status tells what would happen', async () => {
    expect((await machine.paude(['status', '--all'])).stdout).toMatch(/^fallback +none$/m)
    configure('fallback = "host"\n')
    expect((await machine.paude(['status'])).stdout).toMatch(
      /^fallback +host: without an engine, the agent runs on this machine, not isolated$/m,
    )
  })
})

test('with an engine that fails afterwards, nothing runs outside a sandbox', async () => {
  machine.dispose()
  machine = makeMachine(['docker'])
  machine.program('claude', CLAUDE)
  machine.set('fail', 'create', 'it failed\n')
  machine.set('fail', 'run', 'it failed\n')
  const { code } = await machine.paude(['-p', 'x'], { env: { PAUDE_FALLBACK: 'host' } })
  expect([code, hasRun()]).toEqual([125, false])
})

describe('what files may say of the fallback', () => {
  const config = (managed: string, user = 'fallback = "host"') =>
    mergeSources({
      file: '',
      sources: parseConfig({ layer: 'user', file: '/c.toml', text: user }).sources,
      managed: managed === '' ? [] : parseConfig({ layer: 'managed', file: '/m.toml', text: managed }).sources,
    })
  const broken = (managed: string) => brokenPromise(config(managed), { managedFile: '/m.toml' })

  test('is not for a project', () => {
    expect(() => parseConfig({ layer: 'project', file: '/p.toml', text: 'fallback = "host"' })).toThrow(
      '/p.toml:1: fallback is not allowed in this file',
    )
  })

  test('may be forbidden to everybody, and what is managed holds in no other way outside a sandbox', () => {
    expect(() => config('fallback = "none"')).toThrow('fallback = host (user /c.toml:1) exceeds the limit in /m.toml:1: none')
    expect(broken('')).toBeNull()
    expect(broken('network.deny = ["a.org"]')).toBe('the managed file /m.toml')
    expect(broken('network.deny = ["a.org"]\nfallback = "host"')).toBeNull()
  })
})
