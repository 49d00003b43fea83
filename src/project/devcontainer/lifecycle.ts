import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { expand, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** In their order. All but the last run once in the life of a session. */
const STAGES = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand'] as const

/** What runs in the box before its agent, from `folder`. */
export const readLifecycle = (found: Devcontainer, folder: string, scope: Scope): readonly LifecycleStep[] =>
  STAGES.flatMap((stage) => {
    const said = found[stage]
    if (said === undefined) return []
    const named = typeof said === 'string' || Array.isArray(said) ? { '': said } : said
    return Object.entries(named)
      .filter(([, command]) => command.length > 0)
      .map(([name, command]): LifecycleStep => {
        const filled = (text: string) => expand(text, stage, scope)
        return {
          kind: 'run',
          stage,
          name,
          once: stage !== 'postStartCommand',
          folder,
          command: typeof command === 'string' ? filled(command) : command.map(filled),
        }
      })
  })
