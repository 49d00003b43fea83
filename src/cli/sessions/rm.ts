import { PaudeError } from '../../errors.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOfNewExecutables } from '../../session/life/new-executables.ts'
import { findOrphans, removeHome, removeOrphans } from '../../session/life/orphans.ts'
import { removePlan } from '../../session/life/plans.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Remove a session',
  details: 'The project stays as it is.',
  front: PLANS,
  examples: [
    ['paude rm fix-login', 'a session that has ended'],
    ['paude rm --force --volumes', "also while it runs, and with the project's HOME"],
    ['paude rm --orphans', 'what no session owns any more, and sessions whose paude was killed'],
  ],
  args: {
    session,
    force: { type: 'boolean', description: 'Also while it runs' },
    volumes: { type: 'boolean', description: "Also the project's HOME volume: settings and conversations of the agent" },
    orphans: {
      type: 'boolean',
      description: 'Remove what no session owns any more, and end sessions whose paude was killed, on every engine',
    },
    'dry-run': dryRun,
  },
  async run(context, given) {
    if (given.orphans) {
      const orphans = await findOrphans(context)
      if (given['dry-run']) {
        for (const { backend, plan } of removeOrphans(orphans)) context.answer(`# ${backend.name}\n${renderPlan(plan)}`)
        return 0
      }
      const forsaken = orphans.flatMap((one) => (one.kind === 'session' ? [one] : []))
      const holders = forsaken.map(({ handle }) => holderMark(handle.folder))
      for (const { backend, plan } of removeOrphans(orphans)) await execute(plan, context.effects(backend))
      for (const holder of holders) await endHolder(holder)
      for (const { record } of forsaken) await warnOfNewExecutables(context, record)
      context.note(
        removedWords(
          forsaken.map(({ reference }) => reference),
          orphans.length - forsaken.length,
        ),
      )
      return 0
    }
    const session = await findSession(context, given.session).catch((error: unknown) => {
      // A session in the foreground leaves nothing but the project's HOME.
      if (given.session === undefined && given.volumes && error instanceof PaudeError && error.code === 'not-found') return null
      throw error
    })
    if (session === null) return await removeHome(context, given['dry-run'] === true)
    const { backend, handle, record } = session
    const plan = removePlan(backend, handle, { home: given.volumes === true })
    if (given['dry-run']) {
      context.answer(renderPlan(plan))
      return 0
    }
    if (!given.force) {
      const state = await ask(backend.life.state(handle), context.effects(backend)).catch(() => null)
      if (state?.status === 'running' || state?.status === 'paused')
        throw new PaudeError('refused', `session ${record.id} runs`, {
          hint: `paude stop ${record.id} first, or paude rm --force ${record.id}`,
        })
    }
    const holder = holderMark(handle.folder)
    // The session is gone by the time that a volume is refused.
    const refused = await execute(plan, context.effects(backend)).then(
      () => null,
      (error: unknown) => {
        if (error instanceof PaudeError && error.code === 'refused') return error
        throw error
      },
    )
    await endHolder(holder)
    warnOfNewExecutables(context, record)
    context.answer(record.id)
    if (refused !== null) throw refused
    return 0
  },
})

function removedWords(sessions: readonly string[], parts: number): string {
  const words = [
    ...(sessions.length === 0 ? [] : [`${sessions.join(', ')}, whose paude was killed`]),
    ...(parts === 0 ? [] : [`${parts} orphaned ${parts === 1 ? 'part' : 'parts'}`]),
  ]
  return words.length === 0 ? 'no orphans' : `removed ${words.join(', and ')}`
}
