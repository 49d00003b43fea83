import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bringSettings } from '../src/agents/claude/imports/settings.ts'
import { agentOf, agents } from '../src/agents/registry.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import type { Layer } from '../src/config/keys/settings.ts'
import { configOf } from '../src/config/layers/load.ts'
import { onlySaid } from '../src/config/layers/merge.ts'
import { secretVariables } from '../src/config/secret-variables.ts'
import { credentialsOf } from '../src/credentials/credential.ts'
import { isPrivate, KEPT_OUTSIDE } from '../src/credentials/outside.ts'
import { readRegion, readResource, serviceProvider } from '../src/credentials/services.ts'
import type { Host } from '../src/host.ts'
import type { Injection } from '../src/network/allow.ts'
import { isInjectedPath, methodsOf } from '../src/network/inject.ts'
import { inherited } from '../src/run/environment.ts'
import { ownProviders } from '../src/session/resolve/network.ts'
import { refuseCredentialInside, withProvider } from '../src/session/resolve/provider.ts'
import { type Machine, makeMachine } from './support/machine.ts'

setDefaultTimeout(60_000) // ms: several programs a test

const BEDROCK = { name: 'bedrock', region: 'eu-west-1', resource: '' } as const
const VERTEX = { name: 'vertex', region: 'europe-west1', resource: 'my-project' } as const
const FOUNDRY = { name: 'foundry', region: '', resource: 'my-res' } as const

const injections = (service: Parameters<typeof serviceProvider>[0], env: Host['env']): readonly Injection[] =>
  credentialsOf([serviceProvider(service)], { env }).map(({ injection }) => ({ ...injection, way: 'bump' }))

/** Whether a request gets the credential: of a decoded path, as squid sees it. */
const gets = (all: readonly Injection[], host: string, method: string, path: string): boolean =>
  all.some((one) => one.host === host && methodsOf(one).includes(method) && isInjectedPath(one, path))

describe('the key of Amazon Bedrock', () => {
  const all = injections(BEDROCK, { AWS_BEARER_TOKEN_BEDROCK: 'key-1' })
  const models = 'bedrock-runtime.eu-west-1.amazonaws.com'
  const list = 'bedrock.eu-west-1.amazonaws.com'
  const profile = 'arn:aws:bedrock:us-east-2:123456789012:application-inference-profile/abc123'

  test('is a bearer token for the two hosts of its region', () =>
    expect(all.map(({ scheme, host, port, header, lead }) => [scheme, host, port, header, lead])).toEqual([
      ['https', models, 443, 'Authorization', 'Bearer'],
      ['https', list, 443, 'Authorization', 'Bearer'],
    ]))

  test.each([
    [models, 'POST', '/model/eu.anthropic.claude-haiku-4-5-20251001-v1:0/invoke'],
    [models, 'POST', '/model/eu.anthropic.claude-opus-5-5/invoke-with-response-stream'],
    [models, 'POST', '/model/anthropic.claude-x/count-tokens'],
    [models, 'POST', `/model/${profile}/invoke-with-response-stream`],
    [list, 'GET', '/inference-profiles?type=SYSTEM_DEFINED'],
    [list, 'GET', `/inference-profiles/${profile}`],
  ])('goes to %s %s %s', (host, method, path) => expect(gets(all, host, method, path)).toBe(true))

  test.each([
    [models, 'GET', '/inference-profiles'],
    [models, 'DELETE', '/model/anthropic.claude-x/invoke'],
    [models, 'POST', '/model/anthropic.claude-x/converse'],
    [models, 'POST', '/model/anthropic.claude-x/async-invoke'],
    [models, 'POST', '/model/../guardrail/x/invoke'],
    [models, 'POST', '/model/x/../invoke'],
    [models, 'POST', '/model/x/y/z/invoke'],
    [models, 'POST', '/model/x%2fy/invoke'],
    [models, 'POST', '/model//invoke'],
    [models, 'POST', '/model/x/invoke/../../../agents'],
    [models, 'POST', '/model/x/invoke?a=/../..'],
    [models, 'POST', '/v/model/x/invoke'],
    [list, 'POST', '/inference-profiles'],
    [list, 'DELETE', `/inference-profiles/${profile}`],
    [list, 'GET', '/foundation-models'],
    [list, 'GET', '/inference-profiles/../guardrails'],
    [list, 'POST', '/model/anthropic.claude-x/invoke'],
    ['bedrock-runtime.us-east-1.amazonaws.com', 'POST', '/model/anthropic.claude-x/invoke'],
    ['evil.example.org', 'POST', '/model/anthropic.claude-x/invoke'],
  ])('does not go to %s %s %s', (host, method, path) => expect(gets(all, host, method, path)).toBe(false))

  test('goes to an address of yours alone, with the same paths and methods', () => {
    const there = injections(BEDROCK, {
      AWS_BEARER_TOKEN_BEDROCK: 'key-1',
      ANTHROPIC_BEDROCK_BASE_URL: 'https://gateway.example.org/aws',
    })
    expect(new Set(there.map(({ host }) => host))).toEqual(new Set(['gateway.example.org']))
    expect(gets(there, 'gateway.example.org', 'POST', '/aws/model/anthropic.claude-x/invoke')).toBe(true)
    expect(gets(there, 'gateway.example.org', 'GET', '/aws/inference-profiles')).toBe(true)
    expect(gets(there, 'gateway.example.org', 'POST', '/aws/inference-profiles')).toBe(false)
    expect(gets(there, 'gateway.example.org', 'POST', '/model/anthropic.claude-x/invoke')).toBe(false)
  })
})

