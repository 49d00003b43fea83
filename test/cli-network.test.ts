import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import TOML from '@iarna/toml'
import { OUTSIDE } from './support/inside-without.ts'
import { type Machine, makeMachine } from './support/machine.ts'
import { program } from './support/program.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const network = (...words: readonly string[]) => machine.paude(['network', ...words])
const userFile = () => join(machine.home, '.config/paude/config.toml')
const projectFile = () => join(machine.project, 'paude.toml')
const execs = () => machine.calls().filter(([, verb]) => verb === 'exec')

describe('groups', () => {
  test('are listed, and shown with a reason for each host', async () => {
    expect((await network('groups')).stdout).toContain('@github')
    const { stdout } = await network('groups', '@github')
    expect(stdout).toContain('api.github.com')
    expect(stdout).toContain('the API, gh')
    expect(JSON.parse((await network('groups', 'github', '--json')).stdout)).toMatchObject({ name: 'github' })
  })

  test('that are not there are an error', async () => {
    const { code, stderr } = await network('groups', 'githup')
    expect(code).toBe(2)
    expect(stderr).toContain('there is no group "@githup"')
  })
})

describe('why and list', () => {
  test('speak of a start here where there is no session, and of who asked for what', async () => {
    machine.write(userFile(), '[network]\nallow = ["a.example"]\ndeny = ["b.example"]\ngroups = ["@gitlab"]\n')
    const list = await network('list', '--origin')
    expect(list.stderr).toContain('no session belongs to this directory; this is the policy of a start here')
    const said = (line: number) => `requested by ${userFile()}:${line}`
    expect(list.stdout).toMatch(/allow +a\.example +requested/)
    for (const line of [2, 3, 4]) expect(list.stdout).toContain(said(line))
    expect(list.stdout).toMatch(/deny +b\.example +requested/)
    expect(list.stdout).toMatch(/allow +gitlab\.com:443 +@gitlab: git, API and packages .*, requested/)
    const why = await machine.paude(['--network-allow', 'b.example', 'network', 'why', 'https://b.example/x'])
    expect(why).toMatchObject({
      code: 1,
      stdout: `blocked: https to b.example:443, since it is denied by b.example (${said(3)})\n`,
    })
  })

  test('a flag, a variable and the file are told apart, entry by entry', async () => {
    machine.write(userFile(), '[network]\nallow = ["file.example"]\n')
    const { stdout } = await machine.paude(['--network-allow', 'flag.example', 'network', 'list', '--origin'], {
      env: { PAUDE_NETWORK_ALLOW: 'variable.example' },
    })
    expect(stdout).toMatch(/file\.example +requested by \/.*config\.toml:2\n/)
    expect(stdout).toMatch(/variable\.example +requested by PAUDE_NETWORK_ALLOW/)
    expect(stdout).toMatch(/flag\.example +requested by --network-allow/)
  })

  test.each(['list', 'why https://a.example'])('%s speaks of no allowlist where a start would have no network', async (line) => {
    const said = await machine.paude(['--network', 'none', 'network', ...line.split(' ')])
    expect([said.code, said.stdout]).toEqual([1, ''])
    expect(said.stderr).toContain('a start here has no network')
    expect(said.stderr).not.toContain('restricted')
  })

  test('without a credential a start is refused, and the list is that of one with it', async () => {
    const list = async (...flags: readonly string[]) => await machine.paude([...flags, 'network', 'list'], { env: OUTSIDE })
    const without = await list()
    expect(without.stdout).toContain('api.anthropic.com:443')
    expect(without.stdout).not.toContain('platform.claude.com')
    expect(without.stderr).toContain('a start here needs a credential: ')
    const inside = await list('--login-inside')
    expect(inside.stdout).toContain('platform.claude.com:443')
    expect(inside.stderr).not.toContain('refused')
    const { stdout } = await machine.paude(['--login-inside', 'status'], { env: OUTSIDE })
    expect(stdout).toContain('api.anthropic.com:443, platform.claude.com:443 and nothing else')
  })

  test('what is not allowed exits with 1 and names the command that allows it', async () => {
    const { code, stderr } = await network('why', 'nowhere.example')
    expect(code).toBe(1)
    expect(stderr).toContain('paude network allow nowhere.example --user')
  })
})

