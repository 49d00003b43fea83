import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { expandOr, type Heard } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** In their order. All but the last run once for a project. */
const STAGES = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand'] as const

/** What runs in the box beside its agent, from `folder`. */
export function readLifecycle(found: Devcontainer, folder: string, { scope, left }: Heard): readonly LifecycleStep[] {
  const waited = waitedFor(found.waitFor)
  return STAGES.flatMap((stage, at) => {
    const said = found[stage]
    if (said == null) return []
    const named = typeof said === 'string' || Array.isArray(said) ? { '': said } : said
    return Object.entries(named)
      .filter(([, command]) => command.length > 0)
      .flatMap(([name, command]): readonly LifecycleStep[] => {
        const words = [command].flat().map((text) => expandOr(text, stage, { scope, left }))
        const filled = words.filter((text) => text !== null)
        if (filled.length < words.length) return []
        return [
          {
            kind: 'run',
            stage,
            name,
            once: stage !== 'postStartCommand',
            background: at > waited,
            folder,
            command: typeof command === 'string' ? filled.join('') : filled,
          },
        ]
      })
  })
}

/**
 * Index of the last stage that the agent waits for. By the specification an editor waits for updateContentCommand alone; an agent that
 * starts while its packages are being fetched would fetch them too, so without a word it waits for postCreateCommand.
 */
function waitedFor(said: string | null | undefined): number {
  const at = STAGES.map(String).indexOf(said ?? '')
  if (at !== -1) return at
  return said === 'initializeCommand' ? -1 : STAGES.indexOf('postCreateCommand')
}
