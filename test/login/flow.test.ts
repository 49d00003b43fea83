import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import { loginAddress } from '../../src/login/page.ts'
import recorded from '../fixtures/claude/setup-token.json'
import { OUTSIDE } from '../support/inside-without.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { program } from '../support/program.ts'

setDefaultTimeout(60_000) // ms: several programs a test

// The real program. Its engine's box prints what Claude's was recorded to print, and takes what is typed.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const login = claude.tokenLogin
if (login === null) throw new Error('Claude has a login')
const file = () => join(machine.home, '.local/state/paude/logins/claude.json')
const fake = (name: string) => join(machine.room, 'fake', name)
const TOKEN = /sk-ant-oat01-[\w-]+/.exec(recorded.taken)?.[0] ?? ''

/** Each of `answers` is printed after one Enter; the first at once. The code in front of Enter is masked, as Claude does. */
function boxSays(answers: readonly string[]): void {
  const script = fake('box.ts')
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs'
const answers = ${JSON.stringify(answers)}
process.stdout.write(answers.shift())
process.stdin.on('data', (bytes) => {
  appendFileSync(${JSON.stringify(fake('typed'))}, bytes)
  process.stdout.write(bytes.includes(13) ? answers.shift() ?? '' : '*'.repeat(bytes.length))
  if (answers.length === 0 && bytes.includes(13)) setTimeout(() => process.exit(0), 50)
})
`,
  )
  const engine = Bun.which('docker', { PATH: machine.env['PATH'] ?? '' }) ?? ''
  machine.program(
    'docker',
    `#!/bin/sh\ncase "$*" in start*--attach*) printf '%s\\n' "$*" >"$FAKE/attached"; exec ${process.execPath} ${script} ;; *) exec ${engine} "$@" ;; esac\n`,
  )
}

const masked = (text: string) => text.indexOf('*', text.indexOf('Paste'))
const PAGE = recorded.taken.slice(0, masked(recorded.taken))
const TAKEN = recorded.taken.slice(masked(recorded.taken))
const REFUSED = recorded.refused.slice(masked(recorded.refused))
const address = loginAddress(Bun.stripANSI(PAGE), login) ?? ''

/** Types each answer once its question is to be seen. */
async function typed(words: readonly string[], answers: readonly (readonly [question: string, answer: string])[], env = {}) {
  let screen = ''
  let from = 0
  const left = [...answers]
  const child = Bun.spawn([...program, ...words], {
    env: { ...machine.env, ...OUTSIDE, TERM: 'xterm', ...env },
    cwd: machine.project,
    terminal: {
      data(terminal, bytes) {
        screen += new TextDecoder().decode(bytes)
        const [question, answer] = left[0] ?? []
        if (question === undefined || !screen.slice(from).includes(question)) return
        left.shift()
        from = screen.length
        terminal.write(answer ?? '')
      },
    },
  })
  return { code: await child.exited, screen }
}

const ASK = 'paste the code'

test('the address is one unbroken link, the code is typed into the sandbox, and the token is kept', async () => {
  boxSays([PAGE, TAKEN])
  const { code, screen } = await typed(['login'], [[ASK, 'the-code#state\r']])
  expect(screen).toContain(`log in:\r\n\u001b]8;;${address}\u001b\\${address}\u001b]8;;\u001b\\\r\n`)
  expect(screen).toContain('logged in to Claude for all projects: subscription token')
  expect(readFileSync(fake('typed'), 'utf8')).toBe('the-code#state\r')
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ key: 'oauthToken', value: TOKEN })
  expect([code, screen.includes(TOKEN), screen.includes('the-code#state')]).toEqual([0, false, false])
})

test('its sandbox may reach the login host alone, has nothing of the project, and the engine keeps no log of it', async () => {
  boxSays([PAGE, TAKEN])
  machine.write(
    join(machine.home, '.config/paude/config.toml'),
    'mounts = ["~/data:/data"]\n[network]\nallow = ["evil.example.org"]\n[env]\nMINE = "x"\n',
  )
  mkdirSync(join(machine.home, 'data'))
  await typed(['login'], [[ASK, 'the-code#state\r']])
  const words = machine.calls().find(([, verb, ...rest]) => verb === 'create' && rest.includes('--tty')) ?? []
  expect(words).toContain('--log-driver=none')
  const text = words.join('\n')
  for (const gone of [machine.project, '/data', 'MINE', 'paude-home-']) expect(text).not.toContain(gone)
  expect(text).toContain('--network=none')
})

