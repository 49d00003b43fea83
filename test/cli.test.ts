import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canBeHumble, type Machine, makeMachine, type Outcome } from './support/machine.ts'
import { program, programLine } from './support/program.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const engineCalls = () => machine.calls()
const verbs = () =>
  engineCalls().map(([, verb, what]) =>
    ['volume', 'image', 'container'].includes(verb ?? '') ? `${verb} ${what}` : (verb ?? ''),
  )
const seed = (name: string): string => {
  const [, file = ''] = new RegExp(`\\n([^\\n]*/seed/${name.replace('.', '\\.')})\\n`).exec(machine.kept()) ?? []
  return readFileSync(file, 'utf8')
}
/** A rendered command on one line. */
const flat = (script: string): string => script.replaceAll(' \\\n  ', ' ')
/** So that a start has nothing to say. */
const CREDENTIAL = { ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-caller' }
const ID = /^paude-[a-z0-9]{6}$/

describe('the agent', () => {
  test.each(['docker', 'podman'])('its stdout is ours byte for byte, and its exit code is ours: %s', async (backend) => {
    machine.set('say', 'agent', 'line\n\u001b[31mred\u001b[0m no end')
    machine.set('code', 'agent', '42')
    expect(await machine.paude(['--backend', backend, '-p', 'hi'], { env: CREDENTIAL })).toEqual({
      code: 42,
      stdout: 'line\n\u001b[31mred\u001b[0m no end',
      stderr: '',
    })
    expect(engineCalls().every(([program]) => program === backend)).toBe(true)
    expect(verbs().slice(-2)).toEqual(['rm', 'ps'])
  })

  test('its words reach it untouched and in order', async () => {
    await machine.paude(['--detach', '-p', "it's", '--network', 'open', '$HOME', '', '--', 'x\ny'])
    expect(seed('command.sh')).toContain(`claude -p 'it'\\''s' --network open '$HOME' '' -- 'x\ny'\n`)
  })

  test('a flag of ours that comes late stays its own, and we say so on stderr', async () => {
    const { stdout, stderr } = await machine.paude(['--detach', '-p', 'hi', '--network=open'])
    expect(stdout.trim()).toMatch(ID)
    expect(stderr).toContain(
      "paude: --network comes after the agent's first word, so it goes to the agent; for paude's flag, put it first",
    )
    expect(machine.kept()).toContain('"network": "restricted"')
    for (const [word, times] of [
      ['reviewer', 0],
      ['codex', 1],
    ] as const) {
      const said = (await machine.paude(['--detach', '-p', 'hi', '--agent', word])).stderr
      expect(said.split("--agent comes after the agent's first word")).toHaveLength(1 + times)
    }
    for (const words of [
      ['--append-system-prompt', '--network'],
      ['--', '--network'],
    ])
      expect((await machine.paude(['--detach', '-p', 'hi', ...words])).stderr).not.toContain(
        " comes after the agent's first word, where paude does not read it",
      )
  })

  test('-- makes a verb of ours its own', async () => {
    await machine.paude(['--detach', '--', 'stop', 'now'])
    expect(seed('command.sh')).toContain('claude stop now')
    expect(verbs()).not.toContain('stop')
  })

  test('what is piped in reaches it', async () => {
    await machine.paude(['-p', 'sum it up'], { stdin: 'a long text' })
    expect(readFileSync(join(machine.room, 'fake/stdin'), 'utf8')).toBe('a long text')
  })

  test('a command in the sandbox has no network, and its code is ours', async () => {
    machine.set('code', 'agent', '3')
    expect((await machine.paude(['run', '--', 'make', 'test'])).code).toBe(3)
    expect(verbs()).toEqual(['create', 'start', 'rm', 'ps'])
    expect(engineCalls()[0]).toContain('--network=none')
  })

  test('an open network is said aloud', async () => {
    expect((await machine.paude(['--network=open', '-p', 'hi'])).stderr).toContain('the network is open')
  })
})

test('--timeout none takes back a limit of the environment', async () => {
  const dryRun = async (...flags: string[]) =>
    (await machine.paude([...flags, '--dry-run', '-p', 'x'], { env: { PAUDE_TIMEOUT: '7' } })).stdout
  expect([/after 7 s:/.test(await dryRun()), /after 7 s:/.test(await dryRun('--timeout', 'none'))]).toEqual([true, false])
})

describe('a start that fails', () => {
  test('takes everything back, says so on stderr alone, and exits with 125', async () => {
    machine.set('fail', 'create', 'Error response from daemon: something odd\n')
    const { code, stdout, stderr } = await machine.paude(['-p', 'hi'])
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toContain('something odd')
    const undone = engineCalls()
      .filter(([, verb]) => verb === 'rm')
      .flat()
    const [id = ''] = undone.filter((word) => ID.test(word))
    expect(undone).toEqual(expect.arrayContaining([id, `${id}-proxy`]))
    expect(existsSync(join(machine.home, '.local/state/paude/sessions', id))).toBe(false)
  })

  test('a missing image with --pull never is a sentence and a hint', async () => {
    machine.set('fail', 'run', 'docker: Error response from daemon: No such image: localhost/paude/proxy:1.\n')
    const { code, stderr } = await machine.paude(['--pull', 'never', '-p', 'hi'], { env: CREDENTIAL })
    expect(code).toBe(125)
    expect(stderr).toMatch(/^paude: .*image.*\n {2}→ .+\n$/)
  })
})

describe('secrets', () => {
  const KEY = 'sk-ant-api03-REAL-key-that-must-not-be-seen'
  const VALUE = 'hunter2-REAL-value-that-must-not-be-seen'

  test.each(['docker', 'podman'])('stay out of argv, output and state: %s', async (backend) => {
    machine.keepEnvironments()
    const env = { ANTHROPIC_API_KEY: KEY }
    const outcomes = [
      await machine.paude(['--backend', backend, '--env', `MY_TOKEN=${VALUE}`, '--detach'], { env }),
      await machine.paude(['--backend', backend, '--env', `MY_TOKEN=${VALUE}`, '--dry-run', '-p', 'x'], { env }),
      await machine.paude(['--backend', backend, '--env', `MY_TOKEN=${VALUE}`, '--print-config'], { env }),
      await machine.paude(['--backend', backend, '--env', `MY_TOKEN=${VALUE}`, '--nonsense', '--env=x'], { env }),
    ]
    machine.set('fail', 'create', 'it failed\n')
    outcomes.push(await machine.paude(['--backend', backend, '--env', `MY_TOKEN=${VALUE}`, '-p', 'x'], { env }))
    const seen = [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...machine.calls().flat(), machine.kept()].join(
      '\n',
    )
    expect(seen).not.toContain(KEY)
    expect(seen).not.toContain(VALUE)
    // They did arrive where they belong.
    expect(readFileSync(join(machine.room, 'fake/credential'), 'utf8')).toContain(KEY)
    expect(readFileSync(join(machine.room, 'fake/environments'), 'utf8')).toContain(`MY_TOKEN=${VALUE}`)
    expect(engineCalls().flat()).toContain('--env=MY_TOKEN')
  })

  test('a credential cannot be carried into the sandbox by --env', async () => {
    const { code, stderr } = await machine.paude(['--env', 'ANTHROPIC_API_KEY', '-p', 'x'], { env: { ANTHROPIC_API_KEY: KEY } })
    expect({ code, calls: engineCalls() }).toEqual({ code: 125, calls: [] })
    expect(stderr).toContain('ANTHROPIC_API_KEY stays outside the sandbox')
  })
})

describe('looking only', () => {
  test.each([[['-p', 'hi']], [['--detach']], [['run', '--', 'true']]])(
    '--dry-run prints a script that sh can read, asks no engine and keeps nothing: %j',
    async (words) => {
      const { code, stdout, stderr } = await machine.paude(['--dry-run', ...words])
      expect({ code, stderr, calls: engineCalls(), kept: machine.kept() }).toEqual({ code: 0, stderr: '', calls: [], kept: '' })
      expect(Bun.spawnSync(['sh', '-n'], { stdin: Buffer.from(stdout) }).exitCode).toBe(0)
      expect(stdout).toContain('docker start')
    },
  )

  test('--print-config shows every origin and no value of --env', async () => {
    machine.write(
      join(machine.home, '.config/paude/config.toml'),
      'backend = "podman"\n[limits]\nmemory = "2g"\n[network]\nallow = ["a.example.org"]\n',
    )
    const { code, stdout } = await machine.paude(
      ['--pids', '100', '--network-allow', 'c.example.org', '--env', 'A=hunter2', '--print-config'],
      {
        env: { PAUDE_CPUS: '2', PAUDE_NETWORK_ALLOW: 'b.example.org' },
      },
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^backend +podman +# user .*config\.toml:1$/m)
    expect(stdout).toMatch(/^limits\.memory +2g +# user .*config\.toml:3$/m)
    expect(stdout).toMatch(/^limits\.cpus +2 +# environment PAUDE_CPUS$/m)
    expect(stdout).toMatch(/^limits\.pids +100 +# flag --pids$/m)
    expect(stdout).toMatch(/^network\.mode +restricted +# default$/m)
    expect(stdout).toMatch(/^network\.allow +a\.example\.org +# user .*config\.toml:5$/m)
    expect(stdout).toMatch(/^network\.allow +b\.example\.org +# environment PAUDE_NETWORK_ALLOW$/m)
    expect(stdout).toMatch(/^network\.allow +c\.example\.org +# flag --network-allow$/m)
    for (const host of ['a', 'b', 'c']) expect(stdout).toMatch(new RegExp(`^allow +${host}\\.example\\.org:80,443 `, 'm'))
    expect(stdout).not.toContain('hunter2')
    expect(engineCalls()).toEqual([])
  })

  test('version and help ask nobody', async () => {
    for (const words of [['version'], ['--help'], ['help'], ['help', 'run'], ['stop', '--help'], ['completion', 'bash']]) {
      const { code, stdout, stderr } = await machine.paude(words)
      expect([code, stderr, stdout.length > 10]).toEqual([0, '', true])
      expect(stdout).not.toContain('\u001b')
    }
    expect(machine.calls()).toEqual([])
  })
})

describe('events', () => {
  const begin = async (lines: readonly string[]): Promise<string> => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    writeFileSync(record(id), lines.map((line) => `\n${line}\t\n`).join(''))
    return id
  }
  const record = (id: string) => join(machine.home, '.local/state/paude/sessions', id, 'out/events')
  const stop = (text: string) => `11.00 ${JSON.stringify({ hook_event_name: 'Stop', last_assistant_message: text })}`

  test('are lines for people, and JSON for programs, and no control character gets through', async () => {
    const id = await begin(['10.00 start 1000000', stop('a\nb \u001b[2J\u009b31m\u202e x'), 'rubbish \u001b[2J'])
    const lines = await machine.paude(['events'])
    expect(lines.code).toBe(0)
    expect(lines.stdout).toBe('13:46:40  session-start\n13:46:41  stop            a b \ufffd[2J\ufffd31m\ufffd x\n')
    expect(lines.stderr).toContain('skipped a line of an unknown writer: programs in the sandbox can write there')
    const { stdout } = await machine.paude(['events', id, '--json'])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { v: 1, session: id, kind: 'session-start', time: '1970-01-12T13:46:40.000Z' },
      { kind: 'stop', text: 'a\nb \u001b[2J\u009b31m\u202e x' },
    ])
  })

  test('are private to the caller, and go with the session', async () => {
    const id = await begin([])
    expect([statSync(record(id)).mode & 0o777, statSync(join(record(id), '..')).mode & 0o777]).toEqual([0o600, 0o700])
    expect((await machine.paude(['events'])).stderr).toContain('no events yet')
    await machine.paude(['rm', '--force', id])
    expect((await machine.paude(['events', id])).code).toBe(1)
  })

  test('follow a session until it ends', async () => {
    await begin([stop('one'), stop('two')])
    machine.ended('exited')
    const { code, stdout } = await machine.paude(['events', '--follow', '--json'])
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 2])
  })
})

describe('notify test', () => {
  const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), `[notify]\n${text}\n`)
  const program = (name: string, body: string) => machine.program(name, `#!/bin/sh\n${body}\n`)
  const said = (name: string) => readFileSync(join(machine.room, name), 'utf8')

  test('sends one message by every way, and tells which of them worked', async () => {
    const seen: unknown[] = []
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        seen.push([request.headers.get('authorization'), await request.json()])
        return new Response('thanks')
      },
    })
    program('notify-send', `printf '%s\\n' "$@" >"${machine.room}/shown"; pwd >>"${machine.room}/shown"`)
    program('tell-me', `cat >"${machine.room}/told"; echo nothing to see; exit 3`)
    configure(
      `desktop = true\nterminal = "bell"\ncommand = ["tell-me", "now"]\n[notify.webhook]\nurl = "http://127.0.0.1:${server.port}/"\ntoken = "env:HOOK"`,
    )
    const { code, stdout, stderr } = await machine.paude(['notify', 'test'], { env: { HOOK: 'tok' } })
    await server.stop(true)
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'CHANNEL RESULT',
      'desktop sent',
      'terminal no terminal is attached here',
      'command tell-me ended with 3',
      'webhook sent',
      '',
    ])
    expect(said('shown')).toBe('--app-name=paude\n--\npaude: test test message\nIf you can read this, it works\n/\n')
    expect(JSON.parse(said('told'))).toMatchObject({ v: 1, kind: 'test', session: 'test', workspace: machine.project })
    expect(seen).toMatchObject([['Bearer tok', { kind: 'test' }]])
  })

  test('is answered for machines, with 0 when all is well', async () => {
    program('tell-me', 'cat >/dev/null')
    configure('command = ["tell-me"]')
    const { code, stdout } = await machine.paude(['notify', 'test', '--json'])
    expect([code, JSON.parse(stdout)]).toEqual([0, [{ channel: 'command', fault: null }]])
  })

  test('says what to write when nothing is set up, and what is wrong when it is wrong', async () => {
    expect(await machine.paude(['notify', 'test'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no notifications are set up'),
    })
    configure('desktop = true')
    expect((await machine.paude(['notify', 'test'])).stdout).toContain('notify-send was not found')
    configure('every = "often"')
    expect(await machine.paude(['notify', 'test'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('notify.every must be a number'),
    })
  })
})

