import { existsSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import { exec } from '../../plan/plan.ts'
import { isPausedByAlarm } from '../record/alarm.ts'
import { audit } from '../record/audited.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'
import { readKept } from '../record/kept.ts'
import { renewals } from '../record/renewals.ts'
import { carryOut } from './carry-out.ts'
import { copyNews, noteCopies } from './copies.ts'
import { wakeRenewer } from './ensure-renewer.ts'
import { findNewExecutables, warnOfNewExecutables } from './new-executables.ts'
import type { Review } from './review.ts'

/** Stops a session and keeps it. `grace` in seconds. Returns the exit code. */
export async function stopSession(
  context: Context,
  { backend, handle, record }: Found,
  {
    grace,
    dryRun,
    onFindings,
  }: { readonly grace: number; readonly dryRun: boolean; readonly onFindings?: (review: Review) => void | Promise<void> },
): Promise<number> {
  // Noted first: whatever comes between, `paude up` leaves it stopped.
  const note = existsSync(handle.folder) ? noteIntent(handle.folder, 'stopped') : []
  const holder = holderMark(handle.folder)
  // What is paused hears of no other end, and goes on for none.
  const isPaused = isPausedByAlarm(handle.folder)
  const kill = isPaused ? [exec(backend.life.signal(handle, 'KILL'), { tolerant: true })] : []
  const plan = [...note, ...kill, ...backend.life.stop(handle, isPaused ? 0 : grace)]
  const code = await carryOut(context, backend, { plan, dryRun })
  if (dryRun) return code
  if (renewals(record).length > 0) wakeRenewer(context.host)
  await audit(context, record, { event: 'stop' })
  await endHolder(holder)
  await lookBack(context, { handle, record }, onFindings)
  return code
}

/** Says what a session that has ended and stays left in the project, and decides what becomes of it. */
export async function lookBack(
  context: Context,
  { handle, record }: Pick<Found, 'handle' | 'record'>,
  onFindings?: (review: Review) => void | Promise<void>,
): Promise<void> {
  const kept = readKept(handle.folder)
  const planted = findNewExecutables(record, kept)
  warnOfNewExecutables(context, planted)
  if (kept !== null) await onFindings?.({ record, folder: handle.folder, kept, planted })
  await noteCopies(context, copyNews(record, handle.folder))
}