describe('the key of Azure Foundry', () => {
  const host = 'my-res.services.ai.azure.com'
  const all = injections(FOUNDRY, { ANTHROPIC_FOUNDRY_API_KEY: 'key-2' })

  test('is a header for the host of the resource; a token counts before it, as for Claude', () => {
    const heads = (env: Host['env']) => injections(FOUNDRY, env).map((one) => [one.host, one.prefix, one.header, one.lead])
    expect(heads({ ANTHROPIC_FOUNDRY_API_KEY: 'key-2' })).toEqual([[host, '/anthropic', 'X-Api-Key', '']])
    expect(heads({ ANTHROPIC_FOUNDRY_API_KEY: 'key-2', ANTHROPIC_FOUNDRY_AUTH_TOKEN: 'token' })).toEqual([
      [host, '/anthropic', 'Authorization', 'Bearer'],
    ])
  })

  test.each([
    [true, host, '/anthropic/v1/messages?beta=true'],
    [true, host, '/anthropic/v1/messages/count_tokens'],
    [false, host, '/v1/messages'],
    [false, host, '/anthropic/v1/files'],
    [false, host, '/openai/deployments/x/chat/completions'],
    [false, host, '/anthropic/v1/messages/../../../openai/files'],
    [false, 'other.services.ai.azure.com', '/anthropic/v1/messages'],
  ])('%s: %s%s', (goes, place, path) => expect(gets(all, place, 'POST', path)).toBe(goes))
})

describe('the token of Google Vertex AI', () => {
  const host = 'europe-west1-aiplatform.googleapis.com'
  const env = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'ya29.x' }
  const all = injections(VERTEX, env)
  const models = '/v1/projects/my-project/locations/europe-west1/publishers/anthropic/models'

  test('is a bearer token for the host of its region', () => {
    const heads = (service: Parameters<typeof serviceProvider>[0]) =>
      injections(service, env).map((one) => [one.scheme, one.host, one.prefix, one.header, one.lead])
    expect(heads(VERTEX)).toEqual([['https', host, '/v1', 'Authorization', 'Bearer']])
    expect(heads({ ...VERTEX, region: 'global' })).toEqual([
      ['https', 'aiplatform.googleapis.com', '/v1', 'Authorization', 'Bearer'],
    ])
  })

  test.each([
    [true, host, `${models}/claude-sonnet-4-5@20250929:streamRawPredict`],
    [true, host, `${models}/claude-opus-5-5:rawPredict`],
    [true, host, `${models}/count-tokens:rawPredict`],
    [false, host, `${models}/claude-opus-5-5:predict`],
    [false, host, `${models}/../../google/models/x:rawPredict`],
    [false, host, models.replace('anthropic', 'google').concat('/gemini-x:streamRawPredict')],
    [false, host, models.replace('my-project', 'other-project').concat('/claude-x:rawPredict')],
    [false, host, models.replace('locations/europe-west1', 'locations/us-east5').concat('/claude-x:rawPredict')],
    [false, host, '/v1/projects/my-project/locations/europe-west1/endpoints/x:rawPredict'],
    [false, host, `/v1beta1${models.slice(3)}/claude-x:rawPredict`],
    [false, 'us-east5-aiplatform.googleapis.com', `${models}/claude-x:rawPredict`],
    [false, 'oauth2.googleapis.com', '/token'],
  ])('%s: %s%s', (goes, place, path) => expect(gets(all, place, 'POST', path)).toBe(goes))

  test('needs a region and a project, and says which is missing', () => {
    const lack = (service: Parameters<typeof serviceProvider>[0]) => () => injections(service, env)
    expect(lack({ ...VERTEX, region: '' })).toThrow('Google Vertex AI needs a region')
    expect(lack({ ...VERTEX, resource: '' })).toThrow('Google Vertex AI needs a project')
    expect(lack({ ...VERTEX, resource: 'evil.example.org/' })).toThrow('is not the name of a resource')
  })
})

