import { released } from '../../box/owner.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Plan } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { listed, unsavedWork } from '../clone/keep.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'

/** Whether a clone has to outlive the agent that has ended: its work is nowhere else, or nobody can tell. Says so, and what to type next. */
export async function keepsClone(context: Context, found: Found): Promise<boolean> {
  const { id, name, clone } = found.record
  if (clone === undefined) return false
  const word = name || id
  const lines = await unsavedWork(context, found).catch((error: unknown) => {
    if (error instanceof PaudeError) return [error.message]
    throw error
  })
  if (lines.length === 0) return false
  const { backend, handle } = found
  const kept = [...noteIntent(handle.folder, 'stopped'), ...released(handle.folder), ...backend.life.stop(handle, 0)]
  await execute(kept, context.effects(backend))
  context.note(
    `session ${word} stays: its clone holds unsaved work\n${listed(lines)}\n  paude diff ${word} shows it, paude pull ${word} brings its commits, paude start ${word} goes on`,
  )
  return true
}

/** After a start that failed once its agent had begun: removes the session unless its clone holds work. */
export async function clearFailed(context: Context, found: Found, removal: Plan): Promise<void> {
  if (found.record.clone === undefined) return
  const lines = await unsavedWork(context, found).catch(() => ['unknown'])
  if (lines.length === 0) await execute(removal, context.effects(found.backend)).catch(() => undefined)
  else context.note(`session ${found.record.id} stays, since its clone holds work: paude diff ${found.record.id}`)
}
