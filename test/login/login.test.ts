import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { keychains } from '../../src/login/keychain.ts'
import { secret } from '../../src/secret.ts'
import { OUTSIDE } from '../support/inside-without.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

setDefaultTimeout(60_000) // ms: several programs a test

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const KEY = 'sk-ant-api03-the-key-that-paude-login-keeps'
const paude = (
  words: readonly string[],
  { env = {}, stdin }: { env?: Record<string, string | undefined>; stdin?: string } = {},
) => machine.paude(words, { env: { ...OUTSIDE, ...env }, ...(stdin === undefined ? {} : { stdin }) })
const logIn = (key = KEY, env: Record<string, string> = {}) => paude(['login', '--api-key'], { stdin: `${key}\n`, env })
const file = () => join(machine.home, '.local/state/paude/logins/claude.json')
/** What the proxy was given on its stdin. */
const handed = () => {
  const path = join(machine.room, 'fake/credential')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
const journalled = (name: string) => readFileSync(join(machine.room, 'fake', name), 'utf8')

describe('a key that paude login keeps', () => {
  test('lies in a file that only you can read, and goes to the proxy and nowhere else', async () => {
    expect(await logIn()).toMatchObject({ code: 0, stdout: '' })
    expect([statSync(file()).mode & 0o777, statSync(join(file(), '..')).mode & 0o777]).toEqual([0o600, 0o700])
    expect(readdirSync(join(file(), '..'))).toEqual(['claude.json'])
    const outcomes = [
      await paude(['--detach', '-p', 'x']),
      await paude(['--dry-run', '-p', 'x']),
      await paude(['--print-config', '-p', 'x']),
      await paude(['config', 'show', '--origin']),
      await paude(['login', '--status', '--json']),
      await paude(['doctor']),
      await paude(['status']),
    ]
    expect(handed()).toBe(KEY)
    const seen = [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...machine.calls().flat(), machine.kept()]
    expect(seen.join('\n')).not.toContain(KEY)
    expect(machine.calls().flat()).toContain(
      '--env=ANTHROPIC_API_KEY=sk-ant-api03-paude-placeholder-the-real-key-stays-outside-the-box',
    )
    expect(outcomes[0]).toMatchObject({ code: 0, stderr: '' })
  })

  test('is in the environment of no program', async () => {
    await logIn()
    machine.keepEnvironments()
    await paude(['--detach', '-p', 'x'])
    expect(journalled('environments')).not.toContain(KEY)
  })

  test('serves a stopped session that starts again, as it is then', async () => {
    await logIn()
    const id = (await paude(['--detach'])).stdout.trim()
    machine.ended('killed')
    await logIn(`${KEY}-anew`)
    expect(await paude(['start', id])).toMatchObject({ code: 0 })
    expect(handed()).toBe(`${KEY}-anew`)
    machine.ended('killed')
    await paude(['logout'])
    expect((await paude(['start', id])).stderr).toContain('ANTHROPIC_API_KEY, which is not set')
  })

  test('gives way to the environment and to the configuration, and says so', async () => {
    expect((await logIn(KEY, { ANTHROPIC_AUTH_TOKEN: 'token-of-the-caller' })).stderr).toContain(
      'ANTHROPIC_AUTH_TOKEN is set and takes precedence',
    )
    await paude(['-p', 'x'], { env: { ANTHROPIC_AUTH_TOKEN: 'token-of-the-caller' } })
    expect(handed()).toBe('token-of-the-caller')
    const own = join(machine.home, 'key')
    machine.write(own, 'key-of-the-file\n')
    chmodSync(own, 0o600)
    machine.write(join(machine.home, '.config/paude/config.toml'), 'provider.api_key = "file:~/key"\n')
    await paude(['-p', 'x'])
    expect(handed()).toBe('key-of-the-file')
    const { stdout } = await paude(['login', '--status'])
    expect(stdout).toStartWith(
      'claude: provider.api_key = file:~/key of your configuration\n  not used here: API key from paude login',
    )
  })

  test('goes to the address that it was given for, and to no other one', async () => {
    await logIn()
    const elsewhere = { ANTHROPIC_BASE_URL: 'https://gateway.example.org/x' }
    const { code, stderr } = await paude(['-p', 'x'], { env: elsewhere })
    expect([code, handed(), stderr]).toEqual([
      0,
      '',
      expect.stringContaining(
        'no credential for gateway.example.org (the login that paude keeps is for api.anthropic.com): paude login claude --api-key',
      ),
    ])
    await logIn(KEY, elsewhere)
    await paude(['-p', 'x'], { env: elsewhere })
    expect(handed()).toBe(KEY)
    expect((await paude(['-p', 'x'])).code).toBe(125)
  })

  test('is gone after paude logout', async () => {
    await logIn()
    expect(await paude(['logout'])).toMatchObject({ code: 0, stdout: '' })
    expect(existsSync(file())).toBe(false)
    expect((await paude(['-p', 'x'])).code).toBe(125)
    expect((await paude(['logout'])).stderr).toContain('paude has no login for Claude')
  })

  const inPlace = (make: () => void) => {
    rmSync(file())
    make()
  }
  const spoilt: readonly (readonly [what: string, spoil: () => void, said: string])[] = [
    ['others can read', () => chmodSync(file(), 0o644), 'is readable by other users'],
    ['is damaged', () => writeFileSync(file(), '{"v":1'), 'is damaged'],
    ['is a link', () => inPlace(() => symlinkSync('/etc/hostname', file())), 'cannot be read (ELOOP)'],
    ['is a folder', () => inPlace(() => mkdirSync(file())), 'is not a login that paude wrote'],
  ]
  test.each(spoilt)('ends the start with its file when it %s', async (_, spoil, said) => {
    await logIn()
    spoil()
    const { code, stderr } = await paude(['-p', 'x'])
    expect([code, stderr]).toEqual([125, expect.stringContaining(said)])
    expect(stderr).toContain(file())
    expect(machine.calls()).toEqual([])
    expect((await paude(['doctor'])).stdout).toContain(said)
  })

  test('is said to be kept and not tried, with a word on a shape that no key has', async () => {
    const { stderr } = await logIn()
    expect(stderr).toContain('kept for Claude (not tried yet) for all projects: API key')
    expect(stderr).not.toContain('begin with')
    expect((await logIn('not-a-key')).stderr).toContain('keys of Anthropic begin with sk-ant-')
    const gateway = { ANTHROPIC_BASE_URL: 'https://gateway.example.org' }
    expect((await logIn('not-a-key', gateway)).stderr).not.toContain('begin with')
  })

  test('is refused when it can be none, and what was kept stays', async () => {
    await logIn()
    for (const bad of ['', 'short', 'two words of text', 'with"quotes"inside', 'ümläut-ümläut'])
      expect(await logIn(bad)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('this is not a credential: it is empty, too short or has invalid characters'),
      })
    expect(readFileSync(file(), 'utf8')).toContain(KEY)
  })
})

