import { type Credential, credentialOf, needsOf } from '../credentials/credential.ts'
import type { Need } from '../credentials/providers.ts'
import type { Host } from '../host.ts'
import type { Agent } from './agent.ts'
import { asksSomething } from './words.ts'

/** The credential of the caller for the agent's provider, and how it is hidden; null when there is none. */
export const agentCredential = ({ provider }: Agent, host: Pick<Host, 'env'>): Credential | null =>
  provider === null ? null : credentialOf(provider, host)

/** Hosts the agent cannot work without, each with its reason. */
export const agentNeeds = (
  { provider, title }: Agent,
  host: Pick<Host, 'env'>,
  credential: Credential | null,
): readonly Need[] => (provider === null ? [] : needsOf(provider, host, { title, login: credential === null }))

/** Whether the agent asks its models through its provider: not with words that need none, nor where variables of the box name another way. */
export const asksModels = (
  { provider, grammar, otherWays }: Agent,
  words: readonly string[],
  variables: readonly string[],
): boolean => provider !== null && asksSomething(grammar, words) && !variables.some((name) => otherWays.test(name))
