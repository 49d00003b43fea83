import type { Agent } from '../../agents/agent.ts'
import { knownNames } from '../../agents/names.ts'
import { agentOf } from '../../agents/registry.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'

export const agentPlace = {
  type: 'positional',
  description: 'Agent (default: the one of your configuration)',
  offers: knownNames,
} as const

/** The agent that a word names; without one, the one of the configuration. */
export async function namedAgent({ host, flags }: Pick<Context, 'host' | 'flags'>, word: string | undefined): Promise<Agent> {
  const { settings } = await loadConfig(host, flags)
  return agentOf(word === undefined ? settings : { ...settings, agent: word })
}