describe('the token of Google Vertex AI for Gemini', () => {
  const host = 'europe-west1-aiplatform.googleapis.com'
  const all = credentialsOf([serviceProvider(VERTEX, 'google')], { env: { CLOUDSDK_AUTH_ACCESS_TOKEN: 'ya29.x' } }).map(
    ({ injection }) => ({ ...injection, way: 'bump' as const }),
  )
  const models = '/v1/projects/my-project/locations/europe-west1/publishers/google/models'

  test.each([
    [true, host, `${models}/gemini-3.8-flash:streamGenerateContent?alt=sse`],
    [true, host, `${models}/gemini-3.8-flash:generateContent`],
    [true, host, `${models}/gemini-3.8-flash:countTokens`],
    [false, host, `${models}/gemini-3.8-flash:predict`],
    [false, host, `${models}/../../anthropic/models/x:generateContent`],
    [false, host, models.replace('google', 'anthropic').concat('/claude-x:generateContent')],
    [false, host, models.replace('my-project', 'other-project').concat('/gemini-x:generateContent')],
    [false, host, models.replace('locations/europe-west1', 'locations/us-east5').concat('/gemini-x:generateContent')],
    [false, host, '/v1beta/models/gemini-x:generateContent'],
    [false, host, '/v1/projects/my-project/locations/europe-west1/endpoints/x:generateContent'],
    [false, 'us-east5-aiplatform.googleapis.com', `${models}/gemini-x:generateContent`],
    [false, 'generativelanguage.googleapis.com', `${models}/gemini-x:generateContent`],
    [false, 'oauth2.googleapis.com', '/token'],
  ])('%s: %s%s', (goes, place, path) => expect(gets(all, place, 'POST', path)).toBe(goes))

  test('is chosen by the variables of Gemini, which is told where, in the words that it has for a key', () => {
    const there = agentOf({ agent: 'gemini', agents: [], service: 'vertex', region: 'europe-west1', resource: 'my-project' })
    const environment = (env: Host['env']) => there.environment({ env } as Host, [])
    const place = '/v1/projects/my-project/locations/europe-west1'
    expect(environment({ GOOGLE_GEMINI_BASE_URL: 'https://other.example.org' })).toMatchObject({
      GOOGLE_GEMINI_BASE_URL: `https://${host}${place}`,
      GOOGLE_GENAI_API_VERSION: 'publishers/google',
      GEMINI_API_KEY: 'AIza.paude.placeholder.the.real.key.stays.outside.the.box',
    })
    expect(environment({ GOOGLE_VERTEX_BASE_URL: 'https://gateway.example.org/' })).toMatchObject({
      GOOGLE_GEMINI_BASE_URL: `https://gateway.example.org${place}`,
    })
    const read = agents.gemini.services?.read
    const where = { GOOGLE_CLOUD_PROJECT: 'My-project', GOOGLE_CLOUD_LOCATION: 'global' }
    expect(read?.(where, '')).toEqual({})
    expect(read?.({ ...where, GOOGLE_GENAI_USE_VERTEXAI: 'true' }, '')).toMatchObject({
      service: { value: 'vertex' },
      region: { value: 'global' },
      resource: { value: 'my-project' },
    })
    for (const lack of ['region', 'resource'])
      expect(() =>
        agentOf({
          agent: 'gemini',
          agents: [],
          service: 'vertex',
          region: 'europe-west1',
          resource: 'p-1',
          [lack]: '',
        }).environment({ env: {} } as Host, []),
      ).toThrow('Google Vertex AI needs a')
  })
})

test.each([
  ...[
    '',
    'eu',
    'eu-west-1.evil.example.org',
    'evil.example.org/',
    'eu-west-1/',
    'x@evil-a-1',
    'EU-WEST-1',
    'eu-west-1\n',
    'eu--1',
  ],
  ...['eu-west-1:443', 'eu-west-1#', '../eu-west-1', `${'eu-'.repeat(20)}west-1`],
])('%j is no region', (text) => expect(() => readRegion(text, 'AWS_REGION')).toThrow('AWS_REGION is not a region'))

test.each(['', 'a.b', 'a/b', 'a@b', '-ab', 'ab-', 'a:1', 'a#', 'a b', 'ä-b', `a${'b'.repeat(70)}`])('%j is no resource', (text) =>
  expect(() => readResource(text, 'X')).toThrow('X is not the name of a resource'),
)

test('a region or a resource with an end of its own makes no host', () => {
  for (const region of ['eu-west-1.evil.example.org/', 'x/y'])
    expect(() => agentOf({ agent: 'claude', agents: [], service: 'bedrock', region })).toThrow('is not a region')
  expect(() => agentOf({ agent: 'claude', agents: [], service: 'foundry', resource: 'evil.example.org/' })).toThrow(
    'is not the name of a resource',
  )
})

