import type { Install } from '../image/install.ts'
import { install as claude } from './claude/install.ts'
import { install as codex } from './codex/install.ts'
import { install as gemini } from './gemini/install.ts'
import type { AgentName } from './names.ts'

/** How paude installs each agent; null for one that images have anyway, such as a shell. Apart from the registry, since the configuration reads it. */
export const installs: Readonly<Record<AgentName, Install | null>> = { claude, codex, gemini }
