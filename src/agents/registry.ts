import type { Service } from '../credentials/services.ts'
import type { Agent } from './agent.ts'
import { type Chosen, recipeOf } from './chosen.ts'
import { claude } from './claude/claude.ts'
import { codex } from './codex/codex.ts'
import { gemini } from './gemini/gemini.ts'
import { type AgentName, isAgent, unknownAgent } from './names.ts'
import type { Recipe } from './recipe.ts'
import { recipeAgent } from './recipe-agent.ts'
import { shell } from './shell/shell.ts'

/** Every agent that paude has code for. A new one is a folder and a row here. */
export const agents: Readonly<Record<AgentName, Agent>> = { claude, codex, gemini, shell }

/** The agent that a configuration chooses; null where there is none of that name. */
export function knownAgent(chosen: Chosen): Agent | null {
  const { service = '', region = '', resource = '' } = chosen
  if (isAgent(chosen.agent))
    return through(agents[chosen.agent], service === '' ? undefined : { name: service, region, resource })
  const recipe = recipeOf(chosen)
  return recipe === null ? null : recipeAgent(recipe)
}

/** The same, where nothing can go on without one. */
export function agentOf(chosen: Chosen): Agent {
  const agent = knownAgent(chosen)
  if (agent === null) throw unknownAgent(chosen.agent)
  return agent
}

/** The agent of a record, which keeps the recipe of one that is data; null where it names none, such as the command of `paude run`. */
export const agentOfRecord = ({
  agent,
  recipe,
  service,
}: {
  readonly agent: string
  readonly recipe?: Recipe | undefined
  readonly service?: Service | undefined
}): Agent | null => (isAgent(agent) ? through(agents[agent], service) : recipe === undefined ? null : recipeAgent(recipe))

/** The agent with its models from its own provider, where a login of its own takes the place of that. */
export const usualOf = (agent: Agent): Agent =>
  isAgent(agent.name) && agent.service?.name === agent.services?.own?.service ? agents[agent.name] : agent

/** An agent with its models from a service, where it can have them from there. */
const through = (agent: Agent, service: Service | undefined): Agent =>
  service !== undefined && agent.services?.names.includes(service.name) ? agent.services.at(agent, service) : agent