describe('what chooses a service', () => {
  const configured = (env: Host['env'], text = '', { managed = '', flags = {} }: { managed?: string; flags?: Layer } = {}) =>
    configOf({
      user: parseConfig({ layer: 'user', file: '/c.toml', text }, 'other'),
      managed: parseConfig({ layer: 'managed', file: '/m.toml', text: managed }),
      environment: onlySaid('environment', {}, {}),
      flags: onlySaid('flag', flags, {}),
      env,
      file: '/c.toml',
      profile: 'other',
    })
  const chosen = (env: Host['env'], text = '', managed = '', flags: Layer = {}) => {
    const { settings } = configured(env, text, { managed, flags })
    const { service, region, resource, apiKey, baseUrl } = settings
    return { service, region, resource, apiKey, baseUrl }
  }
  const nothing = { service: '', region: '', resource: '', apiKey: '', baseUrl: '' } as const

  test('is the variables that Claude obeys, in its order', () => {
    const aws = { AWS_DEFAULT_REGION: 'eu-west-3' }
    for (const yes of ['1', 'true', 'YES', 'on'])
      expect(chosen({ CLAUDE_CODE_USE_BEDROCK: yes, ...aws })).toEqual({ ...nothing, service: 'bedrock', region: 'eu-west-3' })
    for (const no of ['', '0', 'false', 'no'])
      expect(chosen({ CLAUDE_CODE_USE_BEDROCK: no, ...aws, ANTHROPIC_FOUNDRY_RESOURCE: 'x' })).toEqual(nothing as never)
    expect(chosen({ CLAUDE_CODE_USE_BEDROCK: '1', ...aws, AWS_REGION: 'eu-west-1' }).region).toBe('eu-west-1')
    expect(chosen({ CLAUDE_CODE_USE_FOUNDRY: '1', CLAUDE_CODE_USE_BEDROCK: '1' }).service).toBe('bedrock')
    expect(chosen({ CLAUDE_CODE_USE_FOUNDRY: '1', ANTHROPIC_FOUNDRY_RESOURCE: 'My-Res' })).toEqual({
      ...nothing,
      service: 'foundry',
      resource: 'my-res',
    })
  })

  test('a variable that says no place makes no host, and is the fault of a start alone', async () => {
    const file = '[provider]\nservice = "bedrock"\nregion = "eu-west-1"\n'
    const config = configured({ AWS_REGION: 'evil.example.org/' }, file)
    expect([config.settings.region, config.serviceFault?.message]).toEqual([
      '',
      expect.stringContaining('AWS_REGION is not a region'),
    ])
    const host = { env: {}, home: '/h', uid: 1, platform: 'linux' as const }
    for (const purpose of ['start', 'check'] as const)
      expect(withProvider(host, config, purpose)).rejects.toThrow('AWS_REGION is not a region')
    expect(await withProvider(host, config, 'look')).toEqual(host)
    expect(configured({ CLAUDE_CODE_USE_FOUNDRY: '1', ANTHROPIC_FOUNDRY_RESOURCE: 'a/b' }).serviceFault?.message).toContain(
      'ANTHROPIC_FOUNDRY_RESOURCE is not the name',
    )
    expect(configured({ AWS_REGION: 'evil.example.org/' }).serviceFault).toBeUndefined()
  })

  test('is your file, for Claude alone; a variable is nearer', () => {
    const file = '[provider]\nservice = "bedrock"\nregion = "eu-west-1"\napi_key = "env:MY_KEY"\n'
    const said = { ...nothing, service: 'bedrock', region: 'eu-west-1', apiKey: 'env:MY_KEY' } as const
    expect(chosen({}, file)).toEqual(said)
    expect(chosen({ AWS_REGION: 'us-east-1' }, file)).toEqual({ ...said, region: 'us-east-1' })
    expect(chosen({ CLAUDE_CODE_USE_BEDROCK: '1' }, file)).toEqual(said)
  })

  test('a key and an address that a file has for one provider never go to another', () => {
    const anthropic = '[provider]\nbase_url = "https://gateway.example.org"\napi_key = "env:MY_KEY"\n'
    expect(chosen({ CLAUDE_CODE_USE_FOUNDRY: '1' }, anthropic)).toEqual({ ...nothing, service: 'foundry' })
    const bedrock = `${anthropic}service = "bedrock"\nregion = "eu-west-1"\n`
    expect(chosen({ CLAUDE_CODE_USE_FOUNDRY: '1' }, bedrock)).toEqual({ ...nothing, service: 'foundry' })
    expect(chosen({}, bedrock, '', { agent: 'codex' })).toEqual(nothing as never)
    expect(chosen({ CLAUDE_CODE_USE_BEDROCK: '1' }, anthropic, '', { agent: 'codex' })).toEqual({
      ...nothing,
      apiKey: 'env:MY_KEY',
      baseUrl: 'https://gateway.example.org',
    })
  })

  test('a key and an address of one provider do not go to another that a profile chooses', () => {
    const profile = (text: string) => `${text}[profiles.other.provider]\n`
    const anthropic = profile('[provider]\nbase_url = "https://gateway.example.org"\napi_key = "env:ANTHKEY"\n')
    const bedrock = profile('[provider]\nservice = "bedrock"\nregion = "eu-west-1"\napi_key = "env:AWSKEY"\n')
    const direct = { ...nothing, apiKey: 'env:ANTHKEY', baseUrl: 'https://gateway.example.org' } as const
    const there = { ...nothing, service: 'bedrock', region: 'us-east-1' } as const
    expect(chosen({}, `${anthropic}service = "bedrock"\nregion = "us-east-1"\n`)).toEqual(there)
    expect(chosen({}, `${anthropic}service = "bedrock"\nregion = "us-east-1"\napi_key = "env:OTHER"\n`)).toEqual({
      ...there,
      apiKey: 'env:OTHER',
    })
    expect(chosen({}, `${bedrock}service = "foundry"\nresource = "res"\n`)).toEqual({
      ...nothing,
      service: 'foundry',
      resource: 'res',
    })
    expect(chosen({}, `${bedrock}service = "direct"\n`)).toEqual(nothing as never)
    expect(chosen({}, `${anthropic}service = "direct"\n`)).toEqual(direct)
    expect(chosen({}, `${bedrock}service = "bedrock"\nregion = "us-east-1"\n`)).toEqual({ ...there, apiKey: 'env:AWSKEY' })
    expect(chosen({ CLAUDE_CODE_USE_BEDROCK: '1' }, `${bedrock}service = "direct"\napi_key = "env:ANTHKEY"\n`)).toEqual({
      ...nothing,
      service: 'bedrock',
    })
  })

  test('a key that is void here stays outside all the same', () => {
    const text = '[provider]\napi_key = "env:PAUDE_TEST_VOID_KEY"\n'
    const profile = `${text}[profiles.other.provider]\nservice = "foundry"\nresource = "res"\napi_key = "env:OTHER"\n`
    for (const config of [
      configured({ CLAUDE_CODE_USE_BEDROCK: '1' }, text, { flags: { env: ['PAUDE_TEST_VOID_KEY'] } }),
      configured({}, profile, { flags: { references: [{ name: 'X', source: 'env:PAUDE_TEST_VOID_KEY' }] } }),
    ]) {
      expect(config.settings.apiKey).not.toBe('env:PAUDE_TEST_VOID_KEY')
      expect(secretVariables(config)).toContain('PAUDE_TEST_VOID_KEY')
      expect(() => refuseCredentialInside(config, { home: '/h' })).toThrow('which stays outside the sandbox')
    }
    Bun.env['PAUDE_TEST_VOID_KEY'] = 'x'
    expect(inherited('git')['PAUDE_TEST_VOID_KEY']).toBeUndefined()
  })

  test('an address that is managed is that of a service too', () => {
    const managed = '[provider]\nbase_url = "https://gateway.example.org"\n'
    const env = { CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'eu-west-1' }
    expect(chosen(env, '', managed).baseUrl).toBe('https://gateway.example.org')
    expect(() => chosen({ ...env, ANTHROPIC_BEDROCK_BASE_URL: 'https://mine.example.org' }, '', managed)).toThrow(
      'exceeds the limit in /m.toml:2',
    )
  })

  test.each(['service = "bedrock"', 'region = "eu-west-1"', 'resource = "x"'])(
    'is not a file of the project or of root: %s',
    (line) => {
      for (const layer of ['project', 'managed'] as const)
        expect(() => parseConfig({ layer, file: '/p.toml', text: `[provider]\n${line}\n` })).toThrow(/^\/p\.toml:[12]: provider/)
    },
  )

  test.each(['service = "mantle"', 'region = "eu.example.org"', 'resource = "a/b"'])(
    'is no value of a file that makes none: %s',
    (line) => expect(() => parseConfig({ layer: 'user', file: '/c.toml', text: `[provider]\n${line}\n` })).toThrow(),
  )
})

