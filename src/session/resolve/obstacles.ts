import type { Agent } from '../../agents/agent.ts'
import { agentCredential, agentNeeds, asksModels } from '../../agents/models.ts'
import type { SessionSpec } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Need } from '../../credentials/providers.ts'
import type { Host } from '../../host.ts'
import type { Policy } from '../../network/allow.ts'
import { decide, type Target } from '../../network/decide.ts'
import type { SessionRecord } from '../record/record.ts'
import { unsetCredential } from './provider.ts'

export type Wanted = {
  readonly agent: Agent
  /** The agent's own words. */
  readonly words: readonly string[]
  readonly config: Config
  /** With the provider as the configuration says it. */
  readonly host: Host
  readonly spec: Pick<SessionSpec, 'network' | 'terminal' | 'secretEnvironment'>
  readonly record: Pick<SessionRecord, 'credential'>
}

/** What keeps the agent from its models and is known before the start: one line each, none where all is well. */
export function obstacles({ agent, words, config, host, spec, record }: Wanted): readonly string[] {
  if (!asksModels(agent, words, Object.keys(spec.secretEnvironment))) return []
  if (spec.network.mode === 'none') return [`without a network ${agent.title} cannot reach its model`]
  const { policy } = spec.network
  const needs = agentNeeds(agent, host, record.credential === '' ? null : agentCredential(agent, host))
  const blocked = needs.flatMap((need) => blockedNeed(policy, need))
  return [...blocked, ...(record.credential === '' ? [noCredential({ config, host, spec }, blocked.length === 0)] : [])]
}

function blockedNeed(policy: Policy, { host: place, why }: Need): readonly string[] {
  const target = targetOf(policy, place)
  // At a base URL of the box the credential's own rules do not judge the name.
  const judged = policy.injection?.way === 'base-url' ? { ...policy, injection: null } : policy
  const { decision, rule, why: who } = decide(judged, target, null)
  if (decision === 'allowed') return []
  const because = [rule, ...(who === '' ? [] : [who])].join(', ')
  const next = rule.startsWith('denied') ? 'take that entry back' : `paude network why ${target.scheme}://${place} tells more`
  return [`${place} (${why}) is blocked (${because}): ${next}`]
}

/** What the agent asks for there. */
function targetOf({ injection }: Policy, place: string): Target {
  const [host = '', digits] = place.split(':')
  const port = Number(digits)
  return injection?.host === host && injection.port === port
    ? { scheme: injection.scheme, host, port, path: `${injection.prefix}/v1/messages` }
    : { scheme: port === 80 ? 'http' : 'https', host, port, path: '/' }
}

/**
 * A line and no error: a login that was made inside the box lies in the project's HOME, which only a box sees, and it counts for
 * `-p` too. Without any, Claude says so itself and ends.
 */
function noCredential({ config, host, spec }: Pick<Wanted, 'config' | 'host' | 'spec'>, reachable: boolean): string {
  const unset = unsetCredential(host, config)
  const give =
    unset === ''
      ? 'export ANTHROPIC_API_KEY=… or say where it is: paude config set provider.api_key file:PATH'
      : `export ${/: (\S+) is not set$/.exec(unset)?.[1] ?? 'it'}=…`
  // A login is Anthropic's own: it helps nowhere else.
  const helps = reachable && !host.env['ANTHROPIC_BASE_URL']
  const login = spec.terminal
    ? '; or type /login in the box, unless you did so in this project before'
    : '; without it, only an earlier /login in the box of this project counts'
  return `${unset || 'no credential found'}: ${give}${helps ? login : ''}`
}
