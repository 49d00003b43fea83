import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codex } from '../../src/agents/codex/codex.ts'
import { credentialsOf } from '../../src/credentials/credential.ts'
import { serviceProvider } from '../../src/credentials/services.ts'
import { isInjectedPath, methodsOf } from '../../src/network/inject.ts'
import { until } from '../hold/holding.ts'
import { OUTSIDE } from '../support/inside-without.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { oauthServer, type Rotating } from '../support/oauth-server.ts'

setDefaultTimeout(60_000) // ms: several programs a test

const DAY = 86_400 // seconds
const CHATGPT = { name: 'chatgpt', region: '', resource: '' } as const

describe('the token of a ChatGPT account', () => {
  const env = { CHATGPT_ACCESS_TOKEN: 'token', CHATGPT_ACCOUNT_ID: 'account-of-a-test' }
  const all = credentialsOf([serviceProvider(CHATGPT)], { env }).map((one) => ({ ...one.injection, way: 'bump' as const }))

  test('goes to one host beside the account, each in its own header', () =>
    expect(all.map(({ host, port, header, lead }) => [host, port, header, lead])).toEqual([
      ['chatgpt.com', 443, 'Authorization', 'Bearer'],
      ['chatgpt.com', 443, 'ChatGPT-Account-Id', ''],
    ]))

  test.each([
    [true, '/backend-api/codex/responses'],
    [true, '/backend-api/codex/responses/compact'],
    [false, '/backend-api/codex/responses/../../conversations'],
    [false, '/backend-api/codex/responses/x'],
    [false, '/backend-api/codex/tasks'],
    [false, '/backend-api/conversations'],
    [false, '/backend-api/wham/settings/user'],
    [false, '/backend-api/accounts/check'],
    [false, '/oauth/token'],
    [false, '/'],
  ])('%p: %s', (goes, path) => expect(all.map((one) => isInjectedPath(one, path))).toEqual([goes, goes]))

  test('is added to POST and GET alone, and where Codex keeps it is told by CODEX_HOME', () => {
    expect(new Set(all.flatMap(methodsOf))).toEqual(new Set(['GET', 'POST']))
    const file = codex.services?.own?.file
    expect(file?.({ env: { CODEX_HOME: '/c' }, home: '/h' })).toBe('/c/auth.json')
    expect(file?.({ env: { CODEX_HOME: 'c' }, home: '/h' })).toBe('/h/.codex/auth.json')
  })
})

