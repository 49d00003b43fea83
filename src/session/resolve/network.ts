import { addressesOf, agentNeeds, furtherNeeds } from '../../agents/models.ts'
import type { Network } from '../../box/spec.ts'
import { uncovered } from '../../config/keys/rules.ts'
import type { Config, Layer } from '../../config/keys/settings.ts'
import { type Credential, needsOf } from '../../credentials/credential.ts'
import { PaudeError } from '../../errors.ts'
import type { Injection } from '../../network/allow.ts'
import { stagesOf } from '../../network/changes.ts'
import { atBaseUrl } from '../../network/inject.ts'
import { parseAllow } from '../../network/pattern.ts'
import { stageFiles, standingFiles } from '../../network/squid-conf.ts'
import { proxySecret, startPolicy } from './policy.ts'
import type { Wish } from './wish.ts'

/** The network of the box with the credentials that its proxy adds. Refuses what the managed file does not allow. */
export function resolveNetwork(
  { host, config, agent, run, around, bound }: Wish,
  session: string,
  credentials: readonly Credential[],
): Network {
  const { settings, managed } = config
  if (settings.network === 'none') {
    refuseTypedLists(config)
    return { mode: 'none' }
  }
  const needs = run.kind === 'agent' ? [...agentNeeds(agent, host, credentials), ...furtherNeeds(agent)] : []
  refuseUnmanaged(
    { host, agent, managed },
    needs.map((need) => need.host),
  )
  const needed = needs.map(({ host: entry, why }) => parseAllow(entry, why))
  const injections = [
    ...credentials.map(({ injection }) => ({ ...injection, way: settings.inject })),
    ...boundInjections({ config, bound }, credentials),
  ]
  if (settings.inject === 'base-url' && credentials.length > 1) throw manyAtBaseUrl(credentials)
  const plain = injections.find(({ scheme, way }) => agent.tunnelsHttp && scheme === 'http' && way === 'bump')
  if (plain !== undefined)
    throw new PaudeError(
      'unsupported',
      `the proxy cannot add the credential of ${agent.title} to http://${plain.host}:${plain.port}: ${agent.title} asks for a tunnel`,
      {
        hint: 'use an address with https, or add --inject base-url',
      },
    )
  const policy = startPolicy(config, { session, needed, injections })
  if (policy.ways.upstream !== null && atBaseUrl(policy) !== null)
    throw new PaudeError('unsupported', 'inject = "base-url" connects to the provider directly, but an upstream proxy is set', {
      hint: 'leave inject out, or add the provider to network.upstream_except',
    })
  const values = bound.flatMap((one) => one.values.map((value) => ({ value })))
  const handed = proxySecret(host, { credentials: [...credentials, ...values], ways: policy.ways })
  return {
    mode: settings.network,
    policy,
    policyFiles: {
      ...stageFiles(stagesOf(policy, [], 0)),
      ...standingFiles(policy),
      ...(around.extraCa === '' ? {} : { 'extra-ca.pem': around.extraCa }),
      ...(handed === null ? {} : { 'await-secret': '' }),
    },
    credential: handed,
  }
}

/** Of a list only what you typed is refused: one from a file or a variable is for sessions that have a network. */
function refuseTypedLists({ origins }: Config): void {
  const typed = (key: 'network' | 'networkAllow' | 'networkGroups' | 'networkPorts') =>
    origins[key].some(({ layer }) => layer === 'flag')
  for (const [key, flag] of [
    ['networkAllow', '--network-allow'],
    ['networkGroups', '--network-group'],
    ['networkPorts', '--network-port'],
  ] as const)
    if (typed(key) && typed('network'))
      throw new PaudeError('usage', `--network none and ${flag} cannot be combined`, { hint: 'leave one of them out' })
}

/** The agent's own provider goes without saying; where a variable sends it instead does not. */
function refuseUnmanaged(
  { host, agent, managed }: Pick<Wish, 'host' | 'agent'> & { readonly managed: Layer },
  needs: readonly string[],
): void {
  if (managed.networkAllow === undefined) return
  const own = new Set(ownProviders({ host, agent, managed }))
  for (const entry of needs)
    if (!own.has(entry) && uncovered('networkAllow', [entry], managed).length > 0)
      throw new PaudeError('refused', `the agent needs ${entry}, which ${host.managedFile} does not allow`, {
        hint: `unset ${addressesOf(agent)} or provider.base_url, or ask the administrator of this machine`,
      })
}

/** Where they go. At the host of a model's provider nothing else is let through, so nothing else can be added there. */
function boundInjections(
  { config: { managed }, bound }: Pick<Wish, 'config' | 'bound'>,
  credentials: readonly Credential[],
): readonly Injection[] {
  for (const { credential, bindings } of bound)
    for (const { host, port } of bindings.injections) {
      if (credentials.some(({ injection }) => injection.host === host && injection.port === port))
        throw new PaudeError('refused', `credentials.${credential.credential}: ${host} is the agent's own provider`, {
          hint: 'leave it out: the proxy adds the credential of the provider there',
        })
      const entry = `${host}:${port}`
      if (managed.networkAllow !== undefined && uncovered('networkAllow', [entry], managed).length > 0)
        throw new PaudeError(
          'refused',
          `credentials.${credential.credential} is for ${entry}, which the managed file does not allow`,
          {
            hint: 'remove it, or ask the administrator of this machine',
          },
        )
    }
  return bound.flatMap(({ bindings }) => bindings.injections)
}

function manyAtBaseUrl(credentials: readonly Credential[]): PaudeError {
  const [variable = '', ...others] = new Set(credentials.map((one) => one.variable))
  return others.length === 0
    ? new PaudeError('unsupported', `inject = "base-url" supports one host, but ${variable} is for several`, {
        hint: 'leave inject out',
      })
    : new PaudeError('unsupported', 'inject = "base-url" supports one provider, but several credentials are set', {
        hint: `unset all but one of ${[variable, ...others].join(', ')}, or leave inject out`,
      })
}

/** The providers that go without saying: the agent's own, and the one that is managed. A cloud in its place is the choice of a user. */
export const ownProviders = ({
  host,
  agent: { providers, title, service },
  managed: { baseUrl },
}: Pick<Wish, 'host' | 'agent'> & { readonly managed: Layer }): readonly string[] =>
  // The address of a file is that of the one it prefers.
  [
    ...(service === undefined ? [{}] : []),
    ...providers.slice(0, 1).flatMap(({ address }) => (baseUrl ? [{ [address.variable]: baseUrl }] : [])),
  ].flatMap((env) =>
    providers.flatMap((provider) => needsOf(provider, { ...host, env }, { title, login: true }).map((need) => need.host)),
  )
