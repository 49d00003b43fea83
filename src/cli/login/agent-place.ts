import type { Agent } from '../../agents/agent.ts'
import { type AgentName, agentNames, requireAgent } from '../../agents/names.ts'
import { agents } from '../../agents/registry.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'

export const agentPlace = {
  type: 'positional',
  description: `Agent: ${agentNames.join(' or ')} (default: the one of your configuration)`,
  offers: agentNames,
} as const

/** The agent that a word names; without one, the one of the configuration. */
export async function namedAgent({ host, flags }: Pick<Context, 'host' | 'flags'>, word: string | undefined): Promise<Agent> {
  if (word === undefined) return agents[(await loadConfig(host, flags)).settings.agent]
  requireAgent(word, 'AGENT')
  return agents[word as AgentName]
}