test('a code that is not taken is told with the reason, and asked for again at the new address', async () => {
  boxSays([PAGE, REFUSED, PAGE, TAKEN])
  const { code, screen } = await typed(
    ['login'],
    [
      [ASK, 'wrong#code\r'],
      [ASK, 'the-code#state\r'],
    ],
  )
  expect([code, screen]).toEqual([0, expect.stringContaining("That code wasn't accepted.")])
  expect(readFileSync(fake('typed'), 'utf8')).toBe('wrong#code\r\rthe-code#state\r')
})

test('what can be no code is not typed into the sandbox', async () => {
  boxSays([PAGE, TAKEN])
  const { code } = await typed(
    ['login'],
    [
      [ASK, 'no-hash\r'],
      [ASK, 'the-code#state\r'],
    ],
  )
  expect([code, readFileSync(fake('typed'), 'utf8')]).toEqual([0, 'the-code#state\r'])
})

test('an address that is none of the login page is neither shown nor opened, and nothing is kept', async () => {
  machine.program('xdg-open', '#!/bin/sh\nprintf %s "$*" >"$FAKE/opened"\n')
  boxSays(['\r\nhttps://evil.example/oauth/authorize?redirect_uri=https://platform.claude.com/x\r\n\u001b]0;x\u0007bye\r\n'])
  machine.write(fake('box.ts'), `${readFileSync(fake('box.ts'), 'utf8')}\nsetTimeout(() => process.exit(3), 100)\n`)
  const { code, screen } = await typed(['login'], [], { DISPLAY: ':9' })
  expect([code, screen.includes('evil.example'), existsSync(fake('opened')), existsSync(file())]).toEqual([
    1,
    false,
    false,
    false,
  ])
  expect(screen).toContain('ended without a token (exit code 3)')
})

test('the address is opened on a desktop', async () => {
  machine.program('xdg-open', '#!/bin/sh\nprintf %s "$*" >"$FAKE/opened"\n')
  boxSays([PAGE, TAKEN])
  const { screen } = await typed(['login'], [[ASK, 'the-code#state\r']], { DISPLAY: ':9' })
  expect(screen).toContain('your browser opens this address')
  expect(readFileSync(fake('opened'), 'utf8')).toBe(address)
})

test('Ctrl-C ends with 130 and keeps nothing', async () => {
  boxSays([PAGE, TAKEN])
  const { code } = await typed(['login'], [[ASK, '\u0003']])
  expect([code, existsSync(file())]).toEqual([130, false])
})

test('a yes at a start logs in, and the start goes on with the token', async () => {
  boxSays([PAGE, TAKEN])
  const { code, screen } = await typed(
    ['--image=registry.example.org/no-claude:1', '--detach'],
    [
      ['log in now?', '\r'],
      [ASK, 'the-code#state\r'],
    ],
  )
  expect([code, screen]).toEqual([0, expect.stringMatching(/paude-[a-z0-9]{6}\r\n/)])
  // The image that was typed is for the session: the agent's login may not run in it.
  const [box = '', session = ''] = machine
    .calls()
    .flatMap(([, verb, ...rest]) =>
      verb === 'create' ? rest.filter((word) => /^localhost\/paude\/claude[-a-z]*:/.test(word)) : [],
    )
  expect([box, session].map((name) => name.split(':')[0])).toEqual(['localhost/paude/claude', 'localhost/paude/claude-custom'])
  expect(readFileSync(fake('credential'), 'utf8')).toBe(TOKEN)
  expect(machine.calls().flat().join('\n')).toContain('CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-paude-placeholder')
})

test('a gateway has no page to log in at', async () => {
  const { code, screen } = await typed(['login'], [], { ANTHROPIC_BASE_URL: 'https://gateway.example.org' })
  expect([code, screen]).toEqual([1, expect.stringContaining('paude login claude --api-key')])
  expect(machine.calls()).toEqual([])
})
