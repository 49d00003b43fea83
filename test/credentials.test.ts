import { expect, test } from 'bun:test'
import { agentNeeds } from '../src/agents/models.ts'
import { agents } from '../src/agents/registry.ts'
import type { Settings } from '../src/config/keys/settings.ts'
import { DEFAULTS } from '../src/config/layers/merge.ts'
import { credentialsOf, needsOf, withCredential } from '../src/credentials/credential.ts'
import { isPrivate, KEPT_OUTSIDE } from '../src/credentials/outside.ts'
import { type Provider, providers } from '../src/credentials/providers.ts'
import { DIRECT } from '../src/network/ways.ts'
import { proxySecret } from '../src/session/resolve/policy.ts'
import { refuseCredentialInside } from '../src/session/resolve/provider.ts'

const [first] = providers.anthropic.secrets
const other: Provider = {
  title: 'Example',
  secrets: [{ ...first, variable: 'OTHER_KEY', header: 'X-Goog-Api-Key', lead: '', placeholder: 'nothing' }],
  address: { variable: 'OTHER_URL', usual: 'https://models.other.example/v' },
  api: '/v1beta/models',
  others: '',
  further: [],
  login: [{ host: 'login.other.example:443', why: 'login' }],
  private: /^OTHER_/,
  common: false,
}
const both = [providers.anthropic, other]
const env = { ANTHROPIC_API_KEY: 'key-1', OTHER_KEY: 'key-2' }

test('each provider has its credential, its header and its place', () =>
  expect(credentialsOf(both, { env })).toMatchObject([
    { variable: 'ANTHROPIC_API_KEY', injection: { host: 'api.anthropic.com', header: 'X-Api-Key', lead: '', prefix: '' } },
    {
      variable: 'OTHER_KEY',
      placeholder: 'nothing',
      injection: { host: 'models.other.example', port: 443, header: 'X-Goog-Api-Key', prefix: '/v', api: '/v1beta/models' },
    },
  ]))

test('a credential goes to every address of its provider, and to yours alone where you say one', () => {
  const wide: Provider = { ...other, further: [{ url: 'https://code.other.example', api: '/v1/code' }] }
  const places = (env: Readonly<Record<string, string>>) =>
    credentialsOf([wide], { env }).map(({ variable, injection: { host, api } }) => [variable, host, api])
  expect(places({ OTHER_KEY: 'key-2' })).toEqual([
    ['OTHER_KEY', 'models.other.example', '/v1beta/models'],
    ['OTHER_KEY', 'code.other.example', '/v1/code'],
  ])
  expect(places({ OTHER_KEY: 'key-2', OTHER_URL: 'https://gateway.example' })).toEqual([
    ['OTHER_KEY', 'gateway.example', '/v1beta/models'],
  ])
  expect(needsOf(wide, { env: {} }, { title: 'Other', login: false }).map(({ host }) => host)).toEqual([
    'models.other.example:443',
    'code.other.example:443',
  ])
})

test('of one provider the first secret that is set counts, and whatever is empty is not set', () => {
  const variables = (env: Readonly<Record<string, string>>) => credentialsOf(both, { env }).map(({ variable }) => variable)
  expect(variables({ ...env, ANTHROPIC_AUTH_TOKEN: 'token' })).toEqual(['ANTHROPIC_AUTH_TOKEN', 'OTHER_KEY'])
  expect(variables({ ANTHROPIC_AUTH_TOKEN: ' ', CLAUDE_CODE_OAUTH_TOKEN: 'token' })).toEqual(['CLAUDE_CODE_OAUTH_TOKEN'])
})

test('an agent needs the providers that you have a credential for, else the login of its first', () => {
  const agent = { ...agents.claude, providers: both }
  const hosts = (env: Readonly<Record<string, string>>) =>
    agentNeeds(agent, { env }, credentialsOf(both, { env })).map(({ host }) => host)
  expect(hosts(env)).toEqual(['api.anthropic.com:443', 'models.other.example:443'])
  expect(hosts({ OTHER_KEY: 'key-2' })).toEqual(['models.other.example:443'])
  expect(hosts({})).toEqual(['api.anthropic.com:443', 'platform.claude.com:443'])
})

test('the proxy is told a line for each credential, in the order of the injections', () => {
  const credentials = credentialsOf(both, { env })
  const host = { env: { LOGIN: 'name:word' }, home: '/h', uid: 0 }
  const upstream = { scheme: 'http', host: 'p.example', port: 3128, except: [], credentials: 'env:LOGIN' } as const
  const told = (list: typeof credentials, ways = DIRECT) => proxySecret(host, { credentials: list, ways })?.reveal() ?? null
  expect(told([])).toBeNull()
  expect(told(credentials)).toBe('key-1\nkey-2')
  expect(told(credentials, { ...DIRECT, upstream })).toBe('key-1\nkey-2\nname:word\n')
  expect(told([], { ...DIRECT, upstream })).toBe('\nname:word\n')
})

test('what a row names stays outside: of every sandbox, or of those of its agents where all programs use it', async () => {
  for (const { secrets, common } of Object.values(providers))
    for (const { variable } of secrets) {
      expect(KEPT_OUTSIDE.includes(variable)).toBe(!common)
      expect(isPrivate(variable)).toBe(true)
    }
  const brought = (agent: 'claude' | 'codex', said: Partial<Settings>) => () =>
    refuseCredentialInside({ settings: { ...DEFAULTS, agent, ...said } }, { home: '/h' })
  for (const said of [
    { env: ['OPENAI_API_KEY'] },
    { env: ['CODEX_API_KEY=sk-x'] },
    { references: [{ name: 'OTHER', source: 'env:OPENAI_API_KEY' }] },
    { references: [{ name: 'OTHER', source: { template: `x\${localEnv:OPENAI_API_KEY}` } }] },
  ] as const) {
    expect(brought('codex', said)).toThrow('is a credential of Codex, which stays outside the sandbox')
    expect(brought('claude', said)).not.toThrow()
  }
})

test('who is given a made-up credential has no other one of that provider', () =>
  expect(
    withCredential({ ...env, ANTHROPIC_AUTH_TOKEN: 'token' }, providers.anthropic, {
      variable: 'ANTHROPIC_API_KEY',
      value: 'made-up',
      url: 'http://a.example:1',
    }),
  ).toEqual({
    ANTHROPIC_AUTH_TOKEN: undefined,
    ANTHROPIC_API_KEY: 'made-up',
    CLAUDE_CODE_OAUTH_TOKEN: undefined,
    ANTHROPIC_BASE_URL: 'http://a.example:1',
    OTHER_KEY: 'key-2',
  }))
