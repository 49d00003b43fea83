import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { findOrphans, removeOrphans } from '../orphans.ts'
import { warnOfPlanted } from '../planted.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  force: { type: 'boolean', description: 'Also while it runs' },
  volumes: { type: 'boolean', description: "Also the project's HOME volume: settings and conversations of the agent" },
  orphans: { type: 'boolean', description: 'Remove what no session owns any more, on every engine' },
  'dry-run': dryRun,
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'rm', description: 'Remove a session; the project stays as it is' },
    args,
    async run({ args: given }) {
      if (given.orphans) {
        const orphans = await findOrphans(context)
        if (given['dry-run']) {
          for (const { backend, plan } of removeOrphans(orphans)) context.answer(`# ${backend.name}\n${renderPlan(plan)}`)
          return 0
        }
        for (const { backend, plan } of removeOrphans(orphans)) await execute(plan, context.effects(backend))
        context.note(
          orphans.length === 0 ? 'no orphans' : `removed ${orphans.length} orphaned ${orphans.length === 1 ? 'part' : 'parts'}`,
        )
        return 0
      }
      const { backend, handle, record } = await findSession(context, given.session)
      const plan = backend.remove(handle, { volumes: given.volumes === true })
      if (given['dry-run']) {
        context.answer(renderPlan(plan))
        return 0
      }
      if (!given.force) {
        const state = await ask(backend.state(handle), context.effects(backend)).catch(() => null)
        if (state?.status === 'running' || state?.status === 'paused')
          throw new PaudeError('refused', `session ${record.id} runs`, {
            hint: `paude stop ${record.id} first, or paude rm --force ${record.id}`,
          })
      }
      const holder = holderMark(handle.folder)
      await execute(plan, context.effects(backend))
      await endHolder(holder)
      await warnOfPlanted(context, record)
      context.answer(record.id)
      return 0
    },
  })
