import { type Credential, credentialsOf, needsOf } from '../credentials/credential.ts'
import type { Need } from '../credentials/providers.ts'
import type { Host } from '../host.ts'
import type { Agent } from './agent.ts'
import { asksSomething } from './words.ts'

/** The caller's credentials for the agent's providers, and how each is hidden. */
export const agentCredentials = ({ providers }: Agent, host: Pick<Host, 'env'>): readonly Credential[] =>
  credentialsOf(providers, host)

/** Hosts the agent cannot work without, each with its reason: its provider of choice where the caller has no credential. */
export function agentNeeds(
  { providers, title }: Agent,
  host: Pick<Host, 'env'>,
  credentials: readonly Credential[],
): readonly Need[] {
  const known = providers.filter(({ address }) => credentials.some((one) => one.addressVariable === address.variable))
  const login = known.length === 0
  return (login ? providers.slice(0, 1) : known).flatMap((provider) => needsOf(provider, host, { title, login }))
}

/** Hosts that a recipe names besides its provider. */
export const furtherNeeds = ({ hosts, title }: Pick<Agent, 'hosts' | 'title'>): readonly Need[] =>
  hosts.map((host) => ({ host, why: `hosts of agent ${title}` }))

/** Variables by which a user sends the agent to other providers, for hints. */
export const addressesOf = (agent: Pick<Agent, 'providers'> | null): string =>
  (agent?.providers ?? []).map(({ address }) => address.variable).join(', ')

/** Whether the agent asks its models through its providers: not with words that need none, nor where variables of the box name another way. */
export const asksModels = (
  { providers, grammar, otherWays }: Agent,
  words: readonly string[],
  variables: readonly string[],
): boolean => providers.length > 0 && asksSomething(grammar, words) && !variables.some((name) => otherWays.test(name))
