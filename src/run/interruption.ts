import { type Ending, interrupted, type PaudeError } from '../errors.ts'
import { SIGNALS } from './patience.ts'

/** What ends a plan from outside. */
export type Interruption = {
  readonly signal: AbortSignal
  readonly check: () => void
  readonly stop: () => void
  /** What came, whether or not the plan ends by it, and that more came. */
  readonly asked: AbortSignal
  readonly again: AbortSignal
  readonly ended: () => PaudeError
}

/** Milliseconds in which several signals are one: a terminal that closes sends more than one. */
const AT_ONCE = 1000

/** Listens for the signals that end a start; `check` throws once one came. They are swallowed until `stop`, so that nothing interrupts the clean-up. */
export function listen(): Interruption {
  const [asked, again] = [new AbortController(), new AbortController()]
  let [signal, at]: [Ending, number] = ['SIGINT', 0]
  const onSignal = (name: Ending) => {
    if (!asked.signal.aborted) [signal, at] = [name, performance.now()]
    else if (performance.now() - at > AT_ONCE) again.abort()
    asked.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: asked.signal,
    asked: asked.signal,
    again: again.signal,
    ended: () => interrupted(signal),
    check: () => {
      if (asked.signal.aborted) throw interrupted(signal)
    },
    stop: () => {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}
