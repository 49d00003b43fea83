import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isolates } from '../../backends/pick.ts'
import { titleOf } from '../../box/remote.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { revised, type Word } from '../../network/changes.ts'
import { HOST_NAME } from '../../network/names.ts'
import { renderPlan } from '../../plan/render.ts'
import { audit } from '../record/audited.ts'
import type { Found } from '../record/found.ts'
import type { SessionRecord } from '../record/record.ts'
import { policyOf } from '../resolve/policy.ts'
import { requireDenied, requireManaged } from './require-managed.ts'
import { type Course, courseOf, takeUp, whileLocked } from './take-up.ts'
import { withoutNetwork } from './without-network.ts'

/** What a change came to. */
export type Changed = {
  readonly session: string
  readonly revision: string
  readonly entries: readonly string[]
  readonly until: number
}

/** So that a record stays small: requests before that are explained by what holds now. */
const MOST_EARLIER = 30

/** Says a word to a session: at once where it runs, and kept for its next start. Its open connections go on. */
export async function changeSession(context: Context, found: Found, word: Word, dryRun = false): Promise<Changed> {
  refuseUnchangeable(found)
  refuseHere(found, word)
  return await whileLocked(context, found, async (record) => {
    const now = Math.floor(Date.now() / 1000)
    const changes = [...revised(policyOf(record), record.changes, word, now)]
    const earlier = [record.changes, ...(record.earlier ?? [])].slice(0, MOST_EARLIER)
    const after: SessionRecord = { ...record, changes, earlier }
    await requireGranted(context, after, word.verb)
    const course = courseOf({ ...found, record: after }, now)
    if (dryRun) context.answer(renderPlan([...course.made, ...course.told, ...course.kept]))
    else if (!(await carryOut(context, { ...found, record }, course)))
      context.note(`session ${record.id} is not running: the change applies from its next start`)
    const ends = word.until === 0 ? {} : { until: new Date(word.until * 1000).toISOString() }
    if (!dryRun) await audit(context, record, { event: word.verb, entries: [...word.entries], ...ends })
    return { session: record.id, revision: course.revision, entries: word.entries, until: word.until }
  })
}

/** Whether it runs. What fails leaves what held before. */
async function carryOut(context: Context, before: Found, course: Course): Promise<boolean> {
  try {
    return await takeUp(context, before, course)
  } catch (error) {
    // Squid may have heard of it all the same, so it is told again; where that fails too, the record stays unsettled.
    if (!(error instanceof PaudeError && error.code === 'interrupted'))
      await takeUp(context, before, courseOf(before, Math.floor(Date.now() / 1000))).catch(() => undefined)
    throw error
  }
}

/** What nobody may have is not had by saying it later; to close something is free to everybody. */
async function requireGranted({ host }: Context, record: SessionRecord, verb: Word['verb']): Promise<void> {
  if (verb === 'allow') await requireManaged(host, record)
  if (verb === 'unset') await requireDenied(host, record)
}

/** What a start would refuse is not allowed later either. */
function refuseHere({ backend: { name, remote, can } }: Found, { verb, entries }: Word): void {
  if (verb !== 'allow' || can.hostPorts || !entries.some((entry) => entry.startsWith(`${HOST_NAME}:`))) return
  throw new PaudeError('unsupported', `${titleOf(name, remote)} cannot reach ports of this machine: ${HOST_NAME}`, {
    hint: 'leave that entry out',
  })
}

function refuseUnchangeable({ backend, record, handle }: Found): void {
  if (!isolates(backend))
    throw new PaudeError(
      'unsupported',
      `session ${record.id} has no wall, since it runs on ${backend.name}: its network is open`,
      {
        hint: 'start a session in a sandbox: paude --backend auto',
      },
    )
  if (record.network === 'none') throw withoutNetwork(record.id)
  if (record.revision === '' || !existsSync(join(handle.folder, 'policy')))
    throw new PaudeError('unsupported', `session ${record.id} was started by an older paude, which cannot change a policy`, {
      hint: `paude fork ${record.id}`,
    })
}