test('its keys stay outside every box and every program', () => {
  for (const name of ['AWS_BEARER_TOKEN_BEDROCK', 'ANTHROPIC_FOUNDRY_API_KEY', 'CLOUDSDK_AUTH_ACCESS_TOKEN']) {
    expect(KEPT_OUTSIDE).toContain(name)
    expect(isPrivate(name)).toBe(true)
  }
  // An engine logs in to a registry with them.
  expect(isPrivate('AWS_ACCESS_KEY_ID')).toBe(false)
})

test('where hosts are managed, a service goes without saying only at the address that is managed', () => {
  const agent = agentOf({ agent: 'claude', agents: [], service: 'bedrock', region: 'eu-west-1' })
  const host = { env: {} } as unknown as Host
  expect(ownProviders({ host, agent, managed: {} })).toEqual([])
  expect(ownProviders({ host, agent, managed: { baseUrl: 'https://gateway.example.org' } })).toEqual(['gateway.example.org:443'])
  expect(ownProviders({ host, agent: agents.claude, managed: {} })).toContain('api.anthropic.com:443')
})

test('of your own settings of Claude, what chooses a service and where it is does not come in', () => {
  const env = {
    CLAUDE_CODE_USE_BEDROCK: '1',
    AWS_REGION: 'us-east-1',
    ANTHROPIC_FOUNDRY_RESOURCE: 'x',
    CLAUDE_CODE_USE_VERTEX: '1',
    CLOUD_ML_REGION: 'x',
    EDITOR: 'vi',
  }
  const source = { path: '/h/.claude', home: '/h' }
  const { settings } = bringSettings({ env }, { keep: [], source } as never)
  expect(settings).toEqual({ env: { EDITOR: 'vi' } })
})

