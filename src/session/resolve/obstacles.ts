import type { Agent } from '../../agents/agent.ts'
import { agentCredentials, agentNeeds, asksModels } from '../../agents/models.ts'
import type { SessionSpec } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Need, Provider } from '../../credentials/providers.ts'
import type { Host } from '../../host.ts'
import { providerAddress, readKept } from '../../login/kept.ts'
import type { Injection, Policy } from '../../network/allow.ts'
import { decide, type Target } from '../../network/decide.ts'
import { atBaseUrl } from '../../network/inject.ts'
import { ofProviders } from '../../network/reach.ts'
import { shown } from '../../text.ts'
import type { SessionRecord } from '../record/record.ts'
import { wayToGive } from './missing-credential.ts'
import { unsetCredential } from './provider.ts'

export type Wanted = {
  readonly agent: Agent
  /** The agent's own words. */
  readonly words: readonly string[]
  readonly config: Config
  /** With the provider as the configuration says it. */
  readonly host: Host
  readonly spec: Pick<SessionSpec, 'network' | 'terminal' | 'secretEnvironment'>
  readonly record: Pick<SessionRecord, 'credentials'>
}

/** What keeps the agent from its models and is known before the start: one line each, none where all is well. */
export function obstacles({ agent, words, config, host, spec, record }: Wanted): readonly string[] {
  if (!asksModels(agent, words, Object.keys(spec.secretEnvironment))) return []
  if (spec.network.mode === 'none') return [`without a network ${agent.title} cannot reach its model`]
  const { policy } = spec.network
  const needs = agentNeeds(agent, host, ofProviders(record.credentials).length === 0 ? [] : agentCredentials(agent, host))
  const blocked = needs.flatMap((need) => blockedNeed(policy, need))
  return [
    ...blocked,
    ...(ofProviders(record.credentials).length === 0
      ? agent.providers
          .slice(0, 1)
          .flatMap((provider) => noCredential({ agent, config, host, spec }, provider, blocked.length === 0))
      : []),
  ]
}

function blockedNeed(policy: Policy, { host: place, why }: Need): readonly string[] {
  const target = targetOf(policy, place)
  // At a base URL of the box the credential's own rules do not judge the name.
  const judged =
    atBaseUrl(policy) === null ? { ...policy, injections: policy.injections.map(anyPath) } : { ...policy, injections: [] }
  const { decision, rule, why: who } = decide(judged, target, null)
  if (decision === 'allowed') return []
  const because = [rule, ...(who === '' ? [] : [who])].join(', ')
  const next = rule.startsWith('denied') ? 'remove that entry' : `paude network why ${target.scheme}://${place}`
  return [`${place} (${why}) is blocked (${because}): ${next}`]
}

/** Which of the API's paths the agent asks for is its affair: one stands for all. */
const ANY_PATH = '/api'
const anyPath = (injection: Injection): Injection => ({ ...injection, api: ANY_PATH })

/** What the agent asks for there. */
function targetOf({ injections }: Policy, place: string): Target {
  const [host = '', digits] = place.split(':')
  const port = Number(digits)
  const injection = injections.find((one) => one.host === host && one.port === port)
  return injection !== undefined
    ? { scheme: injection.scheme, host, port, path: `${injection.prefix}${ANY_PATH}` }
    : { scheme: port === 80 ? 'http' : 'https', host, port, path: '/' }
}

/**
 * A line and no error: a login that was made inside the box lies in the project's HOME, which only a box sees, and an address of your own
 * may need no credential.
 */
function noCredential(
  { agent, config, host, spec }: Pick<Wanted, 'agent' | 'config' | 'host' | 'spec'>,
  provider: Provider,
  reachable: boolean,
): readonly string[] {
  if (config.settings.login === 'inside')
    return !reachable || agent.login === ''
      ? []
      : [
          spec.terminal
            ? `login inside the sandbox: type ${agent.login}, unless you did so in this project before; it is for this project only, and the agent can read the token`
            : `login inside the sandbox: without a terminal you need an earlier ${agent.login} in this project`,
        ]
  // Where the agent's own settings bring a credential, nothing lacks.
  if (!host.env[provider.address.variable]) return []
  const unset = unsetCredential(host, config)
  if (unset !== '') return [`${unset}: export ${/: (\S+) is not set$/.exec(unset)?.[1] ?? 'it'}=…`]
  const [address, kept] = [providerAddress(provider, host), readKept(host, config.settings.agent)]
  const elsewhere = kept === null ? '' : ` (the login that paude keeps is for ${shown(new URL(kept.address).host)})`
  return [
    `no credential for ${shown(new URL(address).host)}${elsewhere}: paude login ${agent.name} --api-key, or ${wayToGive(provider)}`,
  ]
}