describe('sessions', () => {
  test('every engine is asked once, and the answer is on stdout', async () => {
    const { code, stdout, stderr } = await machine.paude(['sessions'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')[0]).toMatch(/^SESSION +STATUS +ACTIVITY +SINCE +BLOCKED +STARTED +AGENT +BACKEND +WORKSPACE$/)
    expect(stdout.match(/^fix-login /gm)).toHaveLength(2)
    expect(stdout).toContain('exited 137')
    expect(stdout).not.toContain('line\nbreak')
    expect(
      engineCalls()
        .map(([program, verb]) => `${program} ${verb}`)
        .sort(),
    ).toEqual(['docker ps', 'podman ps'])
  })

  test('--json is one document for machines', async () => {
    const rows = JSON.parse((await machine.paude(['ls', '--json'])).stdout) as { id: string; workspace: string }[]
    expect(rows).toHaveLength(12)
    expect(rows.map(({ workspace }) => workspace)).toContain('/srv/line\nbreak')
  })

  test('an engine that does not answer hides no other', async () => {
    const { code, stdout, stderr } = await machine.paude(['sessions'], {
      env: { DOCKER_HOST: `unix://${machine.room}/nobody.sock` },
    })
    expect(code).toBe(0)
    expect(stdout).toContain('podman')
    expect(stderr).toContain('docker is installed, but its engine is not running: paude cannot show its sessions')
  })

  test('a session is found by id, by the start of its random part, and by name', async () => {
    machine.set('say', 'list', '')
    const { stdout: first } = await machine.paude(['--detach', '--session-name', 'fix-login', '-p', 'x'])
    const id = first.trim()
    for (const word of [id, id.slice('paude-'.length, -1), 'fix-login', ''])
      expect(flat((await machine.paude(['stop', ...(word === '' ? [] : [word]), '--dry-run'])).stdout)).toContain(
        `docker stop -t 10 ${id}`,
      )
  })

  test('a session whose folder is gone is found on its engine', async () => {
    expect((await machine.paude(['stop', 'rrrrr2', '--dry-run'], { env: { PATH: `${machine.room}/bin` } })).code).toBe(1)
    const only = makeMachine(['docker'])
    expect(flat((await only.paude(['stop', 'rrrrr2', '--dry-run'])).stdout)).toContain('docker stop -t 10 paude-rrrrr2')
    only.dispose()
  })

  test('a start tells in one line which variable that [env] refers to is not set', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), '[env]\nMY_TOKEN = "env:OUR_TOKEN"\n')
    const told = async (env: Record<string, string>) =>
      (await machine.paude(['--detach', '-p', 'x'], { env })).stderr.split('\n').filter((line) => line.includes('OUR_TOKEN'))
    expect(await told({})).toEqual(['paude: env.MY_TOKEN: OUR_TOKEN is not set, so the sandbox has none'])
    expect(await told({ OUR_TOKEN: 'x' })).toEqual([])
  })

  test('a name is given once', async () => {
    await machine.paude(['--detach', '--session-name', 'fix-login', '-p', 'x'])
    const before = machine.calls().filter(([, verb]) => verb === 'create').length
    const { code, stdout, stderr } = await machine.paude(['--detach', '--session-name', 'fix-login', '-p', 'x'])
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toContain('a session named fix-login already exists')
    expect(stderr).toEndWith('→ continue it: paude start fix-login; or remove it: paude rm fix-login\n')
    expect(machine.calls().filter(([, verb]) => verb === 'create').length).toBe(before)
  })

  test('several sessions of one directory must be named', async () => {
    machine.set('say', 'list', '')
    await machine.paude(['--detach', '--session-name', 'one', '-p', 'x'])
    await machine.paude(['--detach', '--session-name', 'two', '-p', 'x'])
    const { code, stderr } = await machine.paude(['stop'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/this directory has 2 sessions\n {2}→ name one:\n/)
    for (const name of ['one', 'two'])
      expect(stderr).toMatch(new RegExp(`^ {4}paude-\\w{6} \\(${name}\\)  started \\d+ s ago$`, 'm'))
  })

  test('an empty word or two letters mean no session, and nothing short means one whose folder is not here', async () => {
    machine.set('say', 'list', '')
    const id = (await machine.paude(['--detach', '-p', 'x'])).stdout.trim()
    for (const verb of ['stop', 'rm', 'wait', 'logs']) {
      const { code, stdout, stderr } = await machine.paude([verb, ''])
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: 'paude: the name of the session is empty\n  → paude sessions\n',
      })
    }
    const short = id.slice(0, 'paude-'.length + 2)
    for (const word of [short, short.slice('paude-'.length), 'paude-'])
      expect((await machine.paude(['stop', word, '--dry-run'])).stderr).toContain('no session has the name or id')
    expect((await machine.paude(['stop', id.slice('paude-'.length, -1), '--dry-run'])).code).toBe(0)
    const other = makeMachine(['docker'])
    for (const word of ['rrr', 'rrrrr', 'paude-rrrrr']) expect((await other.paude(['stop', word, '--dry-run'])).code).toBe(1)
    expect((await other.paude(['stop', 'paude-rrrrr2', '--dry-run'])).code).toBe(0)
    other.dispose()
  })

  test('an unknown one is a sentence', async () => {
    machine.set('say', 'list', '')
    for (const verb of ['stop', 'rm', 'logs'])
      expect(await machine.paude([verb, 'nobody'])).toEqual({
        code: 1,
        stdout: '',
        stderr: 'paude: no session has the name or id "nobody"\n  → paude sessions\n',
      })
    for (const verb of ['attach', 'start', 'shell']) expect((await machine.paude([verb, 'nobody'])).code).toBe(125)
  })

  test('a running one is not removed unless told', async () => {
    const { stdout } = await machine.paude(['--detach'])
    const id = stdout.trim()
    expect((await machine.paude(['rm', id])).stderr).toContain(`session ${id} is running`)
    expect(await machine.paude(['rm', '--force', id])).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' })
    expect(machine.kept()).not.toContain(id)
  })
})

