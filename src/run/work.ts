import type { Argv } from '../plan/plan.ts'
import { patienceWith } from './environment.ts'
import { capture, type Outcome, type ProcessOptions } from './process.ts'

/** What holds for all calls of a plan that change something. */
export type Working = {
  /** Fires when paude is asked to end, and once more when it is asked again. */
  readonly asked: AbortSignal
  readonly again: AbortSignal
  /** Programs that were given up. */
  readonly silent: Set<string>
  /** Says that a program has not answered for so many seconds. */
  readonly tell: (program: string, seconds: number) => void
}

export type WorkOptions = Omit<ProcessOptions, 'silence'> & {
  /** Seconds that it takes by itself, whoever runs it. */
  readonly takes?: number | undefined
}

/** Seconds that an engine still gets which was given up once: what it may have made should be taken back. */
const ONCE_MORE = 3

/**
 * Runs a call that changes something. It is waited for, so that what it made is known; an engine that does not answer is told, and given up
 * when paude is asked to end and has waited for as long as for an answer to a question.
 */
export async function work(argv: Argv, working: Working, { takes = 0, ...options }: WorkOptions = {}): Promise<Outcome> {
  const { asked, again, silent, tell } = working
  const [program] = argv
  const patience = patienceWith(program)
  const giveUp = new AbortController()
  const began = performance.now()
  const passed = () => (performance.now() - began) / 1000
  const lacks = () => silent.has(program) || again.aborted
  let ending: Timer | undefined
  const end = () => {
    if (patience === undefined || ending !== undefined) return
    const seconds = lacks() ? Math.min(ONCE_MORE, patience) : patience - passed()
    ending = setTimeout(() => giveUp.abort(), Math.max(0, seconds * 1000))
  }
  const endNow = () => giveUp.abort()
  if (asked.aborted || lacks()) end()
  asked.addEventListener('abort', end)
  again.addEventListener('abort', endNow)
  const telling =
    patience === undefined || options.said !== undefined
      ? undefined
      : setTimeout(() => tell(program, patience + takes), (patience + takes) * 1000)
  try {
    const signal = options.signal === undefined ? giveUp.signal : AbortSignal.any([options.signal, giveUp.signal])
    const outcome = await capture(argv, { ...options, signal })
    if (!giveUp.signal.aborted || outcome.code === 0) return outcome
    silent.add(program)
    return { ...outcome, silent: Math.round(passed()) }
  } finally {
    clearTimeout(ending)
    clearTimeout(telling)
    asked.removeEventListener('abort', end)
    again.removeEventListener('abort', endNow)
  }
}
