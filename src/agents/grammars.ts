import type { Grammar } from './agent.ts'
import { isOption, isVerb, sortWords } from './claude/words.ts'
import type { AgentName } from './names.ts'

/** How each agent's words are read. Apart from the registry, since every call of paude loads it. */
export const grammars: Readonly<Record<AgentName, Grammar>> = {
  claude: { options: (words) => sortWords(words).options, isOption, isVerb },
}