test('help tells of a flag by its name, also of one that is called as a verb is', async () => {
  const helped = async (flag: string) => (await machine.paude(['help', flag])).stdout.split('\n')[0]
  expect([await helped('--detach'), await helped('--memory'), await helped('--network')]).toEqual([
    '--detach',
    'limits.memory',
    'network.mode',
  ])
})

describe('words that mean nothing', () => {
  const rows: readonly (readonly [words: readonly string[], code: number, text: string])[] = [
    [['--network', 'opne', '-p', 'x'], 125, 'choose one of them'],
    [['--memory', '512', '-p', 'x'], 125, 'add a unit: 512m or 512g'],
    [['--memory', '-1', '-p', 'x'], 125, 'write a number and a unit'],
    [['--memory=0%', '-p', 'x'], 125, 'write a number and a unit'],
    [['--cpus', 'many', '-p', 'x'], 125, 'write a number like 2 or 1.5'],
    [['--timeout', 'soon', '-p', 'x'], 125, 'write --timeout=10'],
    [['--network-allow', 'exa mple', '-p', 'x'], 125, 'exa mple'],
    [['--mount', '/no/such/path', '-p', 'x'], 125, '/no/such/path'],
    [['--session-name', 'No Name', '-p', 'x'], 125, 'lower-case letters'],
    [['--env', '1A=x', '-p', 'x'], 125, 'invalid variable name'],
    [['run'], 125, 'paude run -- make test'],
    [['stop', '--grase', '5'], 2, 'did you mean --grace?'],
    [['sessions', '--jsno'], 2, 'did you mean --json?'],
    [['sessions', 'all'], 2, 'one word too many'],
    [['network', 'lgo'], 2, 'paude network log'],
    [['completion', 'tcsh'], 2, 'bash, zsh or fish'],
    [['help', '--nonsense'], 2, 'unknown flag --nonsense'],
    [['help', 'stpo'], 2, 'did you mean paude help stop?'],
    [['--help', 'stpo'], 2, 'did you mean paude help stop?'],
    [['-h', 'mcp'], 2, "list the verbs: paude help all; the keys: paude help keys; the agent's help: paude -- --help"],
    [['logout2'], 125, 'did you mean paude logout?'],
    [['compose', 'up'], 125, 'paude --devcontainer uses one service of a compose file; run the others yourself'],
    [['help', 'network', 'wach'], 2, 'paude help network watch'],
    [['help', 'network', 'watch', 'x'], 2, 'paude help: one word too many: "x"'],
  ]
  // On one machine: none of them may leave a trace.
  const shared = makeMachine()
  const outcomes = new Map<readonly string[], Outcome>()
  beforeAll(async () => {
    for (const [words] of rows) outcomes.set(words, await shared.paude(words))
  })
  afterAll(() => shared.dispose())

  test.each([...rows])('%j exits with %d and says: %s', (words, code, text) => {
    const outcome = outcomes.get(words)
    expect([outcome?.code, outcome?.stdout]).toEqual([code, ''])
    expect(outcome?.stderr).toContain(text)
    expect(outcome?.stderr).toMatch(/^paude: [^\n]+\n( {2}→ [^\n]+\n)?$/)
  })

  test('none of them asked an engine or left a file', () => {
    expect({ calls: shared.calls(), kept: shared.kept() }).toEqual({
      calls: [],
      kept: '',
    })
  })
})