test('the box is told the service, the region and the address, and no key', () => {
  const env = { ANTHROPIC_FOUNDRY_API_KEY: 'k', AWS_BEARER_TOKEN_BEDROCK: 'k', AWS_ACCESS_KEY_ID: 'k', AWS_REGION: 'us-east-1' }
  const told = (service: Parameters<typeof serviceProvider>[0], more: Host['env'] = {}) => {
    const host = { env: { ...env, ...more } } as unknown as Host
    const usual = Object.keys(agents.claude.environment(host, []))
    return Object.fromEntries(
      Object.entries(agents.claude.services?.at(agents.claude, service).environment(host, []) ?? {}).filter(
        ([name]) => !usual.includes(name),
      ),
    )
  }
  expect(told(BEDROCK)).toEqual({ CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'eu-west-1' })
  expect(told(BEDROCK, { ANTHROPIC_BEDROCK_BASE_URL: 'https://g.example', CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1' })).toEqual({
    CLAUDE_CODE_USE_BEDROCK: '1',
    AWS_REGION: 'eu-west-1',
    ANTHROPIC_BEDROCK_BASE_URL: 'https://g.example',
    CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
  })
  expect(told(VERTEX, { CLOUDSDK_AUTH_ACCESS_TOKEN: 'k' })).toEqual({
    CLAUDE_CODE_USE_VERTEX: '1',
    CLOUD_ML_REGION: 'europe-west1',
    ANTHROPIC_VERTEX_PROJECT_ID: 'my-project',
    CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
  })
  expect(told(FOUNDRY)).toEqual({
    CLAUDE_CODE_USE_FOUNDRY: '1',
    ANTHROPIC_FOUNDRY_BASE_URL: 'https://my-res.services.ai.azure.com/anthropic',
  })
})

// The real program, with engines that answer what real ones were recorded to say.
describe('a start', () => {
  let machine: Machine
  beforeEach(() => {
    machine = makeMachine(['docker'])
  })
  afterEach(() => machine.dispose())

  const KEY = 'bedrock-api-key-of-the-caller'
  const AT = { CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'eu-west-1', PAUDE_LOGIN_INSIDE: undefined }
  const env = { ...AT, AWS_BEARER_TOKEN_BEDROCK: KEY }
  const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
  /** What the proxy was given on its stdin. */
  const handed = () => {
    const file = join(machine.room, 'fake/credential')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  const squidConf = () =>
    machine
      .kept()
      .split('\n')
      .filter((line) => line.startsWith('acl '))
      .join('\n')

  test('hands the key to the proxy and to nobody else, also when it is started again', async () => {
    const more = { AWS_SECRET_ACCESS_KEY: 'signs-requests', ANTHROPIC_API_KEY: 'sk-ant-api03-of-another' }
    const started = await machine.paude(['--detach'], { env: { ...env, ...more } })
    expect(started.code).toBe(0)
    expect(handed()).toBe(`${KEY}\n${KEY}`)
    const id = started.stdout.trim()
    expect(squidConf()).toContain('bedrock-runtime.eu-west-1.amazonaws.com')
    machine.ended('killed')
    // The record says which service it is, whatever variables say by then.
    const again = await machine.paude(['start', id], { env: { AWS_BEARER_TOKEN_BEDROCK: 'another-key' } })
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(handed()).toBe('another-key\nanother-key')
    const seen = [started.stdout, started.stderr, ...machine.calls().flat(), machine.kept()].join('\n')
    for (const secret of [KEY, 'another-key', ...Object.values(more)]) expect(seen).not.toContain(secret)
    expect(seen).toContain('AWS_BEARER_TOKEN_BEDROCK=paude-placeholder')
  })

  test('at an address of yours needs no region, and neither when it is started again', async () => {
    const there = { ...env, AWS_REGION: '', ANTHROPIC_BEDROCK_BASE_URL: 'https://gateway.example.org/aws' }
    const started = await machine.paude(['--detach'], { env: there })
    expect([started.code, started.stderr]).toEqual([0, ''])
    machine.ended('killed')
    const again = await machine.paude(['start', started.stdout.trim()], { env: { AWS_BEARER_TOKEN_BEDROCK: 'another-key' } })
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(handed()).toBe('another-key\nanother-key')
  })

  test('without the key is refused, with the reason why other credentials cannot be used', async () => {
    const refused = async (more: Record<string, string>, words: readonly string[] = []) => {
      const { code, stderr } = await machine.paude([...words, '-p', 'x'], { env: { ...AT, ...more } })
      return `${code} ${stderr}`
    }
    expect(await refused({ ANTHROPIC_API_KEY: 'sk-ant-api03-x' })).toBe(
      '125 paude: no credential for Claude on Amazon Bedrock\n  → export AWS_BEARER_TOKEN_BEDROCK=…, or paude config set provider.api_key file:PATH\n',
    )
    expect(await refused({ AWS_ACCESS_KEY_ID: 'AKIA' })).toContain('AWS_ACCESS_KEY_ID would sign each request in the sandbox')
    expect(await refused({ AWS_BEARER_TOKEN_BEDROCK: KEY, AWS_REGION: '' })).toContain(
      'Amazon Bedrock needs a region\n  → export AWS_REGION',
    )
    expect(await refused({}, ['--login-inside'])).toContain('Claude cannot log in to Amazon Bedrock inside the sandbox')
    expect(await refused({ AWS_BEARER_TOKEN_BEDROCK: KEY }, ['--env=AWS_BEARER_TOKEN_BEDROCK'])).toContain(
      'AWS_BEARER_TOKEN_BEDROCK stays outside the sandbox',
    )
    expect(machine.calls().flat()).not.toContain('create')
  })

  test('with a service that paude does not know is refused, and not taken for the usual provider', async () => {
    const key = { ANTHROPIC_API_KEY: 'sk-ant-api03-x', PAUDE_LOGIN_INSIDE: undefined }
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { ...key, CLAUDE_CODE_USE_MANTLE: '1' } })
    expect([code, stderr]).toEqual([
      125,
      expect.stringContaining('CLAUDE_CODE_USE_MANTLE is set, and paude cannot use this provider'),
    ])
    const off = await machine.paude(['--dry-run', '-p', 'x'], { env: { ...key, CLAUDE_CODE_USE_MANTLE: '0' } })
    expect(off.code).toBe(0)
    expect((await machine.paude(['--dry-run', 'mcp', 'list'], { env: { ...key, CLAUDE_CODE_USE_MANTLE: '1' } })).code).toBe(0)
  })

  test('on Vertex hands over what gcloud prints, renews it, and says how where nothing gives one', async () => {
    const choice = { CLAUDE_CODE_USE_VERTEX: '1', CLOUD_ML_REGION: 'europe-west1', ANTHROPIC_VERTEX_PROJECT_ID: 'my-project' }
    const env = { ...choice, PAUDE_LOGIN_INSIDE: undefined }
    expect((await machine.paude(['-p', 'x'], { env })).stderr).toContain(
      'auth_token = { command = ["gcloud", "auth", "print-access-token"], every = 240 }',
    )
    expect((await machine.paude(['-p', 'x'], { env: { ...env, CLAUDE_CODE_USE_MANTLE: '1' } })).stderr).toContain(
      'CLAUDE_CODE_USE_MANTLE is set',
    )
    machine.program('gcloud', '#!/bin/sh\n[ "$*" = "auth print-access-token" ] && echo ya29.printed-by-gcloud\n')
    const text =
      '[provider]\nservice = "vertex"\nauth_token = { command = ["gcloud", "auth", "print-access-token"], every = 240 }\n'
    machine.write(join(machine.home, '.config/paude/config.toml'), text)
    const { code, stdout } = await machine.paude(['--detach', '-p', 'x'], { env })
    expect([code, handed()]).toEqual([0, 'ya29.printed-by-gcloud'])
    expect(machine.calls().flat()).toContain('--env=CLAUDE_CODE_SKIP_VERTEX_AUTH=1')
    expect(machine.calls().flat().join(' ')).not.toContain('ya29')
    const { renewals } = await import('../src/session/record/renewals.ts')
    const record = JSON.parse(readFileSync(join(machine.folderOf(stdout.trim()), 'session.json'), 'utf8'))
    expect(renewals(record)).toMatchObject([{ name: 'CLOUDSDK_AUTH_ACCESS_TOKEN', every: 240, places: [{ at: 0 }] }])
  })

  test('on Vertex hands over the token of gcloud for Gemini too, and no service of another agent', async () => {
    machine.program('gcloud', '#!/bin/sh\necho ya29.printed-by-gcloud\n')
    configure(
      '[provider]\nservice = "vertex"\nregion = "europe-west1"\nresource = "my-project"\nauth_token = { command = ["gcloud", "auth", "print-access-token"] }\n',
    )
    const there = { PAUDE_LOGIN_INSIDE: undefined, PAUDE_AGENT: 'gemini', GEMINI_API_KEY: 'AIza-never' }
    const { code, stderr } = await machine.paude(['--detach', '-p', 'x'], { env: there })
    expect([code, stderr, handed()]).toEqual([0, '', 'ya29.printed-by-gcloud'])
    const conf = squidConf()
    expect(conf).toContain('europe-west1-aiplatform.googleapis.com')
    expect(conf).not.toContain('generativelanguage')
    expect(machine.calls().flat().join(' ')).not.toMatch(/ya29|AIza-never/)
    configure('[provider]\nservice = "bedrock"\nregion = "eu-west-1"\napi_key = "env:KEY_OF_BEDROCK"\n')
    await machine.paude(['--detach', '-p', 'x'], { env: { ...there, KEY_OF_BEDROCK: 'bedrock-never' } })
    expect(handed()).toBe('AIza-never')
  })

  test('of a project is not sent to a service by the file of that project', async () => {
    const key = { ANTHROPIC_API_KEY: 'sk-ant-api03-x', AWS_BEARER_TOKEN_BEDROCK: KEY }
    machine.write(join(machine.project, 'paude.toml'), '[env]\nCLAUDE_CODE_USE_BEDROCK = "1"\nAWS_REGION = "eu-west-1"\n')
    machine.write(
      join(machine.project, '.claude/settings.json'),
      '{"env":{"CLAUDE_CODE_USE_BEDROCK":"1","ANTHROPIC_BEDROCK_BASE_URL":"https://evil.example.org"}}',
    )
    await machine.paude(['trust', '--yes'])
    await machine.paude(['--detach'], { env: key })
    expect(handed()).toBe('sk-ant-api03-x')
    const conf = squidConf()
    expect(conf).toContain('api.anthropic.com')
    expect(conf).not.toMatch(/evil\.example|bedrock/)
  })

  test('uses no login of Anthropic, and paude login makes none for a service', async () => {
    const login = join(machine.home, '.local/state/paude/logins/claude.json')
    const address = 'https://gateway.example.org'
    const kept = { v: 1, key: 'apiKey', address, keeper: 'file', since: new Date(0).toISOString(), value: 'sk-ant-api03-kept' }
    machine.write(login, JSON.stringify(kept))
    chmodSync(login, 0o600)
    const there = { ...AT, ANTHROPIC_BEDROCK_BASE_URL: address }
    await machine.paude(['--detach', '-p', 'x'], { env: there })
    expect(handed()).toBe('')
    const { code, stderr } = await machine.paude(['login', '--api-key'], { env: there, stdin: 'bedrock-api-key-x\n' })
    expect([code, stderr]).toEqual([1, expect.stringContaining('paude login keeps no key for Amazon Bedrock')])
    expect(readFileSync(login, 'utf8')).toContain('sk-ant-api03-kept')
  })

  test('is told of by status, doctor, agents and the list of what is allowed', async () => {
    configure('[provider]\nservice = "bedrock"\nregion = "eu-west-1"\napi_key = "env:AWS_BEARER_TOKEN_BEDROCK"\n')
    const key = { AWS_BEARER_TOKEN_BEDROCK: KEY, PAUDE_LOGIN_INSIDE: undefined }
    const [status, doctor, listed, allowed] = await Promise.all(
      [['status'], ['doctor', '--verbose'], ['agents', '--json'], ['network', 'list']].map((words) =>
        machine.paude(words, { env: key }),
      ),
    )
    expect(status?.stdout).toMatch(/^provider +bedrock-runtime\.eu-west-1\.amazonaws\.com:443, AWS_BEARER_TOKEN_BEDROCK$/m)
    expect(doctor?.stdout).toContain('bedrock-runtime.eu-west-1.amazonaws.com does not resolve here')
    expect(
      (JSON.parse(listed?.stdout ?? '[]') as { name: string; provider: string }[]).find(({ name }) => name === 'claude'),
    ).toMatchObject({
      provider: 'Amazon Bedrock',
      missing: [],
    })
    expect(allowed?.stdout).toContain('bedrock-runtime.eu-west-1.amazonaws.com:443')
    expect((await machine.paude(['status'], { env: { ...AT, AWS_REGION: '' } })).stdout).toMatch(/^provider +/m)
  })

  test('where a variable says no region is refused, and what only tells of it says so', async () => {
    const wrong = { ...env, AWS_REGION: 'evil.example.org/' }
    const [start, shown, listed, checked, status, sessions] = await Promise.all(
      [['-p', 'x'], ['--dry-run', '-p', 'x'], ['network', 'list'], ['config', 'check'], ['status'], ['sessions']].map((words) =>
        machine.paude(words, { env: wrong }),
      ),
    )
    const fault = 'AWS_REGION is not a region'
    for (const one of [start, shown]) expect([one?.code, one?.stderr]).toEqual([125, expect.stringContaining(fault)])
    expect([listed?.code, listed?.stderr]).toEqual([0, expect.stringContaining(`a start here is refused: ${fault}`)])
    expect([checked?.code, checked?.stderr]).toEqual([2, expect.stringContaining(fault)])
    expect(status?.stdout).toContain(fault)
    expect([sessions?.code, sessions?.stderr]).toEqual([0, ''])
    expect(`${listed?.stdout}${machine.calls().flat().join(' ')}`).not.toContain('evil.example.org')
    configure('[env]\nTOKEN = "file:~/nowhere"\n')
    const both = (await machine.paude(['config', 'check'], { env: wrong })).stderr
    expect([both.includes('nowhere'), both.includes(fault)]).toEqual([true, true])
  })
})
