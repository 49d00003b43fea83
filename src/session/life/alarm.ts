import { existsSync } from 'node:fs'
import { basename, relative } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { exec } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { question } from '../../run/question.ts'
import { nameInside } from '../../text.ts'
import { watchGuarded } from '../../workspace/appear-watch.ts'
import { AGENT_FILES, AGENT_FOLDERS, CLAUDE_FOLDER, CLAUDE_TREES } from '../../workspace/listed.ts'
import type { Finding } from '../../workspace/manifest.ts'
import { below, entriesOf } from '../../workspace/paths.ts'
import { type Alarm, clearAlarm, isPausedByAlarm, noteAlarm, noteTold, readAlarm, readTold } from '../record/alarm.ts'
import type { Found } from '../record/found.ts'
import { readKept } from '../record/kept.ts'
import type { SessionRecord } from '../record/record.ts'
import { isAsMade, kindOf, listedStandIns } from '../record/stand-ins.ts'
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
export function watchProject(context: Pick<Context, 'effects' | 'host'>, found: Found, hands: Hands): () => void {
  const { handle, record } = found
  const kept = record.alarm === 'off' ? null : readKept(handle.folder)
  if (kept === null || kept.roots.length === 0) return () => undefined
  let last: Promise<unknown> = Promise.resolve()
  let timer: Timer | null = null
  const look = () => {
    if (isPausedByAlarm(handle.folder)) return
    if (timer !== null) clearInterval(timer)
    timer = null
    hands.over()
  }
  const tell = (alarm: Alarm) => {
    hands.raised(alarm)
    if (alarm.does === 'paused') timer ??= setInterval(look, LOOK)
    timer?.unref()
  }
  const raise = async (findings: readonly Finding[]) => {
    const alarm = await raised(context, found, { findings, pauses: record.alarm === 'pause' && hands.canPause })
    if (alarm !== null) tell(alarm)
  }
  const told = readTold(handle.folder)
  const before = readAlarm(handle.folder)
  // An earlier watch of this session paused it, and is gone.
  if (before?.does === 'paused') tell(before)
  const unwatch = watchGuarded(
    { ...kept, contents: {} },
    {
      told,
      found: (findings) => {
        noteTold(handle.folder, told)
        last = last.then(() => raise(findings)).catch((error: unknown) => hands.note(String(error)))
      },
      limited: (why) => hands.note(`${why}; what appears elsewhere is named when the session ends`),
      isOurs: (path) =>
        // Where the box has a copy of its own, what appears is yours.
        record.shadows.some((place) => below(place, path)) || isStandIn(context.host, record, path) || isOfAgents(record, path),
    },
  )
  return () => {
    unwatch()
    if (timer !== null) clearInterval(timer)
  }
}

/** Whether paude put it there, for this session or for another one, and nothing became of it. */
function isStandIn(host: Host, { standIns }: SessionRecord, path: string): boolean {
  if (!isAsMade({ kind: kindOf(path), path })) return false
  return standIns.some((one) => one.path === path) || listedStandIns(host).has(path)
}

/** What an agent makes in ordinary work: its working trees, and its configuration where you let it write that. */
function isOfAgents({ writesConfig }: SessionRecord, path: string): boolean {
  if (`${path}/`.includes(`/${CLAUDE_FOLDER}/${CLAUDE_TREES}/`)) return true
  // The folder of its configuration that has nothing else.
  if (basename(path) === CLAUDE_FOLDER && entriesOf(path).every(({ name }) => name === CLAUDE_TREES)) return true
  return writesConfig && [...AGENT_FOLDERS, ...AGENT_FILES].some((name) => `${path}/`.includes(`/${name}/`))
}

type Raising = { readonly findings: readonly Finding[]; readonly pauses: boolean }