test.each([['network allow --help'], ['network allow example.org -h'], ['help network allow'], ['--help network allow']])(
  '%s tells of that word alone',
  async (line) => {
    const words = line.split(' ')
    const { code, stdout } = await machine.paude(words)
    expect(code).toBe(0)
    expect(stdout).toStartWith('Allow hosts in a running session')
    expect(stdout).not.toContain('--origin')
  },
)

test('a missing shell is answered with the line of your own', async () => {
  const { stderr } = await machine.paude(['completion'], { env: { SHELL: '/usr/bin/zsh' } })
  expect(stderr).toContain('→ source <(paude completion zsh)\n')
})

describe('what is nearly ours', () => {
  test.each([['netwrk list'], ['statsu'], ['stpo fix-login'], ['sesions --json'], ['confg']])('%j is no prompt', async (line) => {
    const words = line.split(' ')
    const { code, stdout, stderr } = await machine.paude(words)
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toMatch(/did you mean paude \w+/)
    expect(stderr).toContain(`paude -- ${words[0]}`)
    expect(machine.calls()).toEqual([])
  })

  test.each([
    [['--force', '--', 'netwrk']],
    [['mcp', 'list']],
    [['plugins']],
    [['netwrk is down']],
    [['hello']],
    [['hi', 'there']],
  ])('%j goes to Claude', async (words) => {
    const { code, stderr } = await machine.paude(words)
    expect(code).toBe(0)
    expect(stderr).not.toContain('did you mean')
  })

  test('a flag is warned of wherever it stands among the options, and Claude’s own are not', async () => {
    for (const words of [
      ['--memry', '4g', '-p', 'x'],
      ['-p', 'x', '--memry=4g'],
    ])
      expect((await machine.paude(words)).stderr).toContain("warning: --memry goes to Claude; did you mean paude's --memory?")
    const last = (await machine.paude(['--last'])).stderr
    expect([
      last.includes('--last goes to Claude; to read the last session of this directory: paude logs --last'),
      last.includes('--base'),
    ]).toEqual([true, false])
    for (const words of [
      ['--model', 'opus'],
      ['--verbose'],
      ['--name', 'x'],
      ['--settings', '{}'],
      ['--append-system-prompt', '--memry'],
    ])
      expect((await machine.paude(['-p', 'x', ...words])).stderr).not.toContain('did you mean')
    expect((await machine.paude(['--force', '--', '-p', '--memry'])).stderr).not.toContain('did you mean')
  })

  test.each<[readonly string[], string]>([
    [['--netwrok-allow=x', '--dry-run', '-p', 'hi'], '--dry-run comes after --netwrok-allow'],
    [['--netwrok-allow', 'a.example', '--dry-run', '-p', 'hi'], '--dry-run comes after --netwrok-allow'],
    [['--detatch', '--dry-run'], '--dry-run comes after --detatch'],
    [['--force', '--memry=1g', '-p', 'hi', '--backend=podman'], '--backend comes after --memry'],
    [['-p', 'hi', '--dry-run'], "--dry-run comes after the agent's first word, where paude does not read it"],
    [
      ['fix it', '--verbose', '--print-config'],
      "--print-config comes after the agent's first word, where paude does not read it",
    ],
  ])('%j starts nothing: a flag of ours would be lost', async (words, said) => {
    const { code, stdout, stderr } = await machine.paude(words)
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain(`paude: ${said}`)
    expect(stderr).toContain('paude -- ')
    expect(machine.calls()).toEqual([])
  })

  test.each<[readonly string[]]>([
    [['--', '--netwrok-allow=x', '--dry-run']],
    [['-p', '--append-system-prompt', '--dry-run', 'hi']],
    [['-p', 'hi', '--', '--dry-run']],
    [['-p', 'hi --dry-run']],
    [['-p', 'hi', '--dry-runs']],
    [['--memry=1g', '-p', 'hi', '--model', '--backend']],
    [['--memry=1g', '--bg', '-p', 'hi']],
    [['--memry=1g', '--a-newer-option', '--dry-run']],
    [['mcp', 'add', '--env', 'A=1', 'x', '--dry-run']],
    [['--verbose', 'mcp', 'add', '--dry-run']],
  ])('%j reaches the agent untouched: it may be its own', async (words) => {
    await machine.paude(['--detach', ...words])
    expect(machine.kept()).toContain('"network": "restricted"')
    const bare = words[0] === '--' ? words.slice(1) : words
    for (const word of bare) expect(seed('command.sh')).toContain(word)
  })

  test.each([
    ['PAUDE_NETWRK', 'PAUDE_NETWORK?'],
    ['PAUDE_LIMITS_MEMORY', 'PAUDE_MEMORY?'],
    ['PAUDE_QQQQQQQQ', 'PAUDE_QQQQQQQQ has no effect on paude\n'],
  ])('the variable %s is warned of', async (name, said) => {
    for (const words of [
      ['--dry-run', '-p', 'x'],
      ['run', '--dry-run', '--', 'true'],
      ['config', 'get', 'network.mode'],
    ])
      expect((await machine.paude(words, { env: { [name]: '1' } })).stderr).toContain(said)
    expect((await machine.paude(['version'], { env: { [name]: '1' } })).stderr).not.toContain(name)
  })

  test('the variables that paude reads are not', async () => {
    const env = { PAUDE_MEMORY: '1g', PAUDE_NETWORK_ALLOW: 'a.example', PAUDE_DETACH: '0', PAUDE_BACKENDS: '' }
    expect((await machine.paude(['--dry-run', '-p', 'x'], { env })).stderr).not.toContain('means nothing')
  })
})

