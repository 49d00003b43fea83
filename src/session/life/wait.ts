import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Activity } from '../../events/activity.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { isAlive } from '../../host.ts'
import { ask } from '../../run/ask.ts'
import { capture } from '../../run/process.ts'
import { isPausedByAlarm, readAlarm } from '../record/alarm.ts'
import type { Found } from '../record/found.ts'
import { holderOf } from './holder.ts'

/** How a session stood when it got there. */
export type Reached = { readonly state: string; readonly exitCode: number | null }

/** Lasts until a session got there; throws `never` when it cannot any more, and ends early when the signal fires. */
export type WaitFor = (context: Context, found: Found, signal: AbortSignal) => Promise<Reached>

/** Everything that `paude wait --for` knows. Who has answered can be given something new, so `done` is `idle` as well. */
const WAIT_FOR = {
  exited: [],
  waiting: ['waiting'],
  done: ['done'],
  idle: ['idle', 'done'],
  error: ['error'],
  working: ['working'],
} as const satisfies Readonly<Record<string, readonly Activity[]>>
export const waitForNames: readonly string[] = Object.keys(WAIT_FOR)

/** Reads `--for`: names of states with commas between; the first that comes will do. */
export function readWaitFor(text: string): WaitFor {
  const names = text.split(',').map((name) => name.trim())
  const known = names.filter((name): name is keyof typeof WAIT_FOR => Object.hasOwn(WAIT_FOR, name))
  const unknown = names.find((name) => !Object.hasOwn(WAIT_FOR, name))
  if (unknown !== undefined)
    throw new PaudeError('usage', `paude wait: unknown state ${JSON.stringify(unknown)}`, {
      hint: `wait for ${waitForNames.join(', ')}`,
    })
  const wanted = known.flatMap((name): readonly Activity[] => WAIT_FOR[name])
  if (wanted.length === 0) return exited
  return (context, found, signal) => active(context, found, { wanted, orExited: known.includes('exited'), signal })
}

/** Milliseconds between two looks at what a holder publishes, and how many of these go by between two questions to the engine. */
const LOOK = 50
const ENGINE = 40

type Wanted = { readonly wanted: readonly Activity[]; readonly orExited: boolean; readonly signal: AbortSignal }

/** Until the agent says so itself: the holder's file is read again and again, the engine asked now and then. */
async function active(context: Context, found: Found, { wanted, orExited, signal }: Wanted): Promise<Reached> {
  const { handle, backend } = found
  if (!handle.terminal)
    throw new PaudeError('usage', `session ${handle.id} has no screen, so it does not report its activity`, {
      hint: `paude wait ${handle.id}`,
    })
  if (backend.inside === null && !found.record.reports)
    throw new PaudeError('unsupported', `session ${handle.id} does not report its activity, since it runs on ${backend.name}`, {
      hint: `paude wait ${handle.id}`,
    })
  for (let turn = 0; ; turn++) {
    signal.throwIfAborted()
    const state = readHoldState(handle.folder)
    // Also where its holder is gone, and cannot say so.
    if (wanted.includes('waiting') && isPausedByAlarm(handle.folder)) return { state: 'waiting', exitCode: null }
    if (isHeld(state)) {
      if (state !== null && wanted.includes(state.activity)) return { state: state.activity, exitCode: null }
    } else if (turn % ENGINE === 0) {
      // Nobody holds it: either it has ended, or its holder was lost and there must be a new one.
      const { status } = await ask(backend.life.state(handle), context.effects(backend)).catch(gone(handle.id))
      if (status === 'exited' || status === 'created') {
        const reached = await exited(context, found, signal)
        if (orExited) return reached
        throw new PaudeError('never', `session ${handle.id} has ended with exit code ${reached.exitCode}`, {
          hint: `paude start ${handle.id}`,
        })
      }
      await holderOf(context, found)
    }
    await Bun.sleep(LOOK)
  }
}

/** Tells when paude pauses a session that is waited for: its end may never come. Returns how to stop. */
export function tellPaused({ handle, record }: Found, tell: (text: string) => void): () => void {
  let told = ''
  const look = () => {
    const alarm = readAlarm(handle.folder)
    if (alarm?.does !== 'paused' || alarm.at === told) return
    told = alarm.at
    const name = record.name || record.id
    tell(`${name} is paused: ${alarm.text}; paude review ${name}`)
  }
  const timer = setInterval(look, ALARM)
  timer.unref()
  look()
  return () => clearInterval(timer)
}

/** Milliseconds between two looks whether a session was paused. */
const ALARM = 1000

const gone =
  (id: string) =>
  (error: unknown): never => {
    throw error instanceof PaudeError && error.code === 'not-found'
      ? new PaudeError('never', `session ${id} is gone`, { hint: 'paude sessions' })
      : error
  }

/** Milliseconds between two looks at what cannot be waited for. */
const PAUSE = 200

/** The engine's own wait: nothing is asked again and again while the agent runs. */
export async function exited(context: Context, { backend, handle, record }: Found, signal: AbortSignal): Promise<Reached> {
  while (true) {
    signal.throwIfAborted()
    const { status, exitCode } = await ask(backend.life.state(handle), context.effects(backend)).catch(gone(handle.id))
    if (status === 'exited') return { state: 'exited', exitCode }
    if (status === 'created') {
      if (!isAlive(record.starter))
        throw new PaudeError('never', `session ${handle.id} was never started`, { hint: `paude start ${handle.id}` })
    } else if (backend.life.wait !== null) {
      const { code, stdout } = await capture(backend.life.wait(handle), { signal })
      // Told by the wait itself: a session in the foreground is removed as soon as it has ended.
      signal.throwIfAborted()
      if (code === 0 && /^\d+$/.test(stdout.trim())) return { state: 'exited', exitCode: Number(stdout.trim()) }
    }
    await Bun.sleep(PAUSE)
  }
}