describe('paude login --status', () => {
  const status = async (env = {}) => JSON.parse((await paude(['login', '--status', '--json'], { env })).stdout)

  test('tells the source, where it is kept and since when, and ends with 1 where there is none', async () => {
    expect(await paude(['login', '--status'])).toMatchObject({ code: 1, stdout: 'claude: none: paude login\n' })
    await logIn()
    expect(await status()).toEqual({
      agent: 'claude',
      source: 'login',
      name: 'API key from paude login, in a file, just now',
      fault: '',
      kept: { key: 'apiKey', address: 'https://api.anthropic.com', keeper: 'file', since: expect.stringMatching(/^2\d+-/) },
    })
    expect(await status({ ANTHROPIC_API_KEY: 'sk-ant-api03-x' })).toMatchObject({
      source: 'environment',
      name: 'ANTHROPIC_API_KEY',
    })
    expect(await status({ PAUDE_LOGIN_INSIDE: '1' })).toMatchObject({ source: 'inside' })
  })

  test('tells how old a login is', async () => {
    await logIn()
    const kept = JSON.parse(readFileSync(file(), 'utf8'))
    writeFileSync(file(), JSON.stringify({ ...kept, since: new Date(Date.now() - 31.5 * 86_400_000).toISOString() }))
    expect((await paude(['login', '--status'])).stdout).toBe('claude: API key from paude login, in a file, 31 days old\n')
    expect((await paude(['status'])).stdout).toContain('API key from paude login, in a file, 31 days old')
  })

  test.each([
    [['login', '--status', '--api-key'], 'cannot be combined'],
    [['login', '--json'], '--json only with --status'],
    [['login', 'nobody'], 'agent is "nobody"'],
    [['login'], 'paude login needs a terminal'],
  ])('%j is refused', async (words, said) => {
    expect(await paude(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
  })
})

describe.each([
  {
    agent: 'codex',
    title: 'Codex',
    variable: 'OPENAI_API_KEY',
    key: 'sk-proj-the-key-that-paude-login-keeps',
    asks: ['exec', 'x'],
  },
  { agent: 'gemini', title: 'Gemini', variable: 'GEMINI_API_KEY', key: 'AIza-the-key-that-paude-login-keeps', asks: ['-p', 'x'] },
])('a key that paude login keeps for $title', ({ agent, title, variable, key, asks }) => {
  const env = { PAUDE_AGENT: agent }

  test('is its own: it goes to its provider, outside of the sandbox, and Claude has none of it', async () => {
    expect(await paude(['login', agent, '--api-key'], { stdin: `${key}\n` })).toMatchObject({ code: 0, stdout: '' })
    expect(readdirSync(join(file(), '..'))).toEqual([`${agent}.json`])
    expect((await paude(['login', agent, '--status'])).stdout).toStartWith(`${agent}: API key from paude login`)
    expect((await paude(['login', '--status'])).code).toBe(1)
    const id = (await paude(['--detach', '--agent', agent])).stdout.trim()
    expect(handed()).toBe(key)
    expect(machine.calls().flat().join('\n')).not.toContain(key)
    machine.ended('killed')
    expect(await paude(['start', id])).toMatchObject({ code: 0 })
    expect((await paude(['logout', agent])).code).toBe(0)
    expect((await paude(['--', ...asks], { env })).code).toBe(125)
  })

  test('is the only login that it has: the others are refused with the way to it', async () => {
    const way = `paude login ${agent} --api-key`
    const start = await paude(['--', ...asks], { env })
    expect([start.code, start.stderr]).toEqual([
      125,
      expect.stringContaining(`no credential for ${title}\n  → ${way}, or export ${variable}=…`),
    ])
    expect(start.stderr).not.toContain('--login-inside')
    const inside = await paude(['--login-inside', '--agent', agent], { env: { [variable]: KEY } })
    expect([inside.code, inside.stderr]).toEqual([125, expect.stringContaining(`${title} cannot log in inside the sandbox`)])
    expect((await paude(['login', agent])).stderr).toContain(way)
    expect(machine.calls()).toEqual([])
  })
})

describe('a start without any credential', () => {
  test('is refused before an engine is asked, with both ways to give one', async () => {
    const { code, stdout, stderr } = await paude(['-p', 'hi'])
    expect([code, stdout, machine.calls()]).toEqual([125, '', []])
    expect(stderr).toMatch(/^paude: no credential for Claude\n {2}→ paude login, or export ANTHROPIC_API_KEY=…/)
    expect(stderr).toContain('--login-inside')
  })

  test('is shown with the reason why it would be refused, in the script and beside it', async () => {
    for (const flag of ['--dry-run', '--dry-run=full']) {
      const { code, stdout, stderr } = await paude([flag, '-p', 'hi'])
      const why = 'this start would be refused: no credential for Claude; paude login, or export ANTHROPIC_API_KEY=…'
      expect([code, stderr]).toEqual([0, expect.stringContaining(`paude: ${why}`)])
      expect(stdout).toStartWith(`#!/bin/sh\n# ${why}`)
    }
    for (const words of [
      ['--login-inside', '--dry-run', '-p', 'hi'],
      ['--dry-run', 'run', 'true'],
      ['--dry-run', 'mcp', 'list'],
    ])
      expect(await paude(words)).toMatchObject({ code: 0, stderr: '', stdout: expect.not.stringContaining('would be refused') })
  })

  test('is refused where the configuration names a variable that is not set, with its name', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), 'provider.api_key = "env:MY_KEY"\n')
    await logIn()
    const { code, stderr } = await paude(['-p', 'hi'])
    expect([code, stderr]).toEqual([
      125,
      expect.stringContaining('provider.api_key: MY_KEY is not set\n  → paude login, or export MY_KEY=…'),
    ])
  })

  const free: readonly (readonly [what: string, words: readonly string[], env: Record<string, string>])[] = [
    ['an address of your own, which may need none', ['-p', 'hi'], { ANTHROPIC_BASE_URL: 'https://gateway.example.org' }],
    ['another provider', ['--env=CLAUDE_CODE_USE_BEDROCK=1', '-p', 'hi'], {}],
    ['a verb that asks no model', ['mcp', 'list'], {}],
    ['no network', ['--network=none', '-p', 'hi'], {}],
    ['a command', ['run', 'true'], {}],
    ['settings of the agent that bring one', ['--settings', '{"apiKeyHelper": "cat key"}', '-p', 'hi'], {}],
    ['a file of such settings', ['--settings', 'own.json', '-p', 'hi'], {}],
  ]
  test.each(free)('goes on with %s', async (_, words, env) => {
    machine.write(join(machine.project, 'own.json'), '{ "apiKeyHelper" : "cat key" }')
    expect((await paude(words, { env })).code).toBe(0)
  })

  test("goes on with the project's own settings that bring one", async () => {
    machine.write(join(machine.project, '.claude/settings.json'), '{ "apiKeyHelper" : "cat key" }')
    expect(await paude(['-p', 'hi'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('goes on with a login inside the sandbox, which is remembered for this project alone', async () => {
    const first = await paude(['--detach', '--login-inside'])
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringContaining('for this project only, and the agent can read the token'),
    ])
    expect((await paude(['-p', 'hi'])).code).toBe(0)
    expect((await paude(['login', '--status'])).stdout).toBe('claude: login inside the sandbox, for this project only\n')
    const other = join(machine.home, 'other')
    mkdirSync(other)
    expect((await machine.paude(['-p', 'hi'], { env: OUTSIDE, cwd: other })).code).toBe(125)
  })

  test('a login inside the sandbox takes no credential of yours', async () => {
    await paude(['--login-inside', '-p', 'x'], { env: { ANTHROPIC_API_KEY: KEY } })
    expect(handed()).toBe('')
    expect(machine.calls().flat().join('\n')).not.toContain('placeholder')
  })
})

describe('on a terminal', () => {
  /** Types each answer once its question is to be seen. */
  async function typed(words: readonly string[], answers: readonly (readonly [question: string, answer: string])[]) {
    const { program } = await import('../support/program.ts')
    let screen = ''
    const left = [...answers]
    const child = Bun.spawn([...program, ...words], {
      env: { ...machine.env, ...OUTSIDE, TERM: 'xterm' },
      cwd: machine.project,
      terminal: {
        data(terminal, bytes) {
          screen += new TextDecoder().decode(bytes)
          const [question, answer] = left[0] ?? []
          if (question === undefined || !screen.includes(question)) return
          left.shift()
          terminal.write(answer ?? '')
        },
      },
    })
    return { code: await child.exited, screen: Bun.stripANSI(screen) }
  }

  test('a start without a credential asks once whether to log in, and starts nothing after a no', async () => {
    const { code, screen } = await typed(['-p', 'x'], [['log in now?', 'n\r']])
    expect([code, machine.calls()]).toEqual([125, []])
    expect(screen).toContain(
      'no credential for Claude: log in now? [Y/n], or b for a login inside the sandbox (this project only',
    )
    expect(screen.match(/log in now/g)).toHaveLength(1)
  })

  test('the end of the input is no yes to a login', async () => {
    const { code, screen } = await typed(['-p', 'x'], [['log in now?', '\u0004']])
    expect([code, machine.calls()]).toEqual([125, []])
    expect(screen).toContain('paude login, or export')
  })

  test('b starts with a login inside the sandbox', async () => {
    const { code, screen } = await typed(['--detach'], [['log in now?', 'b\r']])
    expect([code, screen]).toEqual([0, expect.stringContaining('type /login')])
  })

  test('a key is typed unseen', async () => {
    const { code, screen } = await typed(['login', '--api-key'], [['hidden', `wrong\u0015${KEY}x\u007f\r`]])
    expect([code, screen.includes('wrong'), screen.includes(KEY.slice(5))]).toEqual([0, false, false])
    expect(JSON.parse(readFileSync(file(), 'utf8')).value).toBe(KEY)
  })

  test('Ctrl-C at the key ends with 130 and keeps nothing', async () => {
    const { code } = await typed(['login', '--api-key'], [['hidden', 'abc\u0003']])
    expect([code, existsSync(file())]).toEqual([130, false])
  })
})

/** FAKE of secret-tool (libsecret 0.20), strict: other words than those paude needs end it with 99. The real one was tried by hand. */
const SECRET_TOOL = `#!/bin/sh
store="$FAKE/keyring"
printf '%s\\n' "$*" >>"$FAKE/secret-tool"
case "$*" in
  'store --label=paude: claude service paude account claude') [ ! -e "$FAKE/locked" ] || { echo 'secret-tool: Cannot create an item in a locked collection' >&2; exit 1; }; cat >"$store" ;;
  'lookup service paude account claude') [ -e "$store" ] || exit 1; cat "$store" ;;
  'clear service paude account claude') [ -e "$store" ] || exit 1; rm "$store" ;;
  *) exit 99 ;;
esac
`
const BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }

describe('a keychain', () => {
  test('of Secret Service has the value, and the file all but that', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    expect((await logIn(KEY, BUS)).stderr).toContain('in the keychain (secret-tool)')
    expect(readFileSync(file(), 'utf8')).not.toContain(KEY)
    await paude(['-p', 'x'], { env: BUS })
    expect(handed()).toBe(KEY)
    expect(journalled('secret-tool')).not.toContain(KEY)
    await paude(['logout'], { env: BUS })
    expect([existsSync(file()), existsSync(join(machine.room, 'fake/keyring'))]).toEqual([false, false])
  })

  test('is not asked by what only looks, nor where the environment has a credential', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    await logIn(KEY, BUS)
    const before = journalled('secret-tool')
    for (const words of [
      ['doctor'],
      ['status'],
      ['login', '--status'],
      ['--dry-run', '-p', 'x'],
      ['config', 'check'],
      ['run', 'true'],
    ])
      await paude(words, { env: BUS })
    await paude(['-p', 'x'], { env: { ...BUS, ANTHROPIC_API_KEY: 'sk-ant-api03-another' } })
    expect(journalled('secret-tool')).toBe(before)
  })

  test('that takes nothing is told, and the file takes its place', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    machine.write(join(machine.room, 'fake/locked'), '')
    expect((await logIn(KEY, BUS)).stderr).toContain('Cannot create an item in a locked collection: the login is in ')
    await paude(['-p', 'x'], { env: BUS })
    expect(handed()).toBe(KEY)
  })

  test('that lost the value ends the start with what to do', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    await logIn(KEY, BUS)
    rmSync(join(machine.room, 'fake/keyring'))
    const { code, stderr } = await paude(['-p', 'x'], { env: BUS })
    expect([code, stderr]).toEqual([125, expect.stringContaining('paude login')])
    expect(machine.calls().filter(([, verb]) => verb === 'create')).toEqual([])
  })

  // FAKE of macOS security(1), strict, from its documentation: nobody here has the real one.
  const SECURITY = `#!/bin/sh
store="$FAKE/keychain"
printf '%s\\n' "$*" >>"$FAKE/security"
case "$*" in
  -i) read -r line; set -- $line
    [ "$1 $2 $3 $4 $5 $6 $7" = 'add-generic-password -U -a "claude" -s "paude" -l' ] || exit 0
    for word; do last=$word; done
    printf %s "$last" >"$store" ;;
  'find-generic-password -a claude -s paude -w') [ -e "$store" ] || exit 44; [ -e "$FAKE/other" ] && { echo other; exit 0; }; cat "$FAKE/plain" ;;
  'delete-generic-password -a claude -s paude') [ -e "$store" ] || exit 44; rm "$store" ;;
  *) exit 99 ;;
esac
`
  test('of macOS gets the value on stdin alone, and is believed when it gives it back', async () => {
    const folder = join(machine.room, 'fake')
    machine.program('security', SECURITY)
    const { PATH, FAKE } = Bun.env
    // The test machine's own tools lie in this project, whose programs paude leaves out.
    Object.assign(Bun.env, { PATH: `${join(machine.room, 'bin')}:/usr/bin:/bin`, FAKE: folder })
    try {
      writeFileSync(join(folder, 'plain'), `${KEY}\n`)
      await keychains.security.store('claude', secret(KEY))
      expect(readFileSync(join(folder, 'keychain'), 'utf8')).toBe(`"${Buffer.from(KEY).toString('hex')}"`)
      expect(await keychains.security.find('claude')).toBe(KEY)
      expect(journalled('security')).not.toContain(Buffer.from(KEY).toString('hex'))
      writeFileSync(join(folder, 'other'), '')
      expect(keychains.security.store('claude', secret(KEY))).rejects.toThrow('it returned nothing')
      rmSync(join(folder, 'other'))
      await keychains.security.remove('claude')
      await keychains.security.remove('claude')
      expect(await keychains.security.find('claude')).toBe('')
    } finally {
      Object.assign(Bun.env, { PATH, FAKE: FAKE ?? '' })
    }
  })
})
