import { describe, expect, test } from 'bun:test'
import { install } from '../../src/agents/claude/install.ts'
import { addressesOf } from '../../src/agents/models.ts'
import { agents } from '../../src/agents/registry.ts'
import { refuseNearVerb, suspicions } from '../../src/cli/start/near-misses.ts'
import { saidCredential } from '../../src/config/keys/provider.ts'
import type { Layer } from '../../src/config/keys/settings.ts'
import { configOf, type Layers, loadConfig } from '../../src/config/layers/load.ts'
import { DEFAULTS, mergeSources, onlySaid } from '../../src/config/layers/merge.ts'
import type { Provider } from '../../src/credentials/providers.ts'
import { type Host, readHost } from '../../src/host.ts'
import { BASE } from '../../src/image/build.ts'
import { ownImages, startImage } from '../../src/session/life/images.ts'
import { ownProviders } from '../../src/session/resolve/network.ts'
import { obstacles } from '../../src/session/resolve/obstacles.ts'
import { withProvider } from '../../src/session/resolve/provider.ts'
import { haveShell, SHELL } from '../support/shell-agent.ts'
import { cases } from '../support/specs.ts'

const host = readHost()
const merged = (...values: readonly Layer[]) =>
  mergeSources({ file: '', sources: values.map((one) => onlySaid('user', one, {})), managed: [] })

describe('an agent that needs no install', () => {
  haveShell()
  const settings = { ...DEFAULTS, agent: SHELL }

  test('runs in the base as it is, or in an image of yours', () => {
    expect(startImage(host, settings, '')).toBe(BASE)
    expect(startImage(host, { ...settings, imageBase: 'example/base:1' }, '')).toBe('example/base:1')
    expect(startImage(host, { ...settings, image: 'example/mine:1' }, '')).toBe('example/mine:1')
  })

  test('has paude make the image of the wall alone', () =>
    expect(ownImages(host, settings, '').map(({ image }) => image)).toEqual(['proxy']))

  test('has no release, and the others have that of their own row', () => {
    const release = (...values: readonly Layer[]) => merged(...values).settings.agentVersion
    expect(release()).toBe(install.version)
    expect(release({ agent: SHELL })).toBe('')
    expect(release({ agent: SHELL }, { agentVersion: '1.2.3' })).toBe('1.2.3')
  })
})

describe('the words before a start', () => {
  haveShell()
  const verbs = ['stop', 'status']
  const near = (env: Host['env']) => () => refuseNearVerb(['stap', 'now'], { host: { env }, verbs })

  test('are read as those of the agent that the variable names', () => {
    expect(near({ PAUDE_AGENT: SHELL })).not.toThrow()
    expect(near({})).toThrow('paude has no verb "stap"')
    expect(suspicions(['--netwrok', 'x'], { env: { PAUDE_AGENT: SHELL } })).toEqual([
      "--netwrok goes to Shell; did you mean paude's --network?",
    ])
  })

  test('are read as those of the usual one where the variable names none', () =>
    expect(near({ PAUDE_AGENT: 'nobody' })).toThrow('paude has no verb "stap"'))
})

const OTHER: Provider = {
  title: 'Second',
  secrets: [
    {
      key: 'apiKey',
      variable: 'OTHER_KEY',
      header: 'Authorization',
      lead: 'Bearer',
      shape: '',
      begins: '',
      placeholder: 'nothing',
    },
  ],
  address: { variable: 'OTHER_URL', usual: 'https://models.other.test' },
  api: '/v1/chat',
  others: '',
  further: [],
  login: [],
  private: /^OTHER_/,
  common: false,
}

test('a setting that a verb chooses is no flag that somebody typed', async () => {
  const nowhere = { ...host, env: {}, home: '', managedFile: '/nonexistent' }
  expect((await loadConfig(nowhere, { fallback: 'host', sessionName: 'x' })).origins).toMatchObject({
    fallback: [{ layer: 'flag', place: '' }],
    sessionName: [{ layer: 'flag', place: '--session-name' }],
  })
})

describe('an agent with another provider', () => {
  haveShell([OTHER])
  const env = (layer: Layer, env: Host['env'] = {}) =>
    withProvider({ env, home: '/h', uid: 0, platform: 'linux' }, merged({ agent: SHELL }, layer)).then((machine) => machine.env)

  test('is the one that [provider] speaks of', async () => {
    expect(await env({ baseUrl: 'https://gateway.test', apiKey: 'env:MINE' }, { MINE: 'k3y', ANTHROPIC_API_KEY: 'x' })).toEqual({
      ...{ MINE: 'k3y', ANTHROPIC_API_KEY: 'x' },
      ...{ OTHER_URL: 'https://gateway.test', OTHER_KEY: 'k3y' },
    })
    expect(saidCredential({ ...merged({ agent: SHELL }, { apiKey: 'env:MINE' }).settings })?.variable).toBe('OTHER_KEY')
  })

  test('is not let in by a credential of another kind', () =>
    expect(env({ oauthToken: 'env:MINE' }, { MINE: 'k3y' })).rejects.toThrow(
      "provider.oauth_token: the agent's provider does not take this credential",
    ))

  test('has its own variable for the address, which files bound as any other', () => {
    const at = (env: Host['env'], agent?: Layer) => {
      const environment = onlySaid('environment', agent ?? {}, {})
      const none = { sources: [], profiles: [] }
      const layers: Layers = {
        user: none,
        managed: none,
        environment,
        env,
        flags: onlySaid('flag', {}, {}),
        file: '',
        profile: '',
      }
      const { settings, origins } = configOf(layers)
      return [settings.baseUrl, origins.baseUrl[0]?.place]
    }
    const both = { OTHER_URL: 'https://one.test', ANTHROPIC_BASE_URL: 'https://two.test' }
    expect(at(both, { agent: SHELL })).toEqual(['https://one.test', 'OTHER_URL'])
    expect(at(both)).toEqual(['https://two.test', 'ANTHROPIC_BASE_URL'])
  })

  test('is what a managed address and hints speak of', () => {
    const agent = agents[SHELL]
    expect(ownProviders({ host, agent, managed: { baseUrl: 'https://gateway.test' } })).toEqual([
      'models.other.test:443',
      'gateway.test:443',
    ])
    expect(addressesOf(agent)).toBe('OTHER_URL')
  })

  test('is the one whose credential is missed, and no login inside the sandbox is advised that the agent does not have', () => {
    const plain = cases['plain']?.spec.network
    if (plain === undefined || plain.mode === 'none') throw new Error('no such case')
    const allow = [{ host: 'models.other.test', ports: [443], privateRange: '', why: '' }]
    const network = { ...plain, policy: { ...plain.policy, allow } }
    const config = merged({ agent: SHELL })
    const found = obstacles({
      ...{ agent: agents[SHELL], words: ['hello'], config, host: { ...host, env: { OTHER_URL: 'https://models.other.test' } } },
      ...{ spec: { network, terminal: true, secretEnvironment: {} }, record: { credentials: [] } },
    })
    expect(found).toEqual([
      'no credential for models.other.test: paude login second --api-key, or export OTHER_KEY=…, or paude config set provider.api_key file:PATH',
    ])
  })
})
