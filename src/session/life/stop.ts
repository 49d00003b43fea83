import { existsSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'
import { carryOut } from './carry-out.ts'
import { copyNews, noteCopies } from './copies.ts'
import { warnOfNewExecutables } from './new-executables.ts'

/** Stops a session and keeps it. `grace` in seconds. Returns the exit code. */
export async function stopSession(
  context: Context,
  { backend, handle, record }: Found,
  { grace, dryRun }: { readonly grace: number; readonly dryRun: boolean },
): Promise<number> {
  // Noted first: whatever comes between, `paude up` leaves it stopped.
  const note = existsSync(handle.folder) ? noteIntent(handle.folder, 'stopped') : []
  const holder = holderMark(handle.folder)
  const code = await carryOut(context, backend, { plan: [...note, ...backend.life.stop(handle, grace)], dryRun })
  if (dryRun) return code
  await endHolder(holder)
  warnOfNewExecutables(context, record)
  await noteCopies(context, copyNews(record, handle.folder))
  return code
}