describe('a change', () => {
  test('is one call of the engine, and is kept', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const { code, stdout } = await network('allow', 'a.example', '--session', id, '--json')
    expect(code).toBe(0)
    const { revision } = JSON.parse(stdout) as { revision: string }
    expect(execs().filter((words) => words.includes('/usr/lib/paude/policy'))).toHaveLength(1)
    const folder = join(machine.home, '.local/state/paude/sessions', id)
    expect(readFileSync(join(folder, 'policy/stages'), 'utf8')).toBe(`0 ${revision}\n`)
    expect(JSON.parse(readFileSync(join(folder, 'session.json'), 'utf8'))).toMatchObject({
      revision,
      changes: [{ verb: 'allow', entry: 'a.example', until: 0 }],
    })
    expect((await network('list', id)).stdout).toContain('a.example')
    expect(existsSync(join(folder, 'policy.lock'))).toBe(false)
  })

  test('names the revision of the policy for those who ask for it, as list does', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const shown = async (...words: readonly string[]) => {
      const { stdout, stderr } = await network(...words)
      return /; policy ([0-9a-f]{12})/.exec(stdout + stderr)?.[1] ?? null
    }
    expect(await shown('allow', 'a.example', '--session', id)).toBeNull()
    expect(await shown('list', id)).toBeNull()
    const { revision } = JSON.parse((await network('list', id, '--json')).stdout) as { revision: string }
    expect(await shown('allow', 'a.example', '--session', id, '--verbose')).toBe(revision)
    expect(await shown('list', id, '--verbose')).toBe(revision)
  })

  test('that the proxy refuses changes nothing', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const before = readFileSync(join(machine.home, '.local/state/paude/sessions', id, 'policy/stages'), 'utf8')
    machine.set('fail', 'exec', 'paude: squid does not take the policy: FATAL\n')
    const { code, stderr } = await network('allow', 'a.example', '--session', id)
    expect(code).toBe(1)
    expect(stderr).toContain('squid does not take the policy')
    expect(readFileSync(join(machine.home, '.local/state/paude/sessions', id, 'policy/stages'), 'utf8')).toBe(before)
    const unknown = await network('list', id)
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain(`the policy of session ${id} is unknown: a change was interrupted and cannot be completed: `)
    machine.unset('fail', 'exec')
    const list = await network('list', id)
    expect(list.code).toBe(0)
    expect(list.stdout).not.toContain('a.example')
  })

  test('that was cut off is carried to its end before anything is said of the session', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    await network('allow', 'a.example', '--session', id)
    const file = join(machine.home, '.local/state/paude/sessions', id, 'session.json')
    const told = () => execs().filter((words) => words.includes('/usr/lib/paude/policy')).length
    machine.write(file, readFileSync(file, 'utf8').replace('"settled": true', '"settled": false'))
    expect((await network('why', 'a.example', id)).stderr).not.toContain('not on the allowlist')
    expect(told()).toBe(2)
    expect(readFileSync(file, 'utf8')).toContain('"settled": true')
    await network('list', id)
    expect(told()).toBe(2)
  })

  test('can be looked at before', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const { stdout } = await network('allow', 'a.example', '--session', id, '--dry-run')
    expect(stdout).toContain('/usr/lib/paude/policy')
    expect(execs().filter((words) => words.includes('/usr/lib/paude/policy'))).toHaveLength(0)
  })

  test.each([
    [['allow'], 'HOST is missing'],
    [['allow', 'a b'], 'a host name cannot have spaces or control characters'],
    [['allow', 'github'], 'cannot allow "github": it is a group, not a host name\n  → did you mean @github?'],
    [['deny', '@githb'], 'did you mean @github?'],
    [['allow', 'a.example', '--for', 'ever'], '--for must be a time'],
    [['allow', 'a.example', '--once', '--for', '1m'], '--once and --for cannot be combined'],
    [['allow', 'a.example', '--once', '--user'], '--user cannot have an end time'],
    [['allow', 'a.example', '--dry-run', '--user'], '--dry-run and --user cannot be combined'],
    [['allow', 'a.example', '--dry-run', '--json'], '--dry-run and --json cannot be combined'],
    [['unset', 'a.example', '--once'], 'paude network unset: unknown flag --once\n  → paude help network unset'],
    [['list', '--for', '3m'], 'paude network list: unknown flag --for'],
    [['why', 'a.example', '--follow'], 'paude network why: unknown flag --follow'],
    [['why', 'a.example', '--session', 'x'], 'paude network why URL SESSION'],
    [['log', '--session', 'x'], 'paude network log SESSION'],
    [['propose', '--user'], 'paude network propose: unknown flag --user'],
    [['groups', '--dry-run'], 'paude network groups takes no --dry-run: it changes nothing'],
    [['alow', 'a.example'], 'paude network allow'],
    [['why'], 'URL is missing'],
    [['why', 'ftp://a.example'], 'the proxy only takes http and https'],
    [['list', 'one', 'two'], 'one word too many'],
  ])('%j is refused: %s', async (words, said) => {
    await machine.paude(['--detach', '-p', 'hi'])
    const { code, stderr } = await network(...words)
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })

  test('takes an address for its host, and does not repeat the rest', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const { code, stdout, stderr } = await network('allow', 'https://user:geheim@git.example/foo?key=geheim', '--session', id)
    expect([code, stdout]).toEqual([0, expect.stringContaining(`allow git.example in ${id}`)])
    expect(stderr).toContain('an entry is a whole host; using git.example')
    expect(`${stdout}${stderr}${machine.kept()}`).not.toContain('geheim')
  })

  test('takes flags before its verb too, and tells of the verb wherever help is asked for', async () => {
    const { code, stdout } = await network('groups', 'npm', '--json')
    expect(await network('--json', 'groups', 'npm')).toMatchObject({ code, stdout })
    for (const words of [
      ['allow', '--help'],
      ['allow', 'a.example', '-h'],
      ['--session', 'deny', 'allow', '--help'],
    ])
      expect((await network(...words)).stdout).toStartWith('Allow hosts in a running session')
    expect((await network('--help')).stdout).toStartWith('Show and change what a session may reach')
    expect(await network()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('paude network needs a verb\n  → paude network list, allow'),
    })
  })

  test('without a session here a change says how to make it for starts, and a wrong entry comes first', async () => {
    const said = await network('allow', 'https://b.example/x')
    expect([said.code, said.stdout]).toEqual([1, ''])
    expect(said.stderr).toContain(
      'for one start: paude --network-allow b.example; for all starts here: paude network allow b.example --project',
    )
    expect((await network('deny', '*.b.example')).stderr).toContain("paude --network-deny '*.b.example'")
    expect((await network('unset', 'b.example')).stderr).toContain(
      '→ for all starts here: paude network unset b.example --project',
    )
    expect((await network('allow', 'github')).stderr).toContain('did you mean @github?')
  })

  test('of a session without a network is none', async () => {
    const id = (await machine.paude(['--network', 'none', '--detach', '-p', 'hi'])).stdout.trim()
    expect((await network('allow', 'a.example', '--session', id)).stderr).toContain('has no network')
  })
})

