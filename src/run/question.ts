import type { Argv } from '../plan/plan.ts'
import { patienceWith } from './environment.ts'
import { SIGNALS } from './patience.ts'
import { capture, type Outcome, type ProcessOptions } from './process.ts'

/** Characters that are read of an answer. */
export const ANSWER = 256 * 1024

/**
 * Runs a program that only tells. An engine's client that says nothing for too long is ended, and so it is when a signal ends paude: it runs
 * in a session of its own, and one that waits for a silent engine would wait for ever.
 */
export async function question(argv: Argv, options: Omit<ProcessOptions, 'silence'> = {}): Promise<Outcome> {
  const { signal, done } = untilOurEnd()
  try {
    return await capture(argv, {
      ...options,
      signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]),
      silence: patienceWith(argv[0]),
    })
  } finally {
    done()
  }
}

const asking = new Set<AbortController>()

/** Fires when a signal comes that nobody else listens to, and that therefore ends paude. */
function untilOurEnd(): { readonly signal: AbortSignal; readonly done: () => void } {
  const controller = new AbortController()
  if (asking.size === 0) for (const name of SIGNALS) process.on(name, endAll)
  asking.add(controller)
  return {
    signal: controller.signal,
    done: () => {
      asking.delete(controller)
      if (asking.size === 0) for (const name of SIGNALS) process.off(name, endAll)
    },
  }
}

function endAll(name: NodeJS.Signals): void {
  if (process.listenerCount(name) > 1) return
  for (const controller of asking) controller.abort()
  for (const each of SIGNALS) process.off(each, endAll)
  process.kill(process.pid, name)
}