// The real program, with engines that answer what real ones were recorded to say.
describe('the ChatGPT login that Codex keeps on this machine', () => {
  let machine: Machine
  let server: Rotating
  beforeEach(() => {
    machine = makeMachine(['docker'])
    server = oauthServer({ lifetime: 10 * DAY })
  })
  afterEach(() => {
    machine.dispose()
    server.stop()
  })

  const auth = () => join(machine.home, '.codex/auth.json')
  const read = () => JSON.parse(readFileSync(auth(), 'utf8'))
  const put = (login: object) => {
    mkdirSync(join(machine.home, '.codex'), { recursive: true })
    writeFileSync(auth(), JSON.stringify(login), { mode: 0o600 })
  }
  const old = (days: number) => server.login(Date.now() / 1000 - days * DAY)
  const paude = (words: readonly string[], env: Record<string, string | undefined> = {}, stdin?: string) =>
    machine.paude(words, {
      alone: true,
      env: { ...OUTSIDE, CODEX_REFRESH_TOKEN_URL_OVERRIDE: server.url, ...env },
      ...(stdin === undefined ? {} : { stdin }),
    })
  const handed = () => readFileSync(join(machine.room, 'fake/credential'), 'utf8').trim().split('\n')
  const codexStart = ['--agent', 'codex', '--detach', '--', 'exec', 'x']
  /** No renewing process is left to a machine that goes. */
  const ended = async (id: string) => {
    await paude(['stop', id])
    await until('it ends', () => !existsSync(join(machine.home, '.local/state/paude/renewer')))
  }

  test('is used once it was asked for: its token and account go to the proxy, and are nowhere else', async () => {
    put(old(1))
    // Nobody told to use it.
    expect((await paude(codexStart)).stderr).toContain("or paude login codex to use Codex's own login")
    const { code, stderr } = await paude(['login', 'codex'])
    expect([code, stderr]).toEqual([
      0,
      `paude: Codex uses the ChatGPT login in ${auth()}, for all projects; its tokens stay outside the sandbox\n`,
    ])
    expect((await paude(['login', 'codex', '--status'])).stdout).toBe(`codex: ChatGPT login of Codex in ${auth()}\n`)
    expect((await paude(['login', '--status'])).code).toBe(1)
    const listed = JSON.parse((await paude(['agents', '--json'])).stdout) as { name: string; credential: { source: string } }[]
    const sources = Object.fromEntries(listed.map(({ name, credential }) => [name, credential.source]))
    expect(sources).toMatchObject({ codex: 'login', claude: 'none', gemini: 'none' })
    const other = JSON.parse((await paude(['agents', '--json'], { PAUDE_AGENT: 'codex' })).stdout) as typeof listed
    expect(Object.fromEntries(other.map(({ name, credential }) => [name, credential.source]))).toEqual(sources)
    const outcomes = [await paude(codexStart), await paude(['--agent', 'codex', '--dry-run=full'])]
    const { tokens } = read()
    expect([outcomes[0]?.code, outcomes[0]?.stderr, handed()]).toEqual([0, '', [tokens.access_token, 'account-of-a-test']])
    const said = [...outcomes.flatMap((one) => [one.stdout, one.stderr]), ...machine.calls().flat(), machine.kept()].join('\n')
    for (const secret of [tokens.access_token, tokens.refresh_token, 'account-of-a-test']) expect(said).not.toContain(secret)
    expect(outcomes[1]?.stdout).toContain('base_url = "https://chatgpt.com/backend-api/codex"')
    expect(outcomes[1]?.stdout).not.toContain('auth.openai.com')
    await ended(outcomes[0]?.stdout.trim() ?? '')
    expect((await paude(['logout', 'codex'])).stderr).toContain(`no longer uses the login in ${auth()}`)
    expect((await paude(codexStart)).code).toBe(125)
    expect(server.takes(read().tokens.refresh_token)).toBe(true)
  })

  test('is renewed by the start that finds it due, and by one of a stopped session', async () => {
    put(old(9))
    await paude(['login', 'codex'])
    expect(server.asked()).toBe(1)
    put(old(9))
    const id = (await paude(codexStart)).stdout.trim()
    expect([server.asked(), handed()]).toEqual([2, [read().tokens.access_token, 'account-of-a-test']])
    await ended(id)
    put(old(11))
    expect((await paude(['start', id])).code).toBe(0)
    expect([server.asked(), handed()[0]]).toEqual([3, read().tokens.access_token])
    await ended(id)
  })

  test('says a sentence where it has ended, and where there is none', async () => {
    expect((await paude(['login', 'codex'])).stderr).toContain(`there is no ChatGPT login of Codex in ${auth()}`)
    put(old(1))
    await paude(['login', 'codex'])
    put({ ...old(11), tokens: { ...old(11).tokens, refresh_token: 'rt.revoked' } })
    const { code, stderr } = await paude(codexStart)
    expect([code, stderr]).toEqual([125, expect.stringContaining('has ended, or was used elsewhere (refresh_token_reused)')])
    expect(stderr).toContain('log in again: codex login')
    expect(stderr).not.toContain('rt.revoked')
    rmSync(auth())
    expect((await paude(codexStart)).stderr).toContain('there is no ChatGPT login of Codex')
    expect(machine.calls()).toEqual([])
  })

  test('gives way to a key, and to what was said last', async () => {
    put(old(1))
    await paude(['login', 'codex'])
    const key = 'sk-proj-a-key-of-the-environment'
    await paude(codexStart, { OPENAI_API_KEY: key })
    expect(handed()).toEqual([key])
    expect((await paude(['login', 'codex', '--api-key'], {}, `${key}\n`)).code).toBe(0)
    expect(readdirSync(join(machine.home, '.local/state/paude/logins'))).toEqual(['codex.json'])
    expect((await paude(['login', 'codex', '--status'])).stdout).toStartWith('codex: API key from paude login')
  })

  test('is chosen by a file too, for Codex alone, and goes to no other address', async () => {
    put(old(1))
    const config = join(machine.home, '.config/paude/config.toml')
    machine.write(config, '[provider]\nservice = "chatgpt"\n')
    await ended((await paude(codexStart, { OPENAI_API_KEY: 'sk-proj-never' })).stdout.trim())
    expect(handed()).toEqual([read().tokens.access_token, 'account-of-a-test'])
    await paude(['--detach', '-p', 'x'], { ANTHROPIC_API_KEY: 'sk-ant-api03-of-claude' })
    expect(handed()).toEqual(['sk-ant-api03-of-claude'])
    const elsewhere = await paude(codexStart, { CHATGPT_BASE_URL: 'https://gateway.example.org/codex' })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      125,
      expect.stringContaining('the login of ChatGPT goes to https://chatgpt.com/backend-api/codex alone'),
    ])
    machine.write(config, '[provider]\nservice = "chatgpt"\noauth_token = "env:MINE"\n')
    expect((await paude(codexStart, { MINE: 'mine' })).stderr).toContain('ChatGPT is used by the login of Codex alone')
  })
})