test('watch without a terminal says nothing of what was blocked before, and where that stands', async () => {
  const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
  const line = { v: 1, t: 1, sid: id, m: 'CONNECT', h: 'old.example', p: 8081, st: 403, err: 'ERR_ACCESS_DENIED' }
  machine.set('say', 'logs', `${JSON.stringify(line)}\n`)
  expect((await network('blocked', id)).stdout).toContain('old.example:8081')
  machine.set('say', 'logs', '')
  expect((await network('blocked', id)).stderr).toContain(`nothing was blocked in ${id}`)
  expect((await network('log', '--json', id)).stdout).toBe('')
  machine.set('say', 'logs', `${JSON.stringify(line)}\n`)
  const { stdout, stderr } = await network('watch', id)
  expect(stdout).toBe('')
  expect(stderr).toContain(`paude network blocked ${id}`)
})

test.each([
  [['192.168.7.7'], 'blocked 1 host: 192.168.7.7:80; an entry cannot allow an IP address or a short name'],
  [['192.168.7.7', 'a.example'], 'blocked 2 hosts, such as 192.168.7.7:80; to allow: paude --network-allow a.example'],
])('a run that ends proposes no command for what no entry can allow: %j', async (hosts, words) => {
  const lines = hosts.map((h) => JSON.stringify({ v: 1, t: 1, m: 'GET', h, p: 80, st: 403, err: 'ERR_ACCESS_DENIED' }))
  machine.set('say', 'logs', `${lines.join('\n')}\n`)
  expect((await machine.paude(['-p', 'hi'])).stderr).toContain(`${words}\n`)
})

