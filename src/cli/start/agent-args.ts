import type { Agent } from '../../agents/agent.ts'
import { argsOf } from '../../agents/chosen.ts'
import { asksSomething } from '../../agents/words.ts'
import type { Settings } from '../../config/keys/settings.ts'

/** Words of `agent_args` come first, so of two that exclude each other the typed one wins. The agent's own verbs take none. */
export const withAgentArgs = (typed: readonly string[], { grammar }: Agent, settings: Settings): readonly string[] =>
  asksSomething(grammar, typed) ? [...argsOf(settings), ...settings.agentArgs, ...typed] : typed
