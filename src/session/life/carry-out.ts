import type { Backend } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import type { Plan } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { execute } from '../../run/execute.ts'

/** Runs the plan or prints it: the one place where --dry-run of the session verbs is decided. */
export async function carryOut(
  context: Context,
  backend: Backend,
  { plan, dryRun }: { readonly plan: Plan; readonly dryRun: boolean },
): Promise<number> {
  if (dryRun) {
    context.answer(renderPlan(plan))
    return 0
  }
  return await execute(plan, context.effects(backend))
}
