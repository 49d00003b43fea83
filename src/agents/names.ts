import { PaudeError } from '../errors.ts'

/** Agents that paude runs; each has its row in the registry. */
export const agentNames = ['claude', 'codex', 'gemini'] as const
export type AgentName = (typeof agentNames)[number]

/** What each is called in sentences. */
export const titles: Readonly<Record<AgentName, string>> = { claude: 'Claude', codex: 'Codex', gemini: 'Gemini' }

/** The agent where nothing names another one. */
export const usualAgent: AgentName = agentNames[0]

export const isAgent = (name: string): name is AgentName => agentNames.some((known) => known === name)

/** What is said of another one, behind what names it. */
export const noAgent = (name: string): string => `is ${JSON.stringify(name)}: this paude runs ${agentNames.join(', ')}`

/** `where` names the variable that says it. */
export function requireAgent(name: string, where: string): void {
  if (!isAgent(name))
    throw new PaudeError('usage', `${where} ${noAgent(name)}`, { hint: `choose one of ${agentNames.join(', ')}` })
}
