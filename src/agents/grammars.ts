import { grammar as claude } from './claude/grammar.ts'
import { grammar as codex } from './codex/grammar.ts'
import { grammar as gemini } from './gemini/grammar.ts'
import type { Grammar } from './grammar.ts'
import type { AgentName } from './names.ts'

/** How each agent's words are read. Apart from the registry, since every call of paude loads it. */
export const grammars: Readonly<Record<AgentName, Grammar>> = { claude, codex, gemini }
