import type { Install } from '../image/install.ts'
import { install as claude } from './claude/install.ts'
import type { AgentName } from './names.ts'

/** How paude installs each agent. Apart from the registry, since a default of the configuration is read there. */
export const installs = { claude } as const satisfies Readonly<Record<AgentName, Install>>
