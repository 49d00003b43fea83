import type { Agent } from './agent.ts'
import { claude } from './claude/claude.ts'
import { codex } from './codex/codex.ts'
import { gemini } from './gemini/gemini.ts'
import { type AgentName, isAgent } from './names.ts'

/** Every agent that a start can run. A new one is a file and a row here. */
export const agents: Readonly<Record<AgentName, Agent>> = { claude, codex, gemini }

/** The agent of a record; null where it names none, such as the command of `paude run`. */
export const agentNamed = (name: string): Agent | null => (isAgent(name) ? agents[name] : null)