describe('a port of this machine that every other host has open', () => {
  const place = 'host.paude.internal:443'
  const line = { v: 1, t: 1, m: 'CONNECT', h: 'host.paude.internal', p: 443, st: 403, err: 'ERR_ACCESS_DENIED' }
  const said = `${JSON.stringify(line)}\n`

  test('is named in the command that a start proposes', async () => {
    machine.set('say', 'logs', said)
    const { stderr } = await machine.paude(['-p', 'hi'])
    expect(stderr).toContain(`blocked 1 host: ${place}; to allow: paude --network-allow ${place}\n`)
  })

  test('is named in the command that why proposes', async () =>
    expect((await network('why', place)).stderr).toContain(`to allow it: paude network allow ${place} --user`))

  /** Answers what `network watch` shows with keys, once these lines are in the log; gives the screen. */
  async function watched(
    id: string,
    cwd: string,
    lines: readonly string[],
    keys: readonly (readonly [RegExp, string])[],
  ): Promise<string> {
    // A proxy that runs goes on with its log.
    const log = join(machine.env['FAKE'] ?? '', 'say-logs')
    Bun.spawnSync(['mkfifo', log])
    const end = openSync(log, 'r+')
    for (const text of lines) writeSync(end, text)
    let screen = ''
    const child = Bun.spawn([...program, 'network', 'watch', id], {
      env: { ...machine.env, TERM: 'xterm-256color' },
      cwd,
      terminal: {
        cols: 240,
        rows: 30,
        data: (terminal, bytes) => {
          const before = screen
          screen += Buffer.from(bytes).toString()
          for (const [words, key] of keys) if (words.test(screen) && !words.test(before)) terminal.write(key)
        },
      },
    })
    expect(await child.exited).toBe(0)
    closeSync(end)
    return screen
  }

  test('is allowed by a key of watch, and what is allowed already is not', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const allowed = `${JSON.stringify({ ...line, t: 2, h: 'api.anthropic.com', rev: '-' })}\n`
    const screen = await watched(
      id,
      machine.project,
      [allowed, said],
      [
        [/> allowed +api\.anthropic/, 's'],
        [/is allowed already/, 'z'],
        [/nothing to undo/, 'j'],
        [/> blocked +host\.paude/, 's'],
        [/is allowed in|an entry for this machine needs a port/, 'q'],
      ],
    )
    expect(screen).toContain('api.anthropic.com is allowed already; its name was not found, or has a private address')
    expect(screen).toContain(`${place} is allowed in ${id}`)
  })

  test('of a session of another project is written to no paude.toml by a key of watch', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const other = join(machine.home, 'other')
    mkdirSync(other)
    const screen = await watched(
      id,
      other,
      [said],
      [
        [/blocked +host\.paude/, 'p'],
        [/is allowed|an entry for this machine needs a port|works in/, 'q'],
      ],
    )
    expect(screen).toContain(`session ${id} works in ${machine.project}, but the project here is ${other}`)
    expect([existsSync(join(other, 'paude.toml')), existsSync(projectFile()), execs()]).toEqual([false, false, []])
  })
})

