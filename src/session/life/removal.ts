import { need } from '../../backends/backend.ts'
import { isUp, type State } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import { withBeginning } from '../../network/log.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { requireSaved } from '../clone/keep.ts'
import { dropCloneRemote } from '../clone/remote.ts'
import { audit } from '../record/audited.ts'
import { calledOn } from '../record/called.ts'
import type { Found } from '../record/found.ts'
import { readKept } from '../record/kept.ts'
import { readNoted } from '../record/noted.ts'
import { hasOutput } from '../record/out.ts'
import { renewals } from '../record/renewals.ts'
import { removeWorktree } from '../worktree/remove.ts'
import { unlockTrees } from '../worktree/unlock.ts'
import { copyNews, noteCopies } from './copies.ts'
import { wakeRenewer } from './ensure-renewer.ts'
import { keepRead } from './finish.ts'
import { findNewExecutables, warnOfNewExecutables } from './new-executables.ts'
import { removePlan } from './plans.ts'
import type { Review } from './review.ts'

/** Removes a session that has ended, or with `force` any. What it leaves to read is kept. */
export async function removeSession(
  context: Context,
  found: Found,
  {
    force,
    home,
    discard = false,
    onFindings,
  }: {
    readonly force: boolean
    readonly home: boolean
    readonly discard?: boolean
    readonly onFindings?: (review: Review) => void | Promise<void>
  },
): Promise<void> {
  const { backend, handle, record } = found
  const effects = context.effects(backend)
  const state = force ? null : await ask(backend.life.state(handle), effects).catch(refusedIsNull)
  if (state !== null && isUp(state))
    throw new PaudeError('refused', `session ${record.id} is running`, {
      hint: `paude stop ${record.id}, or paude rm --force ${record.id}`,
    })
  // What is looked at and kept must not change meanwhile.
  if (record.worktree !== undefined && force) await execute(backend.life.stop(handle, 0), effects).catch(() => undefined)
  await requireSaved(context, found, { force, discard })
  await keepBefore(context, found, state)
  const holder = holderMark(handle.folder)
  const [news, kept] = [copyNews(record, handle.folder), readKept(handle.folder)]
  // The session is gone by the time that a volume is refused.
  const refused = await execute(removePlan(backend, handle, { home }), effects).then(
    () => null,
    (error: unknown) => {
      if (error instanceof PaudeError && error.code === 'refused') return error
      throw error
    },
  )
  if (renewals(record).length > 0) wakeRenewer(context.host)
  await audit(context, record, { event: 'remove' })
  dropCloneRemote(context, record)
  await endHolder(holder)
  const planted = findNewExecutables(record, kept, 'past')
  warnOfNewExecutables(context, planted)
  if (kept !== null) await onFindings?.({ record, folder: handle.folder, kept, planted })
  await noteCopies(context, news)
  unlockTrees(context.host, record)
  removeWorktree(context, record)
  context.answer(calledOn(context.host, record))
  if (refused !== null) throw refused
}

/** Keeps what can be read of a session: its proxy's log and its exit code go with its containers. `known` is its state where that was asked. */
export async function keepBefore(
  context: Context,
  { backend, handle, record }: Found,
  known: State | null = null,
): Promise<void> {
  const { folder } = handle
  const effects = context.effects(backend)
  const hasProxy = record.network !== 'none' && backend.wall !== null
  const noted = hasProxy ? readNoted(folder) : ''
  const asked = known === null && hasOutput(folder)
  const [log, state] = await Promise.all([
    hasProxy
      ? ask({ argv: need(backend, 'wall').requests(handle, { follow: false }), parse: asItIs }, effects).catch(refusedIsNull)
      : null,
    asked ? ask(backend.life.state(handle), effects).catch(refusedIsNull) : known,
  ])
  const code = hasOutput(folder) && state?.status === 'exited' ? state.exitCode : null
  const requests = withBeginning(noted, log ?? '').text
  const kept = readKept(folder)
  const review = kept !== null && findNewExecutables(record, kept).findings.length > 0
  keepRead(context, { record, folder, requests, code, review })
}

const asItIs = (text: string): string => text
