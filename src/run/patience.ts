import { type Ending, PaudeError } from '../errors.ts'

/** Signals by which paude is asked to end. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Does something that may take long. Its signal fires after so many seconds (0: never) and when paude is interrupted;
 * then the reason is thrown, whatever became of it; `late` says what has not happened.
 */
export async function patiently<T>(seconds: number, act: (signal: AbortSignal) => Promise<T>, late = () => 'not'): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const interrupt = (signal: Ending) => controller.abort(new PaudeError('interrupted', 'interrupted', { signal }))
  const giveUp = () => controller.abort(new PaudeError('timeout', `${late()} within ${seconds} s`))
  const timer = seconds > 0 ? setTimeout(giveUp, seconds * 1000) : undefined
  for (const name of SIGNALS) process.on(name, interrupt)
  try {
    const result = await act(signal)
    signal.throwIfAborted()
    return result
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    for (const name of SIGNALS) process.off(name, interrupt)
    // What is still under way, such as the wait for a second session, ends with it.
    controller.abort()
  }
}

/** What `work` gives within so many milliseconds, else null. No timer is left behind: one would keep paude from ending. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), milliseconds)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
