import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import { uncovered } from '../../config/rules.ts'
import { PaudeError } from '../../errors.ts'
import { revised, stageLines, stagesOf, type Word } from '../../network/changes.ts'
import { revisionOf } from '../../network/revision.ts'
import { stageFiles } from '../../network/squid-conf.ts'
import { folder, type Plan, remove, write } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { policyOf } from '../../session/policy.ts'
import type { SessionRecord } from '../../session/record.ts'
import { insistPrivate, readRecord } from '../../session/store.ts'
import type { Context } from '../context.ts'
import type { Found } from '../find-session.ts'
import { withLock } from './lock.ts'

/** What a change came to. */
export type Changed = {
  readonly session: string
  readonly revision: string
  readonly entries: readonly string[]
  readonly until: number
}

/** Says a word to a session: at once where it runs, and kept for its next start. Its open connections go on. */
export async function changeSession(context: Context, found: Found, word: Word, dryRun = false): Promise<Changed> {
  insistPrivate(context.host)
  const place = join(found.handle.folder, 'policy')
  refuseUnchangeable(found, place)
  await refuseUnmanaged(context, word)
  return await withLock(context.host, join(found.handle.folder, 'policy.lock'), async () => {
    const record = readRecord(context.host, found.record.id) ?? found.record
    const now = Math.floor(Date.now() / 1000)
    const base = policyOf(record)
    const changes = revised(base, record.changes, word, now)
    const stages = stagesOf(base, changes, now)
    const revision = stages[0] === undefined ? '' : revisionOf(stages[0].policy)
    const lines = stageLines(stages)
    const after: SessionRecord = { ...record, revision, changes: [...changes] }
    const known = existsSync(place) ? readdirSync(place).filter((name) => /^[0-9a-f]{12}$/.test(name)) : []
    const wanted = [...new Set(stages.map(({ policy }) => revisionOf(policy)))]
    const files = Object.entries(stageFiles(stages)).filter(([name]) =>
      wanted.some((one) => !known.includes(one) && name.startsWith(one)),
    )
    const made: Plan = [
      ...wanted.filter((one) => !known.includes(one)).map((one) => folder(join(place, one), 0o755)),
      ...files.map(([name, content]) => write(join(place, name), content, 0o644)),
    ]
    // What squid has taken up is what a restart shall find, and never the other way round.
    const kept: Plan = [
      write(join(place, 'stages'), lines, 0o644),
      write(join(found.handle.folder, 'session.json'), `${JSON.stringify(after, null, 2)}\n`),
      ...known.filter((one) => !wanted.includes(one)).map((one) => remove(join(place, one))),
    ]
    const live: Plan = [...made, ...found.backend.changePolicy(found.handle, lines), ...kept]
    if (dryRun) context.answer(renderPlan(live))
    else await carryOut(context, found, { live, still: [...made, ...kept] })
    return { session: record.id, revision, entries: word.entries, until: word.until }
  })
}

/** Most sessions that are spoken to run, so that is tried and not asked. */
async function carryOut(
  context: Context,
  { backend, handle }: Found,
  { live, still }: { live: Plan; still: Plan },
): Promise<void> {
  const effects = context.effects(backend)
  try {
    await execute(live, effects)
  } catch (error) {
    if (error instanceof PaudeError && error.code === 'interrupted') throw error
    const state = await ask(backend.state(handle), effects).catch(() => null)
    if (state === null || state.status === 'running' || state.status === 'paused') throw error
    await execute(still, effects)
    context.note(`session ${handle.id} does not run: it has this from its next start on`)
  }
}

/** What nobody may have is not had by saying it later. */
async function refuseUnmanaged({ host, flags }: Context, { verb, entries }: Word): Promise<void> {
  if (verb !== 'allow') return
  const { managed } = await loadConfig(host, flags)
  const [beyond] = managed.networkAllow === undefined ? [] : uncovered('networkAllow', entries, managed)
  if (beyond !== undefined)
    throw new PaudeError('refused', `${beyond} is more than ${host.managedFile} lets anybody have`, {
      hint: 'ask who manages this machine',
    })
}

function refuseUnchangeable({ record }: Found, place: string): void {
  if (record.network === 'none')
    throw new PaudeError('unsupported', `session ${record.id} has no network`, {
      hint: 'start another one with --network restricted',
    })
  if (record.revision === '' || !existsSync(place))
    throw new PaudeError('unsupported', `session ${record.id} was started by a paude that could not change a policy`, {
      hint: 'start another one; paude fork takes its conversation along',
    })
}
