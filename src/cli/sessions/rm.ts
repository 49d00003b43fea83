import { lacking } from '../../backends/unanswered.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import { renderPlan } from '../../plan/render.ts'
import { execute } from '../../run/execute.ts'
import { dropCloneRemote } from '../../session/clone/remote.ts'
import { copyNews, noteCopies } from '../../session/life/copies.ts'
import { findNewExecutables, warnOfNewExecutables } from '../../session/life/new-executables.ts'
import { findOrphans, removeHome, removeOrphans } from '../../session/life/orphans.ts'
import { removePlan } from '../../session/life/plans.ts'
import { keepBefore, removeSession } from '../../session/life/removal.ts'
import { readKept } from '../../session/record/kept.ts'
import { readRecords } from '../../session/record/store.ts'
import { removeIfUnused } from '../../session/worktree/remove.ts'
import { unlockTrees } from '../../session/worktree/unlock.ts'
import { shown } from '../../text.ts'
import { dryRun, sessions } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { afterSession } from './ask-review.ts'
import { eachSession } from './each.ts'
import { homeGoes, noteHomeGone } from './home-goes.ts'

export default verb({
  description: 'Remove sessions',
  details: 'The project does not change. Its HOME volume stays, unless you use --volumes.',
  front: PLANS,
  examples: [
    ['paude rm fix-login', 'a session that has ended'],
    ['paude rm one two', 'several; to remove all that have ended: paude prune'],
    ['paude rm --force --volumes', "a running one, with the project's HOME"],
    ['paude rm --local far', 'one whose cluster is gone for good'],
    ['paude rm --orphans', 'leftovers of sessions, and sessions whose paude process was killed'],
  ],
  args: {
    sessions,
    force: {
      type: 'boolean',
      letter: 'f',
      description: 'Also remove a running session; unsaved work of a clone or worktree is kept as a bundle',
    },
    discard: { type: 'boolean', description: 'Remove unsaved work of a clone or worktree, too, and keep nothing of it' },
    volumes: {
      type: 'boolean',
      letter: 'v',
      description: "Also remove the project's volumes: HOME, with settings and conversations of the agent, and overlays",
    },
    orphans: {
      type: 'boolean',
      description: 'Remove leftovers of sessions, and end sessions whose paude process was killed, on every engine',
    },
    local: {
      type: 'boolean',
      description: 'Remove only what this machine has of a session whose cluster or other machine is gone for good',
    },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const isDry = given['dry-run'] === true
    if (given.orphans) {
      if (given.sessions.length > 0)
        throw new PaudeError('usage', '--orphans and session names cannot be combined', { hint: 'leave one of them out' })
      if (given.local)
        throw new PaudeError('usage', '--orphans and --local cannot be combined', { hint: 'paude rm --local SESSION' })
      return await removeAllOrphans(context, { isDry, force: given.force === true })
    }
    const homeToo = given.volumes === true
    const homes = new Map<string, string>()
    const code = await eachSession(context, { words: given.sessions }, async (found) => {
      const { backend, handle, record } = found
      if (given.local) {
        const { forgetSession, forgetPlan } = await import('../../session/life/forget.ts')
        if (isDry) context.answer(renderPlan(forgetPlan(found)))
        else await forgetSession(context, found)
        return 0
      }
      const goes = !homeToo && (await homeGoes(context, found))
      const home = homeToo || goes
      if (isDry) context.answer(renderPlan(removePlan(backend, handle, { home })))
      else
        await removeSession(context, found, {
          force: given.force === true,
          home,
          discard: given.discard === true,
          onFindings: (review) => afterSession(context, review),
        }).catch(async (error: unknown) => {
          const { orLocally } = await import('../../session/life/forget.ts')
          throw orLocally(found, error)
        })
      if (goes && !isDry) noteHomeGone(context, handle.homeVolume)
      if (!home && handle.homeVolume !== '') homes.set(handle.homeVolume, record.workspace)
      return 0
    }).catch(async (error: unknown) => {
      // A session in the foreground leaves nothing but the project's HOME.
      if (given.sessions.length > 0 || !homeToo || !(error instanceof PaudeError) || error.code !== 'not-found') throw error
      return await removeHome(context, isDry)
    })
    // A script that removes sessions knows, and no other one needs to.
    if (!isDry && context.host.terminal.stderr) noteHomes(context, homes)
    return code
  },
})

/** Says what stays of projects whose last session went. */
function noteHomes({ host, note }: Context, homes: ReadonlyMap<string, string>): void {
  const used = new Set(readRecords(host).map(({ homeVolume }) => homeVolume))
  for (const [volume, workspace] of homes)
    if (!used.has(volume))
      note(`the HOME volume of ${shown(workspace)} stays, with its conversations; to remove it: paude home rm ${volume}`)
}

async function removeAllOrphans(
  context: Context,
  { isDry, force }: { readonly isDry: boolean; readonly force: boolean },
): Promise<number> {
  let unreached = false
  const all = await findOrphans(context, (await configHere(context)).config.settings, (error) => {
    unreached = true
    context.warn(lacking(error, 'paude cannot tell what is left there'))
  })
  const orphans = all.filter((one) => force || !one.mayHoldWork)
  if (orphans.length < all.length)
    context.warn(
      `left in place, since it may hold work of a clone: ${all
        .flatMap((one) => (orphans.includes(one) ? [] : [one.reference]))
        .join(', ')}; paude rm --orphans --force removes it`,
    )
  if (isDry) {
    for (const { backend, plan } of removeOrphans(orphans)) context.answer(`# ${backend.name}\n${renderPlan(plan)}`)
    return 0
  }
  const forsaken = orphans.flatMap((one) => (one.kind === 'session' ? [one] : []))
  const holders = forsaken.map(({ handle }) => holderMark(handle.folder))
  await Promise.all(forsaken.map((one) => keepBefore(context, one)))
  const kept = forsaken.map(({ handle }) => readKept(handle.folder))
  const news = forsaken.flatMap(({ record, handle }) => copyNews(record, handle.folder))
  for (const { backend, plan } of removeOrphans(orphans)) await execute(plan, context.effects(backend))
  for (const { record } of forsaken) dropCloneRemote(context, record)
  for (const holder of holders) await endHolder(holder)
  for (const [at, { record }] of forsaken.entries()) warnOfNewExecutables(context, findNewExecutables(record, kept[at] ?? null))
  await noteCopies(context, news)
  for (const one of forsaken) {
    unlockTrees(context.host, one.record)
    await removeIfUnused(context, one)
  }
  if (orphans.length > 0 || !unreached)
    context.note(
      removedWords(
        forsaken.map(({ reference }) => reference),
        orphans.length - forsaken.length,
      ),
    )
  return 0
}

function removedWords(sessions: readonly string[], parts: number): string {
  const words = [
    ...(sessions.length === 0 ? [] : [`${sessions.join(', ')}, whose paude process was killed`]),
    ...(parts === 0 ? [] : [`${parts} orphaned ${parts === 1 ? 'part' : 'parts'}`]),
  ]
  return words.length === 0 ? 'no orphans' : `removed ${words.join(', and ')}`
}
