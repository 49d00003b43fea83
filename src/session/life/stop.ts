import { existsSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'
import { readKept } from '../record/kept.ts'
import { carryOut } from './carry-out.ts'
import { copyNews, noteCopies } from './copies.ts'
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
  const code = await carryOut(context, backend, { plan: [...note, ...backend.life.stop(handle, grace)], dryRun })
  if (dryRun) return code
  await endHolder(holder)
  const kept = readKept(handle.folder)
  const planted = findNewExecutables(record, kept)
  warnOfNewExecutables(context, planted)
  if (kept !== null) await onFindings?.({ record, folder: handle.folder, kept, planted })
  await noteCopies(context, copyNews(record, handle.folder))
  return code
}
