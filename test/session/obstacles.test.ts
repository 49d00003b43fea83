import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Machine, makeMachine } from '../support/machine.ts'

setDefaultTimeout(60_000) // ms: several programs a test

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-a-key-of-the-caller' }
const warnings = async (words: readonly string[], env: Record<string, string> = {}) =>
  (await machine.paude(words, { env })).stderr.split('\n').filter((line) => line.startsWith('paude: warning: '))

describe('a start without a credential', () => {
  test('says what a login inside the sandbox is, and where it can be made', async () => {
    expect(await warnings(['--detach'])).toEqual([
      'paude: warning: login inside the sandbox: type /login, unless you did so in this project before; it is for this project only, and the agent can read the token',
    ])
    expect(await warnings(['-p', 'hi'])).toEqual([
      'paude: warning: login inside the sandbox: without a terminal you need an earlier /login in this project',
    ])
  })

  test('does not send you to a login where the models are somewhere else', async () => {
    const env = { ANTHROPIC_BASE_URL: 'https://gateway.example', PAUDE_LOGIN_INSIDE: '0' }
    expect(await warnings(['-p', 'hi'], env)).toEqual([
      'paude: warning: no credential for gateway.example: paude login claude --api-key, or export ANTHROPIC_API_KEY=…, or paude config set provider.api_key file:PATH',
    ])
  })

  test('gives a command that does what it says', async () => {
    expect((await machine.paude(['config', 'set', 'provider.api_key', 'file:~/key'])).code).toBe(0)
    const { stdout } = await machine.paude(['config', 'get', 'provider.api_key'])
    expect(stdout).toBe('file:~/key\n')
  })

  const quiet: readonly (readonly [what: string, words: readonly string[], env: Record<string, string>])[] = [
    ['there is one', ['-p', 'hi'], KEY],
    ['the models are elsewhere', ['--env=CLAUDE_CODE_USE_BEDROCK=1', '-p', 'hi'], {}],
    ['no model is asked', ['mcp', 'list'], {}],
    ['only help is wanted', ['-p', '--help'], {}],
    ['a command runs', ['run', 'true'], {}],
  ]
  test.each(quiet)('says nothing where %s', async (_, words, env) => {
    const { code, stderr } = await machine.paude(words, { env })
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('a provider that the configuration blocks', () => {
  test('is told before the start, with who denied it', async () => {
    const [line = '', ...rest] = await warnings(['--network-deny=*.anthropic.com', '-p', 'hi'], KEY)
    expect(line).toBe(
      "paude: warning: api.anthropic.com:443 (Claude's model provider) is blocked (denied: *.anthropic.com, requested by --network-deny): remove that entry",
    )
    expect(rest).toEqual([])
  })

  test('is told at a base URL of the sandbox too', async () => {
    const words = ['--inject=base-url', '--network-deny=api.anthropic.com', '-p', 'hi']
    expect((await warnings(words, KEY)).join()).toContain('api.anthropic.com:443')
    expect(await warnings(['--inject=base-url', '-p', 'hi'], KEY)).toEqual([])
  })

  test('is told when it is only the login that is blocked', async () => {
    const [blocked = '', missing = ''] = await warnings(['--network-deny=platform.claude.com', '--detach'])
    expect(blocked).toContain('platform.claude.com:443 (login inside the sandbox) is blocked (denied: platform.claude.com')
    expect(missing).not.toContain('/login')
  })

  test('is told of once where there is no network at all', async () => {
    expect(await warnings(['--network=none', '-p', 'hi'])).toEqual([
      'paude: warning: without a network Claude cannot reach its model',
    ])
    expect(await warnings(['--network=none', 'mcp', 'list'])).toEqual([])
  })

  test('is not told where every host may be reached', async () => {
    const lines = await warnings(['--network=open', '-p', 'hi'], KEY)
    expect(lines.filter((line) => line.includes('blocked'))).toEqual([])
  })
})
