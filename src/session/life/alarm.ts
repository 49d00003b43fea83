import { existsSync } from 'node:fs'
import { basename, relative } from 'node:path'
import type { Context } from '../../context.ts'
import { exec } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { capture } from '../../run/process.ts'
import { shown } from '../../text.ts'
import { watchGuarded } from '../../workspace/appear-watch.ts'
import { AGENT_FOLDERS } from '../../workspace/listed.ts'
import type { Finding } from '../../workspace/manifest.ts'
import { ancestors, below } from '../../workspace/paths.ts'
import { type Alarm, clearAlarm, isPausedByAlarm, noteAlarm, readAlarm } from '../record/alarm.ts'
import type { Found } from '../record/found.ts'
import { readKept } from '../record/kept.ts'
import type { SessionRecord } from '../record/record.ts'
import { isAsMade, kindOf } from '../record/stand-ins.ts'
import { carryOut } from './carry-out.ts'

/** Who hears of it. */
export type Hands = {
  /** Whether somebody could let a paused session go on. */
  readonly canPause: boolean
  readonly raised: (alarm: Alarm) => void
  /** A session that was paused goes on. */
  readonly over: () => void
  /** A line about the watch itself. */
  readonly note: (text: string) => void
}

/** Paths that are named, and milliseconds between two looks whether a paused session goes on. */
const MOST_NAMED = 3
const LOOK = 300

/** Watches the project of a session that runs for what this machine may run by itself. Returns how to stop. */
export function watchProject(context: Pick<Context, 'effects'>, found: Found, hands: Hands): () => void {
  const { handle, record } = found
  const kept = record.alarm === 'off' ? null : readKept(handle.folder)
  if (kept === null || kept.roots.length === 0) return () => undefined
  const ours = new Set(record.standIns.map(({ path }) => path))
  let last: Promise<unknown> = Promise.resolve()
  let timer: Timer | null = null
  const look = () => {
    if (isPausedByAlarm(handle.folder)) return
    if (timer !== null) clearInterval(timer)
    timer = null
    hands.over()
  }
  const raise = async (findings: readonly Finding[]) => {
    const alarm = await raised(context, found, { findings, pauses: record.alarm === 'pause' && hands.canPause })
    if (alarm === null) return
    hands.raised(alarm)
    if (alarm.does === 'paused') timer ??= setInterval(look, LOOK)
    timer?.unref()
  }
  const unwatch = watchGuarded(
    { ...kept, contents: {} },
    {
      found: (findings) => {
        last = last.then(() => raise(findings)).catch((error: unknown) => hands.note(String(error)))
      },
      limited: (why) => hands.note(`${why}; what appears elsewhere is named when the session ends`),
      isOurs: (path) =>
        // The box has a copy there, so what appears is yours.
        record.shadows.some((place) => below(place, path)) ||
        ((ours.has(path) || MADE.has(basename(path))) && isAsMade({ kind: kindOf(path), path })),
    },
  )
  return () => {
    unwatch()
    if (timer !== null) clearInterval(timer)
  }
}

/** Names at which paude puts something harmless while a session exists, also for another session of the project. */
const MADE: ReadonlySet<string> = new Set(['hooks', 'config.worktree', 'commondir', ...AGENT_FOLDERS])

type Raising = { readonly findings: readonly Finding[]; readonly pauses: boolean }

/** Pauses the box, and notes why. null where the session has ended meanwhile: then its end names it. */
async function raised(context: Pick<Context, 'effects'>, found: Found, { findings, pauses }: Raising): Promise<Alarm | null> {
  const { handle, record } = found
  if (!existsSync(handle.folder)) return null
  const before = readAlarm(handle.folder)
  const paths = [...new Set([...(before?.paths ?? []), ...findings.map(({ path }) => path)])]
  const alarm = { at: new Date().toISOString(), text: textOf(record, findings), paths: paths.slice(0, 100) }
  if (!pauses) return noted(handle.folder, { ...alarm, does: 'told' })
  // Noted first, so that a box is never found paused for no reason.
  noted(handle.folder, { ...alarm, does: 'paused' })
  const does = before?.does === 'paused' ? 'paused' : await pause(context, found)
  if (does === 'paused') return { ...alarm, does }
  if (does !== 'ended') return noted(handle.folder, { ...alarm, does })
  clearAlarm(handle.folder)
  return null
}

function noted(folder: string, alarm: Alarm): Alarm {
  noteAlarm(folder, alarm)
  return alarm
}

/** Of several the outermost are named. */
function textOf({ workspace }: SessionRecord, findings: readonly Finding[]): string {
  const all = new Set(findings.map(({ path }) => path))
  const outer = findings.filter(({ path }) => !ancestors(path).some((folder) => folder !== path && all.has(folder)))
  const [first] = outer
  const name = (path: string) => shown(relative(workspace, path).startsWith('..') ? path : relative(workspace, path))
  const names = outer.slice(0, MOST_NAMED).map(({ path }) => name(path))
  const more = outer.length > MOST_NAMED ? ` and ${outer.length - MOST_NAMED} more` : ''
  const why = outer.length === 1 && first !== undefined ? `: ${first.tool} ${first.why}` : ', which this machine may run'
  return `${names.join(', ')}${more} appeared in the project${why}`
}

/** An engine that cannot pause it stops it, unless the user wants only warnings: what is not seen through may not go on. */
async function pause({ effects }: Pick<Context, 'effects'>, { backend, handle, record }: Found) {
  const { life } = backend
  const outcome = life.pause === null ? null : await capture(life.pause.on(handle)).catch(() => null)
  if (outcome?.code === 0) return 'paused'
  const state = await ask(life.state(handle), effects(backend)).catch(() => null)
  if (state?.status === 'paused') return 'paused'
  if (state !== null && state.status !== 'running') return 'ended'
  if (record.onFinding === 'warn') return 'told'
  return await execute(life.stop(handle, 0), effects(backend)).then(
    () => 'stopped' as const,
    () => 'told' as const,
  )
}

/** Lets a session go on that is paused because of what appeared; false where it is not. With `dryRun` only the plan is shown. */
export async function goOn(context: Context, { backend, handle }: Found, dryRun = false): Promise<boolean> {
  const alarm = readAlarm(handle.folder)
  const { pause, state } = backend.life
  if (alarm?.does !== 'paused' || pause === null) return false
  const plan = [exec(pause.off(handle))]
  if (dryRun) return (await carryOut(context, backend, { plan, dryRun })) === 0
  const now = await ask(state(handle), context.effects(backend))
  // Cleared first: what appears from the next moment on is told anew.
  clearAlarm(handle.folder)
  if (now.status !== 'paused') return false
  await carryOut(context, backend, { plan, dryRun }).catch((error: unknown) => {
    noteAlarm(handle.folder, alarm)
    throw error
  })
  return true
}
