import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../src/config/files/parse.ts'
import type { Layer } from '../src/config/keys/settings.ts'
import { mergeSources, onlySaid } from '../src/config/layers/merge.ts'
import { withProvider } from '../src/session/resolve/provider.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// Several programs a test, on machines that do other things as well.
setDefaultTimeout(60_000) // ms

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let keyFile: string
beforeEach(() => {
  machine = makeMachine()
  keyFile = join(machine.home, 'key')
  machine.write(keyFile, `${KEY}\n`)
  chmodSync(keyFile, 0o600)
})
afterEach(() => machine.dispose())

const KEY = 'sk-ant-api03-REAL-key-of-a-file'
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const engineCalls = () => machine.calls()
/** What the proxy was given on its stdin. */
const handed = () => {
  const file = join(machine.room, 'fake/credential')
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

describe('a credential that a file refers to', () => {
  const sources: readonly (readonly [kind: string, key: string, source: () => string])[] = [
    ['a file', 'api_key', () => '"file:~/key"'],
    ['a variable', 'auth_token', () => '"env:MY_KEY"'],
    ['a program', 'oauth_token', () => `{ command = ["cat", "${keyFile}"] }`],
  ]
  test.each(sources)('goes to the proxy and nowhere else: %s', async (_, key, source) => {
    configure(`[provider]\n${key} = ${source()}\n`)
    const env = { MY_KEY: KEY }
    const outcomes = await Promise.all([
      machine.paude(['--detach', '-p', 'x'], { env }),
      machine.paude(['--dry-run', '-p', 'x'], { env }),
      machine.paude(['config', 'show', '--all', '--origin'], { env }),
    ])
    expect(outcomes[0]?.stderr).not.toContain('log in')
    expect(handed()).toContain(KEY)
    const seen = [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...machine.calls().flat(), machine.kept()].join(
      '\n',
    )
    expect(seen).not.toContain(KEY)
    expect(engineCalls().flat().join('\n')).toContain('paude-placeholder')
  })

  test('is named by what only tells of it', async () => {
    configure('[provider]\napi_key = "file:~/key"\n')
    const [status, doctor, got] = await Promise.all([
      machine.paude(['status']),
      machine.paude(['doctor', '--json']),
      machine.paude(['config', 'get', 'provider', '--json']),
    ])
    expect(status.stdout).toMatch(/^provider +api\.anthropic\.com:443, provider\.api_key = file:~\/key$/m)
    expect(doctor.stdout).toContain('provider.api_key = file:~/key; it stays outside the sandbox')
    expect(JSON.parse(got.stdout)).toMatchObject({ api_key: 'file:~/key', auth_token: null })
    expect([status, doctor, got].map(({ stdout }) => stdout).join('\n')).not.toContain(KEY)
  })

  test('is shown by where it is, and whether something is there', async () => {
    configure('[provider]\napi_key = "env:MY_KEY"\n')
    const shown = async (env: Record<string, string>) => (await machine.paude(['config', 'show', '--all'], { env })).stdout
    expect(await shown({ MY_KEY: 'x' })).toMatch(/^provider\.api_key +env:MY_KEY \(set\)$/m)
    expect(await shown({})).toMatch(/^provider\.api_key +env:MY_KEY \(unset\)$/m)
    configure('[provider]\napi_key = "file:~/key"\n')
    expect(await shown({})).toMatch(/^provider\.api_key +file:~\/key \(set\)$/m)
  })

  test('is asked for again when the session is started again', async () => {
    configure('[provider]\napi_key = "file:~/key"\n')
    const id = (await machine.paude(['--detach'])).stdout.trim()
    machine.write(keyFile, 'sk-ant-api03-another-one\n')
    machine.ended('killed')
    // The file that said so may be another one by now: the session's own reference is what is asked.
    configure('')
    expect(await machine.paude(['start', id])).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(handed()).toContain('sk-ant-api03-another-one')
  })

  test('gives way to one in the environment, which is closer to the call, and is not asked for then', async () => {
    configure(`[provider]\napi_key = { command = ["mkdir", "${join(machine.home, 'asked')}"] }\n`)
    await machine.paude(['-p', 'x'], { env: { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-of-the-caller' } })
    expect(handed()).toContain('sk-ant-oat01-of-the-caller')
    await Promise.all([['--dry-run', '-p', 'x'], ['run', '--', 'true'], ['doctor']].map((words) => machine.paude(words)))
    expect(readdirSync(machine.home)).not.toContain('asked')
  })

  test('of a profile takes the place of another kind', async () => {
    machine.write(join(machine.home, 'token'), 'token-of-work\n')
    chmodSync(join(machine.home, 'token'), 0o600)
    configure('[provider]\nauth_token = "file:~/key"\n[profiles.work.provider]\napi_key = "file:~/token"\n')
    await machine.paude(['--profile', 'work', '-p', 'x'])
    expect(handed()).toContain('token-of-work')
    expect(engineCalls().flat().join('\n')).not.toContain('ANTHROPIC_AUTH_TOKEN')
  })

  test('that others can read, or is none, ends the start with the key and the file', async () => {
    configure('[provider]\napi_key = "file:~/key"\n')
    chmodSync(keyFile, 0o644)
    const open = await machine.paude(['-p', 'x'])
    expect([open.code, open.stderr]).toEqual([
      125,
      expect.stringMatching(/provider\.api_key \(.*config\.toml:2\): .*is readable by other users\n/),
    ])
    chmodSync(keyFile, 0o600)
    machine.write(keyFile, 'two words\n')
    expect((await machine.paude(['-p', 'x'])).stderr).toContain('holds characters that a credential cannot have')
    configure('[provider]\napi_key = { command = ["true"] }\n')
    expect((await machine.paude(['-p', 'x'])).stderr).toMatch(/provider\.api_key \(.*\): true printed nothing\n/)
    expect(engineCalls().filter(([, verb]) => verb === 'create')).toEqual([])
    expect((await machine.paude(['doctor'])).stdout).not.toContain('two words')
  })

  test('whose variable is not set is told of', async () => {
    configure('[provider]\napi_key = "env:MY_KEY"\n')
    expect((await machine.paude(['--detach'])).stderr).toContain(
      'provider.api_key: MY_KEY is not set\n  → paude login, or export MY_KEY=…',
    )
    expect((await machine.paude(['doctor'])).stdout).toContain('provider.api_key: MY_KEY is not set')
  })

  test.each([
    ['[env]\nOTHER = "env:MY_KEY"\n', []],
    ['[env]\nOTHER = "env:MY_KEY"\n', ['--network', 'none']],
    ['', ['--env', 'MY_KEY']],
  ])('stays outside the sandbox under every name: %j %j', async (more, flags) => {
    configure(`provider.api_key = "env:MY_KEY"\n${more}`)
    const { code, stderr } = await machine.paude([...flags, '-p', 'x'], { env: { MY_KEY: KEY } })
    expect(code).toBe(125)
    expect(stderr).toMatch(/env\.(OTHER|MY_KEY) names the credential of provider\.api_key, which stays outside the sandbox\n/)
  })
})

test.each(['./key', '../KEPT/key', 'link'])(
  'a file of the credential stays outside the sandbox by the path %s too',
  async (name) => {
    const folder = join(machine.home, 'KEPT')
    machine.write(join(folder, 'key'), KEY)
    chmodSync(join(folder, 'key'), 0o600)
    symlinkSync('key', join(folder, 'link'))
    configure(`provider.api_key = "file:~/KEPT/key"\n[env]\nOTHER = "file:${folder}/${name}"\n`)
    const { code, stderr } = await machine.paude(['-p', 'x'])
    expect([code, stderr]).toEqual([125, expect.stringContaining('env.OTHER names the credential of provider.api_key')])
  },
)

describe('what a file may say of the provider', () => {
  const read = (text: string, layer: 'user' | 'project' | 'managed' = 'user') => parseConfig({ layer, file: '/c.toml', text })

  test('is no secret, and what looks like one is not repeated', () => {
    const fault = (text: string) => {
      try {
        read(text)
        return ''
      } catch (error) {
        return String(error)
      }
    }
    for (const literal of ['"sk-ant-api03-typed"', '"env:"', '"file:relative"', '"command:pass"'])
      expect(fault(`[provider]\napi_key = ${literal}\n`)).toEndWith(
        '/c.toml:2: provider.api_key must say where the secret is, not hold it: "env:NAME", "file:/path", { command = [...] } or { keychain = "SERVICE/ACCOUNT" }',
      )
    expect(fault('[provider]\napi_key = { command = ["./pass"] }\n')).toContain('must begin with a program')
  })

  test('is one credential and not several', () => {
    expect(() => read('[provider]\napi_key = "env:A"\nauth_token = "env:B"\n')).toThrow(
      'provider can have only one of api_key, auth_token and oauth_token',
    )
  })

  test('is an address that a sandbox can reach', () => {
    expect(() => read('[provider]\nbase_url = "ftp://x"\n')).toThrow(
      '/c.toml:2: provider.base_url is not a plain web address: ftp://x',
    )
    expect(() => read('[provider]\nbase_url = "http://127.0.0.1:9"\n')).toThrow(
      ' names the loopback of this machine, but the sandbox has its own: ',
    )
    expect(() => read('[provider]\nbase_url = "https://a:b@gateway.example.org"\n')).toThrow('is not a plain web address')
  })

  test.each(['base_url = "https://gateway.example.org"', 'api_key = "env:A"'])('is not for a project: %s', (line) => {
    expect(() => read(`[provider]\n${line}\n`, 'project')).toThrow('provider is not allowed in this file')
  })

  test('is for the managed file the address alone', () => {
    expect(read('provider.base_url = "https://gateway.example.org"', 'managed').sources[0]?.values).toEqual({
      baseUrl: 'https://gateway.example.org',
    })
    expect(() => read('[provider]\nauth_token = "env:A"\n', 'managed')).toThrow(
      '/c.toml:2: provider.auth_token is not allowed in this file',
    )
  })
})

describe('the address of the provider', () => {
  const config = (managed: string, said: Layer = {}) =>
    mergeSources({
      file: '',
      sources: [onlySaid('environment', said, { baseUrl: 'ANTHROPIC_BASE_URL' })],
      managed: parseConfig({ layer: 'managed', file: '/m.toml', text: managed }).sources,
    })
  const GATEWAY = 'provider.base_url = "https://gateway.example.org"'

  test('reaches the agent and the allowlist, and the environment wins', async () => {
    configure('[provider]\nbase_url = "https://gateway.example.org/team"\n')
    const { stdout } = await machine.paude(['--dry-run', '-p', 'x'], { env: { ANTHROPIC_API_KEY: 'sk-x' } })
    expect(stdout).toContain('ANTHROPIC_BASE_URL=https://gateway.example.org/team')
    expect((await machine.paude(['network', 'list'])).stdout).toContain('gateway.example.org')
    const env = { ANTHROPIC_BASE_URL: 'https://nearer.example.org' }
    const nearer = await machine.paude(['--print-config', '-p', 'x'], { env })
    expect(nearer.stdout).toMatch(/^provider\.base_url +https:\/\/nearer\.example\.org +# environment ANTHROPIC_BASE_URL$/m)
    expect(nearer.stdout).toContain('allow         nearer.example.org:443')
    expect(nearer.stdout).not.toContain('gateway.example.org')
  })

  test('that is managed is the only one, also for the environment', () => {
    expect(config(GATEWAY).settings.baseUrl).toBe('https://gateway.example.org')
    expect(config(GATEWAY, { baseUrl: 'https://gateway.example.org/' }).settings.baseUrl).toBe('https://gateway.example.org/')
    expect(() => config(GATEWAY, { baseUrl: 'https://mine.example.org' })).toThrow(
      'provider.base_url = https://mine.example.org (environment ANTHROPIC_BASE_URL) exceeds the limit in /m.toml:1: https://gateway.example.org',
    )
  })

  test('in the environment is left as it is', async () => {
    const host = { env: { ANTHROPIC_BASE_URL: 'https://nearer.example.org' }, home: '/h', uid: 0, platform: 'linux' as const }
    expect((await withProvider(host, config(GATEWAY))).env).toEqual({ ANTHROPIC_BASE_URL: 'https://nearer.example.org' })
    expect((await withProvider({ ...host, env: {} }, config(GATEWAY))).env).toEqual({
      ANTHROPIC_BASE_URL: 'https://gateway.example.org',
    })
  })
})

describe('a credential of another provider', () => {
  const start = (provider: string, agent: string, value: string) => {
    machine.write(join(machine.home, '.config/paude/config.toml'), `[provider]\n${provider}`)
    return machine.paude(['--dry-run', '--agent', agent, 'x'], { env: { ANTHROPIC_API_KEY: '', THEIRS: value } })
  }

  test.each([
    ['codex', 'sk-ant-api03-hunter2', 'Anthropic', 'OpenAI', 'CODEX_API_KEY or OPENAI_API_KEY'],
    ['gemini', 'sk-proj-hunter2', 'OpenAI', 'Google', 'GEMINI_API_KEY or GOOGLE_API_KEY'],
    ['claude', 'AIzahunter2', 'Google', 'Anthropic', 'ANTHROPIC_API_KEY'],
  ])('that a file has does not go to the provider of %s', async (agent, value, whose, to, variables) => {
    const { code, stdout, stderr } = await start('api_key = "env:THEIRS"\n', agent, value)
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain(`: this is a credential of ${whose}, and it would go to ${to}\n`)
    expect(stderr).toContain(variables)
    expect(stderr).not.toContain('hunter2')
  })

  test('is passed on where it is of no known shape, of the right one, or for an address of yours', async () => {
    for (const [agent, value] of [
      ['codex', 'sk-hunter2'],
      ['codex', 'any'],
      ['claude', 'sk-ant-api03-hunter2'],
    ] as const)
      expect((await start('api_key = "env:THEIRS"\n', agent, value)).code).toBe(0)
    const address = 'base_url = "https://gateway.example.org"\napi_key = "env:THEIRS"\n'
    expect((await start(address, 'codex', 'sk-ant-api03-hunter2')).code).toBe(0)
  })
})
