import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { need } from '../../backends/backend.ts'
import { isUp } from '../../box/handle.ts'
import { refuseDryRun } from '../../config/layers/dry-run.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { stageLines, stagesOf } from '../../network/changes.ts'
import { revisionOf } from '../../network/revision.ts'
import { stageFiles } from '../../network/squid-conf.ts'
import { folder, type Plan, remove, together, write } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { execute, executeWhole } from '../../run/execute.ts'
import { withLock } from '../../run/lock.ts'
import { requirePrivate } from '../../state.ts'
import type { Found } from '../record/found.ts'
import { recordText, type SessionRecord } from '../record/record.ts'
import { readRecord } from '../record/store.ts'
import { policyOf } from '../resolve/policy.ts'

/** How a session comes to what its record says. */
export type Course = {
  readonly revision: string
  /** New files, of which squid knows nothing yet. */
  readonly made: Plan
  /** Nothing may come between these: the record is unsettled before squid hears of it, and until squid has taken it up. */
  readonly told: Plan
  /** What a restart shall find where the backend keeps it; `told` has it beside, since it may take as long. */
  readonly stored: Plan
  /** The same in the session's folder. */
  readonly kept: Plan
}

/** Pure but for a look at what lies in the session's folder. */
export function courseOf({ backend, handle, record }: Found, now: number): Course {
  const place = join(handle.folder, 'policy')
  const stages = stagesOf(policyOf(record), record.changes, now)
  const lines = stageLines(stages)
  const wanted = [...new Set(stages.map(({ policy }) => revisionOf(policy)))]
  const revision = wanted[0] ?? ''
  const there = readdirSync(place).filter((name) => REVISION.test(name))
  // What a paude that died has begun is no whole policy: only what was taken up is.
  const whole = existsSync(join(place, 'stages')) ? readFileSync(join(place, 'stages'), 'utf8').split(/\s/) : []
  const fresh = stages.filter(({ policy }) => !whole.includes(revisionOf(policy)))
  const { stages: _, ...files } = stageFiles(fresh)
  const all = stageFiles(stages)
  const { change, keep } = need(backend, 'wall')
  const recorded = (settled: boolean) => write(join(handle.folder, 'session.json'), recordText({ ...record, revision, settled }))
  const [heard, stored] = [change(handle, { stages: lines, files: all }), keep(handle, all)]
  return {
    revision,
    made: [
      ...wanted.filter((one) => !there.includes(one)).map((one) => folder(join(place, one), 0o755)),
      ...Object.entries(files).map(([name, content]) => write(join(place, name), content, 0o644)),
    ],
    told: [recorded(false), ...(stored.length === 0 ? heard : [together([heard, stored])])],
    stored,
    kept: [
      write(join(place, 'stages'), lines, 0o644),
      recorded(true),
      ...there.filter((one) => !wanted.includes(one)).map((one) => remove(join(place, one))),
    ],
  }
}

const REVISION = /^[0-9a-f]{12}$/

/** Most sessions that are spoken to run, so that is tried and not asked. Returns whether it runs. */
export async function takeUp(
  context: Context,
  { backend, handle }: Found,
  { made, told, stored, kept }: Course,
): Promise<boolean> {
  const effects = context.effects(backend)
  await execute(made, effects)
  try {
    await executeWhole([...told, ...kept], effects)
    return true
  } catch (error) {
    const state = await ask(backend.life.state(handle), effects).catch(() => null)
    if (state === null || isUp(state)) throw error
    await executeWhole([...stored, ...kept], effects)
    return false
  }
}

/** Only one paude at a time changes what a session may reach; `act` is given the record as it is then. */
export const whileLocked = <T>({ host }: Context, found: Found, act: (record: SessionRecord) => Promise<T>): Promise<T> => {
  requirePrivate(host)
  const { id } = found.record
  const lock = { path: join(found.handle.folder, 'policy.lock'), what: `session ${id}` }
  return withLock(host, lock, () => act(readRecord(host, id) ?? found.record))
}

/** Carries a change that was cut off to its end: until then nobody knows what the proxy lets through. */
export async function carryToEnd(context: Context, found: Found): Promise<Found> {
  if (found.record.settled) return found
  refuseDryRun(context.host, `a change to session ${found.record.id} was interrupted and must be completed first`)
  return await whileLocked(context, found, async (record) => {
    if (record.settled) return { ...found, record }
    const course = courseOf({ ...found, record }, Math.floor(Date.now() / 1000))
    await takeUp(context, found, course).catch((cause: unknown) => {
      if (!(cause instanceof PaudeError)) throw cause
      throw new PaudeError(
        cause.code,
        `the policy of session ${record.id} is unknown: a change was interrupted and cannot be completed: ${cause.message}`,
        { hint: `paude stop ${record.id}, then paude start ${record.id}`, cause },
      )
    })
    return { ...found, record: { ...record, revision: course.revision, settled: true } }
  })
}
