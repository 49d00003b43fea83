import { PaudeError } from '../errors.ts'
import { isAlive } from '../host.ts'
import { ask } from '../run/ask.ts'
import { capture } from '../run/process.ts'
import type { Context } from './context.ts'
import type { Found } from './find-session.ts'

/** How a session stood when it got there. */
export type Reached = { readonly state: string; readonly exitCode: number | null }

/** Lasts until a session got there; throws `never` when it cannot any more, and ends early when the signal fires. */
export type Goal = (context: Context, found: Found, signal: AbortSignal) => Promise<Reached>

/** Everything that `paude wait --for` knows. */
export const goals: Readonly<Record<string, Goal>> = { exited }

/** Milliseconds between two looks at what cannot be waited for. */
const PAUSE = 200

/** The engine's own wait: nothing is asked again and again while the agent runs. */
export async function exited(context: Context, { backend, handle, record }: Found, signal: AbortSignal): Promise<Reached> {
  while (true) {
    signal.throwIfAborted()
    const { status, exitCode } = await ask(backend.state(handle), context.effects(backend)).catch((error: unknown) => {
      throw error instanceof PaudeError && error.code === 'not-found'
        ? new PaudeError('never', `session ${handle.id} is gone`, { hint: 'paude sessions lists what is there' })
        : error
    })
    if (status === 'exited') return { state: 'exited', exitCode }
    if (status === 'created') {
      if (!isAlive(record.starter))
        throw new PaudeError('never', `session ${handle.id} was never started`, { hint: `paude start ${handle.id}` })
    } else {
      const { code, stdout } = await capture(backend.wait(handle), { signal })
      // Told by the wait itself: a session in the foreground is removed as soon as it has ended.
      signal.throwIfAborted()
      if (code === 0 && /^\d+$/.test(stdout.trim())) return { state: 'exited', exitCode: Number(stdout.trim()) }
    }
    await Bun.sleep(PAUSE)
  }
}
