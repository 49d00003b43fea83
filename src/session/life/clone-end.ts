import { released } from '../../box/owner.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Plan } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { shown } from '../../text.ts'
import { look } from '../../workspace/paths.ts'
import { listed, unsavedWork } from '../clone/keep.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'
import { modeOf } from '../record/record.ts'

/** Whether a clone or a worktree has to outlive the agent that has ended: its work is nowhere else, or nobody can tell. Says so, and what to type next. */
export async function keepsClone(context: Context, found: Found): Promise<boolean> {
  const { id, name, clone, worktree, workspace } = found.record
  if (clone === undefined && worktree === undefined) return false
  const word = name || id
  const lines = await unsavedWork(context, found).catch((error: unknown) => {
    if (error instanceof PaudeError) return [error.message]
    throw error
  })
  if (lines.length === 0) return false
  const { backend, handle } = found
  const kept = [...noteIntent(handle.folder, 'stopped'), ...released(handle.folder), ...backend.life.stop(handle, 0)]
  await execute(kept, context.effects(backend))
  const ways =
    clone === undefined
      ? `git -C ${shown(workspace)} status shows it, paude start ${word} goes on`
      : `paude diff ${word} shows it, paude pull ${word} brings its commits, paude start ${word} goes on`
  context.note(`session ${word} stays: its ${modeOf(found.record)} holds unsaved work\n${listed(lines)}\n  ${ways}`)
  return true
}

/** After a start that failed once its agent had begun: removes the session unless its clone holds work. */
export async function clearFailed(context: Context, found: Found, removal: Plan): Promise<void> {
  if (found.record.clone === undefined && found.record.worktree === undefined) return
  // What was made is taken back already.
  if (look(found.handle.folder) === null) return
  const lines = await unsavedWork(context, found).catch(() => ['unknown'])
  if (lines.length === 0) await execute(removal, context.effects(found.backend)).catch(() => undefined)
  else context.note(`session ${found.record.id} stays, since its ${modeOf(found.record)} holds work: paude sessions`)
}
