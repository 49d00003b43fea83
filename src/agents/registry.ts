import type { Agent } from './agent.ts'
import { claude } from './claude/claude.ts'
import type { AgentName } from './names.ts'

/** Every agent that a start can run. A new one is a file and a row here. */
export const agents: Readonly<Record<AgentName, Agent>> = { claude }