test('exec without a session means the one of this directory', async () => {
  const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
  expect((await machine.paude(['exec', '--', 'make', 'test'])).code).toBe(0)
  const [call = []] = machine.calls().filter(([, verb, ...words]) => verb === 'exec' && words.includes('make'))
  expect(call).toContain(id)
  const bare = await machine.paude(['exec'])
  expect(bare.code).toBe(125)
  expect(bare.stderr).toContain('paude exec needs a command')
})

describe('config.toml', () => {
  const file = () => join(machine.home, '.config/paude/config.toml')

  test.each([
    ['bakend = "docker"\n', ['unknown key bakend', 'did you mean backend?']],
    ['[network]\nmode = "opne"\n', ['network.mode']],
    ['[limits]\nmemory = 4\n', ['limits.memory']],
    ['backend = "docker"\n[network\nmode = "open"\n', [':2', 'TOML']],
  ])('%j is fatal, with file and key', async (text, parts) => {
    machine.write(file(), text)
    const { code, stdout, stderr } = await machine.paude(['-p', 'x'])
    expect([code, stdout]).toEqual([125, ''])
    for (const part of [file(), ...parts]) expect(stderr).toContain(part)
    expect(engineCalls()).toEqual([])
  })

  test.each([
    ['# mine\n\nbackend = "docker"\nbakend = "docker"\n', 4],
    ['[limits]\ncpus = 2\n\nmemory = 4\n', 4],
  ])('the line is told: %j', async (text, line) => {
    machine.write(file(), text)
    expect((await machine.paude(['-p', 'x'])).stderr).toContain(`${file()}:${line}: `)
  })
})

