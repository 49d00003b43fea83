import { PaudeError } from '../errors.ts'

/** Agents that paude has code for; each has its row in the registry. */
export const agentNames = ['claude', 'codex', 'gemini', 'shell'] as const
export type AgentName = (typeof agentNames)[number]

/** Agents that paude has a recipe for: data, which `[agents.NAME]` can change. */
export const recipeNames = ['aider', 'opencode', 'amazon-q', 'goose', 'cursor-agent'] as const
export type RecipeName = (typeof recipeNames)[number]

/** What each is called in sentences. */
export const titles: Readonly<Record<AgentName, string>> = {
  claude: 'Claude',
  codex: 'Codex',
  gemini: 'Gemini',
  shell: 'the shell',
}

/** The agent where nothing names another one. */
export const usualAgent: AgentName = agentNames[0]

/** Every agent that needs no configuration, in the order in which they are shown. */
export const knownNames: readonly string[] = [...agentNames, ...recipeNames]

export const isAgent = (name: string): name is AgentName => agentNames.some((known) => known === name)

/** Names that mean something else in a record. */
const RESERVED: readonly string[] = ['command']

/** What an agent may be called: it is in the names of volumes, images and labels. */
export const isAgentName = (name: string): boolean =>
  /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name) && (isAgent(name) || !RESERVED.includes(name))

/** What is said of another one, behind what names it. */
export const noAgent = (name: string): string => `is ${JSON.stringify(name)}: this paude runs ${knownNames.join(', ')}`

/** Refuses what cannot be the name of an agent; `where` names the variable that says it. Whether there is one, only all files tell. */
export function requireAgentName(name: string, where: string): void {
  if (!isAgentName(name)) throw new PaudeError('usage', `${where} ${noAgent(name)}`, { hint: CHOOSE })
}

const CHOOSE = 'choose one of them, or define it: [agents.NAME] in your config.toml; paude agents lists them'

/** There is no agent of this name in any file. */
export const unknownAgent = (name: string): PaudeError => new PaudeError('config', `agent ${noAgent(name)}`, { hint: CHOOSE })