/** Pauses the box, and notes why. null where the session has ended meanwhile: then its end names it. */
async function raised(context: Pick<Context, 'effects'>, found: Found, { findings, pauses }: Raising): Promise<Alarm | null> {
  const { handle, record } = found
  if (!existsSync(handle.folder)) return null
  const before = readAlarm(handle.folder)
  const paths = [...new Set([...(before?.paths ?? []), ...findings.map(({ path }) => path)])]
  const alarm = { at: new Date().toISOString(), text: textOf(record, findings), paths: paths.slice(0, 100) }
  if (!pauses) {
    const isTold = before !== null && findings.every(({ path }) => before.paths.includes(path))
    // What another watch has paused stays so.
    const does = before?.does === 'paused' ? 'paused' : 'told'
    return isTold || (await isOver(context, found)) ? null : noted(handle.folder, { ...alarm, does })
  }
  // Noted first, so that a box is never found paused for no reason.
  noted(handle.folder, { ...alarm, does: 'paused' })
  // Also one that the note calls paused: it may go on by now.
  const does = await pause(context, found)
  if (does === 'paused') return { ...alarm, does }
  if (does !== 'ended') return noted(handle.folder, { ...alarm, does })
  clearAlarm(handle.folder)
  return null
}

async function isOver({ effects }: Pick<Context, 'effects'>, { backend, handle }: Found): Promise<boolean> {
  const state = await ask(backend.life.state(handle), effects(backend)).catch(() => null)
  return state?.status === 'exited'
}

function noted(folder: string, alarm: Alarm): Alarm {
  noteAlarm(folder, alarm)
  return alarm
}

function textOf({ workspace }: SessionRecord, findings: readonly Finding[]): string {
  const [first] = findings
  const name = (path: string) => nameInside(relative(workspace, path).startsWith('..') ? path : relative(workspace, path))
  const names = findings.slice(0, MOST_NAMED).map(({ path }) => name(path))
  const more = findings.length > MOST_NAMED ? ` and ${findings.length - MOST_NAMED} more` : ''
  const why =
    findings.length === 1 && first !== undefined ? `: ${`${first.tool} ${first.why}`.trim()}` : ', which this machine may run'
  return `${names.join(', ')}${more} appeared in the project${why}`
}

/** An engine that cannot pause it stops it, unless the user wants only warnings: what is not seen through may not go on. */
async function pause({ effects }: Pick<Context, 'effects'>, { backend, handle, record }: Found) {
  const { life } = backend
  const outcome = life.pause === null ? null : await question(life.pause.on(handle)).catch(() => null)
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
export async function goOn(context: Context, found: Found, dryRun = false): Promise<boolean> {
  const { backend, handle } = found
  const alarm = readAlarm(handle.folder)
  const { life } = backend
  if (alarm?.does !== 'paused' || life.pause === null) return false
  const plan = [exec(life.pause.off(handle))]
  if (dryRun) return (await carryOut(context, backend, { plan, dryRun })) === 0
  const state = () => ask(life.state(handle), context.effects(backend))
  const now = await state()
  // Cleared first: what appears from the next moment on is told anew.
  clearAlarm(handle.folder)
  if (now.status !== 'paused') return false
  try {
    await carryOut(context, backend, { plan, dryRun })
  } catch (error) {
    // An interruption may come when it goes on already.
    const after = await state().catch(() => null)
    if (after?.status !== 'running') noteAlarm(handle.folder, readAlarm(handle.folder) ?? alarm)
    else await pauseAgain(context, found)
    throw error
  }
  await pauseAgain(context, found)
  return true
}

/** What a watch noted between the two steps, while the session was still paused, must not go on with it. */
async function pauseAgain(context: Context, found: Found): Promise<void> {
  const { handle, record } = found
  const alarm = readAlarm(handle.folder)
  if (alarm?.does !== 'paused') return
  const does = await pause(context, found)
  if (does === 'ended') return
  noteAlarm(handle.folder, { ...alarm, does })
  if (does !== 'told')
    throw new PaudeError('refused', `session ${record.id} is ${does} again: ${alarm.text}`, { hint: `paude review ${record.id}` })
}