describe('a machine that is not as it should be', () => {
  test('without an engine', async () => {
    const bare = makeMachine([])
    expect(await bare.paude(['-p', 'x'])).toMatchObject({
      code: 125,
      stdout: '',
      stderr: expect.stringContaining('neither docker nor podman is in PATH'),
    })
    expect((await bare.paude(['--backend', 'docker', '-p', 'x'])).stderr).toContain(
      'docker is not installed\n  → install docker\n',
    )
    expect((await bare.paude(['sessions'])).code).toBe(0)
    bare.dispose()
  })

  test('without the engine that is wanted, by the file or by a flag: the hint goes on with the one that is there', async () => {
    const lone = makeMachine(['podman'])
    const hint = 'docker is not installed\n  → install docker, or use another engine: paude --backend auto\n'
    expect((await lone.paude(['--backend', 'docker', '-p', 'x'])).stderr).toContain(hint)
    lone.write(join(lone.home, '.config/paude/config.toml'), 'backend = "docker"\n')
    expect((await lone.paude(['-p', 'x'])).stderr).toContain(hint)
    expect((await lone.paude(['--backend', 'auto', '--detach', '-p', 'x'])).code).toBe(0)
    lone.dispose()
  })

  test('with an engine that does not run', async () => {
    const lone = makeMachine(['docker'])
    const { code, stderr } = await lone.paude(['-p', 'x'], { env: { DOCKER_HOST: `unix://${lone.room}/nobody.sock` } })
    expect([code, lone.calls().filter(([program]) => program === 'docker')]).toEqual([125, []])
    expect(stderr).toContain('docker is installed, but its engine is not running')
    lone.dispose()
  })

  test('docker down, podman there: podman it is', async () => {
    await machine.paude(['-p', 'x'], { env: { DOCKER_HOST: `unix://${machine.room}/nobody.sock` } })
    expect([...new Set(engineCalls().map(([program]) => program))]).toEqual(['podman'])
  })

  if (!canBeHumble) console.log('skipped: a socket without permission and a read-only HOME, since root may do everything')

  test.skipIf(!canBeHumble)('a socket that is not ours', async () => {
    const lone = makeMachine(['docker'])
    chmodSync(join(lone.room, 'docker.sock'), 0o000)
    const { code, stderr } = await lone.paude(['-p', 'x'], { humble: true })
    expect([code, stderr]).toEqual([125, expect.stringContaining('no permission to use the socket of docker')])
    lone.dispose()
  })

  test.skipIf(!canBeHumble)('a read-only HOME', async () => {
    rmSync(join(machine.home, '.local'), { recursive: true })
    chmodSync(machine.home, 0o500)
    const { code, stdout, stderr } = await machine.paude(['-p', 'x'], { humble: true, env: CREDENTIAL })
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toMatch(/^paude: cannot write .*\n {2}→ .*XDG_STATE_HOME/)
    expect(verbs()).toEqual([])
  })

  test('a HOME that is a file', async () => {
    machine.write(join(machine.room, 'file'), '')
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { HOME: join(machine.room, 'file') } })
    expect([code, stderr.includes('cannot write')]).toEqual([125, true])
    expect(verbs()).toEqual([])
  })

  test('HOME may be unset where other folders are named, and is not guessed where it is empty', async () => {
    const state = join(machine.room, 'state')
    expect(
      (await machine.paude(['-p', 'x'], { env: { HOME: undefined, XDG_STATE_HOME: state, XDG_CACHE_HOME: state } })).code,
    ).toBe(0)
    const lost = await machine.paude(['-p', 'x'], { env: { HOME: '' } })
    expect([lost.code, lost.stdout]).toEqual([125, ''])
    expect(lost.stderr).toContain('HOME')
  })

  test('a directory that was deleted meanwhile', async () => {
    const gone = join(machine.home, 'gone')
    mkdirSync(gone)
    const child = Bun.spawn(['sh', '-c', 'cd "$1" && rmdir "$1" && shift && exec "$@"', 'sh', gone, ...program, '-p', 'x'], {
      env: machine.env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toMatch(/^paude: .*(deleted|gone|no longer|exist)/)
    rmSync(gone, { recursive: true, force: true })
  })

  test('a reader that is gone does not make a noise', async () => {
    for (const words of ['help', 'sessions', '--dry-run -p x', 'completion bash']) {
      const child = Bun.spawn(['sh', '-c', `${programLine} ${words} | head -c 0`], {
        env: machine.env,
        cwd: machine.project,
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
      expect({ words, stdout, stderr }).toEqual({ words, stdout: '', stderr: '' })
    }
    const closed = Bun.spawnSync(['sh', '-c', `${programLine} help >&-`], { env: machine.env, cwd: machine.project })
    expect(closed.stderr.toString()).toBe('')
  })
})

describe('colour', () => {
  test('is for terminals alone, and NO_COLOR switches it off there', async () => {
    const script = Bun.which('script')
    const { stdout, stderr } = await machine.paude(['sessions', '--nope'])
    expect(stdout + stderr).not.toContain('\u001b')
    if (script === null) return console.log('skipped: colour on a terminal, since script(1) is not installed')
    const onTerminal = (env: Record<string, string>) => {
      const line = `${programLine} help`
      return Bun.spawnSync([script, '-qec', line, '/dev/null'], {
        env: { ...machine.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
        cwd: machine.project,
        stdin: 'ignore',
      }).stdout.toString()
    }
    expect(onTerminal({})).toContain('\u001b[1mFlags')
    expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[1m')
    expect(onTerminal({ TERM: 'dumb' })).not.toContain('\u001b[1m')
  })
})

test('a client that answers what nobody can read is an error with the words to try, and not a fault of paude', async () => {
  mkdirSync(join(machine.room, 'bin'), { recursive: true })
  writeFileSync(join(machine.room, 'bin/kubectl'), '#!/bin/sh\n', { mode: 0o755 })
  mkdirSync(join(machine.home, '.kube'))
  writeFileSync(join(machine.home, '.kube/config'), 'current-context: work\n')
  const { code, stdout, stderr } = await machine.paude(['--backend', 'kubernetes', 'selftest'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('paude: paude cannot read the answer of kubectl\n  → see what it prints: kubectl ')
})