describe('scopes', () => {
  test('calls side by side lose no entry of a file', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.example`)
    const deny = (name: string) => machine.paude(['network', 'deny', name, '--user'], { alone: true })
    expect((await Promise.all(names.map(deny))).map(({ code }) => code)).toEqual(names.map(() => 0))
    const { network: written } = TOML.parse(readFileSync(userFile(), 'utf8')) as { network: { deny: string[] } }
    expect(written.deny.toSorted()).toEqual(names)
  })

  test("--user writes the user's file and keeps what stands there", async () => {
    machine.write(userFile(), '# mine\n[network]\nallow = ["a.example"] # this\n')
    const { code, stderr } = await network('allow', 'b.example', '@github', '--user')
    expect(code).toBe(0)
    expect(stderr).toContain(`written to ${userFile()}`)
    expect(readFileSync(userFile(), 'utf8')).toBe('# mine\n[network]\nallow = ["a.example", "b.example", "@github"] # this\n')
  })

  test('unset takes an entry out of every list of the file, with its line and nothing else', async () => {
    const text = '[network]\nallow = [\n  "a.example", # this\n  "b.example", # that\n]\ndeny = ["b.example", "c.example"] # no\n'
    machine.write(userFile(), text)
    expect(await network('unset', 'b.example', '--user')).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(userFile(), 'utf8')).toBe('[network]\nallow = [\n  "a.example", # this\n]\ndeny = ["c.example"] # no\n')
    expect((await network('unset', 'b.example', '--user')).stderr).toContain('has no entry for b.example')
  })

  test('a file that was not there is for its owner alone', async () => {
    expect((await network('deny', 'b.example', '--user')).code).toBe(0)
    expect(TOML.parse(readFileSync(userFile(), 'utf8')) as object).toMatchObject({ network: { deny: ['b.example'] } })
    expect(statSync(userFile()).mode & 0o777).toBe(0o600)
  })

  test("--project writes the project's file, and follows no link there", async () => {
    expect((await network('allow', 'b.example', '--project')).code).toBe(0)
    expect(readFileSync(projectFile(), 'utf8')).toBe('[network]\nallow = ["b.example"]\n')
    const other = makeMachine()
    try {
      writeFileSync(join(other.home, 'victim'), 'keep')
      symlinkSync(join(other.home, 'victim'), join(other.project, 'paude.toml'))
      expect((await other.paude(['network', 'allow', 'b.example', '--project'])).stderr).toContain('is a link')
      expect(readFileSync(join(other.home, 'victim'), 'utf8')).toBe('keep')
    } finally {
      other.dispose()
    }
  })

  test.each([[['allow', 'b.example', '--session']], [['deny', 'b.example', '--session']], [['propose']]])(
    '%j writes nothing of a session of another project into the paude.toml here',
    async (words) => {
      const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
      machine.set(
        'say',
        'logs',
        `${JSON.stringify({ v: 1, t: 1, m: 'CONNECT', h: 'b.example', p: 443, st: 403, err: 'ERR_ACCESS_DENIED' })}\n`,
      )
      const other = join(machine.home, 'other')
      mkdirSync(other)
      const { code, stderr } = await machine.paude(['network', ...words, id, '--project'], { cwd: other })
      expect([code, existsSync(join(other, 'paude.toml')), execs()]).toEqual([1, false, []])
      expect(stderr).toContain(`session ${id} works in ${machine.project}, but the project here is ${other}`)
      expect(stderr).toContain(`cd ${machine.project}, or leave --project out`)
    },
  )

  test.each([
    ['--user', userFile],
    ['--project', projectFile],
  ])(
    'what was denied with %s is allowed by a later word, however it was spelled, and the other way round',
    async (flag, file) => {
      machine.write(file(), '[network]\ndeny = ["Foo.example.", "@npm", "b.example"] # no\ngroups = ["gitlab"]\n')
      expect((await network('allow', 'foo.example', '@npm', flag)).code).toBe(0)
      const lists = () => TOML.parse(readFileSync(file(), 'utf8'))['network'] as object
      expect(lists()).toEqual({ deny: ['b.example'], groups: ['gitlab'], allow: ['foo.example', '@npm'] })
      expect((await network('list')).stdout).not.toMatch(/deny +foo\.example/)
      expect((await network('deny', 'foo.example', '@gitlab', flag)).code).toBe(0)
      expect(lists()).toEqual({ deny: ['b.example', 'foo.example', '@gitlab'], groups: [], allow: ['@npm'] })
    },
  )

  test('what an untrusted file of the project loosens is left out, and that is said', async () => {
    machine.write(projectFile(), '[network]\nallow = ["foo.test"]\n')
    const { stdout, stderr } = await network('list')
    expect(stdout).not.toContain('foo.test')
    expect(stderr).toContain('paude.toml is not trusted, so its loosening is not shown; paude trust')
  })

  test.each([
    ['--user', userFile, 'paude network unset *.example.org --user'],
    ['--project', userFile, 'paude network unset *.example.org --user'],
    ['--user', projectFile, 'paude network unset *.example.org --project'],
  ])('what %s allows in vain is told, with the denial that wins', async (flag, denying, way) => {
    machine.write(denying(), '[network]\ndeny = ["*.example.org"]\n')
    const { code, stderr } = await network('allow', 'foo.example.org', 'foo.test', flag)
    expect(code).toBe(1)
    expect(stderr).toContain('new sessions allow foo.test')
    expect(stderr).not.toContain('allow foo.example.org')
    expect(stderr).toContain(`still denies foo.example.org: network.deny has *.example.org (${denying()}:2), and a denial wins`)
    expect(stderr).toContain(way)
    expect((await network('allow', 'foo.test', flag)).code).toBe(0)
  })

  test('a denial that no command takes out is told with its place alone', async () => {
    machine.write(userFile(), '[profiles.ci.network]\ndeny = ["foo.example:80"]\n')
    const { code, stderr } = await machine.paude(['--profile', 'ci', 'network', 'allow', 'foo.example', '--user'])
    expect(code).toBe(1)
    expect(stderr).toContain('network.deny has foo.example:80')
    expect(stderr).not.toContain('paude network unset')
  })

  test('what no list can hold is written nowhere', async () => {
    expect((await network('allow', '10.0.0.1', '--user')).code).toBe(2)
    expect(existsSync(userFile())).toBe(false)
  })

  test('a file that lines cannot tell is left alone, and the line to add is shown', async () => {
    machine.write(userFile(), 'network = { mode = "restricted" }\n')
    const { code, stderr } = await network('allow', 'b.example', '--user')
    expect(code).toBe(2)
    expect(stderr).toContain('network.allow = ["b.example"]')
    expect(readFileSync(userFile(), 'utf8')).toBe('network = { mode = "restricted" }\n')
  })
})

describe('what was asked for', () => {
  /** Lines of the proxy's log: the second, the revision, and HOST:PORT of a tunnel that was denied. */
  const log = (...requests: readonly (readonly [second: number, revision: string, place: string])[]) =>
    machine.set(
      'say',
      'logs',
      requests
        .map(([t, rev, place], c) => {
          const [h, p] = place.split(':')
          return `${JSON.stringify({ v: 1, t, sid: 's', rev, c, m: 'CONNECT', u: place, h, p, st: 403, r: 'TCP_DENIED', err: 'ERR_ACCESS_DENIED' })}\n`
        })
        .join(''),
    )
  const written = () => TOML.parse(readFileSync(projectFile(), 'utf8'))['network'] as object

  test('is told with the policy by which it was decided for scripts, and without it for people', async () => {
    await machine.paude(['--detach', '-p', 'hi'])
    log([1, '111111111111', 'a.example:443'], [2, '222222222222', 'b.example:443'], [3, '-', 'c.example:443'])
    const { stdout } = await network('log')
    expect(stdout).toMatch(/^TIME .* BYTES +RULE\n/)
    for (const host of ['a', 'b', 'c']) expect(stdout).toMatch(new RegExp(` ${host}\\.example:443 +\\d+ +not on`))
    expect((await network('log', '--follow')).stdout).toMatch(/ b\.example:443 .* not on/)
    const revisions = (await network('log', '--json')).stdout.match(/"revision":"[^"]*"/g)
    expect(revisions).toEqual(['"revision":"111111111111"', '"revision":"222222222222"', '"revision":""'])
  })

  test('is followed once, though the proxy noted it too', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const line = `${JSON.stringify({ v: 1, t: 5, sid: 's', rev: 'a', c: 1, m: 'CONNECT', u: 'a.example:443', h: 'a.example', p: '443', st: 403, r: 'TCP_DENIED', err: 'ERR_ACCESS_DENIED' })}\n`
    machine.set('say', 'logs', `{"v":1,"network":"restricted","ok":true,"canaries":[]}\n${line}`)
    machine.write(join(machine.home, '.local/state/paude/sessions', id, 'noted'), line)
    expect((await network('log', '--follow')).stdout.match(/a\.example:443/g)).toHaveLength(1)
  })

  test('is not offered to be allowed where it is, and its name was not found', async () => {
    await machine.paude(['--network-allow', 'gone.example', '--detach', '-p', 'hi'])
    log([1, '-', 'gone.example:443'], [2, '-', 'api.anthropic.com:443'])
    const { stdout, stderr } = await network('blocked')
    expect(stdout).toMatch(/gone\.example:443 .* not found, or at a private address\n/)
    expect(stderr).toContain('all of these are allowed already, but their names were not found or have a private address')
    expect(stderr).not.toContain('to allow one')
  })

  test('is offered to be allowed only where an entry can allow it', async () => {
    await machine.paude(['--detach', '-p', 'hi'])
    log([1, 'a', '192.168.7.7:80'], [2, 'a', 'box:80'])
    const { stdout, stderr } = await network('blocked')
    expect(stdout).toMatch(/192\.168\.7\.7:80 .* an IP address, not a host name\n/)
    expect(stdout).toMatch(/box:80 .* no full host name\n/)
    expect(stderr).not.toContain('to allow one')
    expect(stderr).toContain('an entry cannot allow an IP address or a short name')
    log([1, 'a', '192.168.7.7:80'], [2, 'a', 'a.example:80'])
    expect((await network('blocked')).stderr).toContain('to allow one: paude network allow HOST --session')
  })

  test('and blocked for what no list says is not proposed, and shown elsewhere', async () => {
    const id = (await machine.paude(['--network', 'record', '--detach', '-p', 'hi'])).stdout.trim()
    log([1, 'a', 'gone.example:443'])
    expect((await network('propose')).stderr).toContain(`; blocked hosts: paude network blocked ${id}\n`)
    machine.set('say', 'logs', '')
    expect((await network('propose')).stderr).not.toContain('blocked hosts')
  })

  test("is proposed on stdout, and with --project written into the project's file, around what stands there", async () => {
    await machine.paude(['--detach', '-p', 'hi'])
    log([1, 'a', 'b.example:443'], [2, 'a', 'a.example:8443'], [3, 'a', 'shut.example:443'])
    const before = '# ours\n[network]\nallow = [\n  "x.example", # kept\n]\ndeny = ["shut.example"]\n'
    machine.write(projectFile(), before)
    const printed = await network('propose')
    expect(printed.stdout).toContain('"a.example:8443", # once')
    expect(readFileSync(projectFile(), 'utf8')).toBe(before)
    const { code, stdout, stderr } = await network('propose', '--project')
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain(`written to ${projectFile()}`)
    expect(stderr).toContain('paude trust')
    expect(stderr).toContain('left out: a start here still denies shut.example:443')
    expect(written()).toEqual({ allow: ['x.example', 'a.example:8443', 'b.example:443'], deny: ['shut.example'] })
    expect(readFileSync(projectFile(), 'utf8')).toContain('# ours\n[network]\nallow = [\n  "x.example", # kept\n')
  })
})

test('record mode is said aloud, and stands in no file', async () => {
  expect((await machine.paude(['--network', 'record', '-p', 'hi'])).stderr).toContain('record mode: ')
  machine.write(userFile(), '[network]\nmode = "record"\n')
  const { code, stderr } = await machine.paude(['-p', 'hi'])
  expect(code).toBe(125)
  expect(stderr).toContain('network.mode')
})
