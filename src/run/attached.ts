import { type Ending, PaudeError } from '../errors.ts'
import type { Argv, Attach } from '../plan/plan.ts'
import { type Attached, capture } from './process.ts'
import { question } from './question.ts'

type Running = { readonly child: Attached; readonly terminal: boolean } & {
  readonly [Key in 'alive' | 'interrupt' | 'terminate' | 'timeout']?: Attach[Key] | undefined
}

type Send = (argv: Argv | undefined, isHeard: (code: number) => boolean) => Promise<void>

/** Milliseconds in which a box may still be getting ready to hear signals, and how many its first program gets until it listens. */
const SETTLING = 5_000
const SETTLED = 50

/** Milliseconds that an agent gets to end: the engine's own ten seconds, and twice that for a busy one. */
const GRACE = 30_000

/** Stays with the agent on our streams until it ends; signals go where `step` says. A failure of what still starts ends it. */
export async function runAttached({ child, ...step }: Running, trailing: Promise<unknown>): Promise<number> {
  let timedOut = false
  let grace: Timer | undefined
  let broken: unknown = null
  let isAnswered = false
  let over = false
  const late = new AbortController()
  /** Ends the agent's client, which waits for the same engine. */
  const giveUp = (signal: Ending) => {
    broken ??= new PaudeError('interrupted', 'interrupted; the engine does not answer', { signal })
    child.kill('SIGKILL')
  }
  /** The client may not have started the box yet: an engine refuses to signal one that does not run, and calls it stopped. */
  const send: Send = async (argv, isHeard) => {
    while (argv !== undefined && !over) {
      const isLast = argv === step.terminate
      // An agent takes its time to end, which the grace bounds.
      const outcome = await (isLast ? capture(argv, { signal: late.signal }) : question(argv)).catch(() => null)
      isAnswered ||= isLast && !late.signal.aborted
      if (outcome?.silent !== undefined) return giveUp('SIGINT')
      if (isHeard(outcome?.code ?? 0)) return
      await Bun.sleep(100)
    }
  }
  const interrupt = interrupting(step, send)
  const end = () => {
    if (grace !== undefined) return
    void send(step.terminate, () => false)
    // An engine's client may outlive what it was attached to, or swallow signals; it must not outlive the box.
    grace = setTimeout(() => {
      late.abort()
      if (isAnswered || timedOut) child.kill('SIGKILL')
      else giveUp('SIGTERM')
    }, GRACE)
  }
  const unlisten = listen({
    SIGINT: () => (step.terminal ? undefined : void interrupt()),
    SIGTERM: end,
    // A closed terminal detaches; without one the caller is gone and nobody would ever see the answer.
    SIGHUP: () => (step.terminal ? child.kill('SIGHUP') : end()),
    SIGQUIT: () => undefined,
  })
  const timeOut = () => {
    timedOut = true
    end()
  }
  const timer = step.timeout === undefined ? undefined : setTimeout(timeOut, step.timeout * 1000)
  trailing.catch((error: unknown) => {
    broken = error
    // A client that is killed while it starts a box may leave one that its engine knows nothing of.
    if (step.terminate === undefined) child.kill('SIGKILL')
    else end()
  })
  try {
    const code = await child.exited
    if (broken !== null) throw broken
    return timedOut ? 124 : code
  } finally {
    over = true
    clearTimeout(timer)
    clearTimeout(grace)
    unlisten()
  }
}

/** Interrupts a box, a young one once it can hear that. */
function interrupting({ alive, interrupt }: Pick<Running, 'alive' | 'interrupt'>, send: Send): () => Promise<void> {
  const begun = Date.now()
  const isTaken = (code: number) => code === 0
  return async () => {
    // The kernel drops a signal for a first process that has not said yet what to do with it. Sent again it would be a second Ctrl-C for
    // an agent that takes its time to end, so a young box is waited for instead.
    if (alive !== undefined && Date.now() - begun < SETTLING) {
      await send(alive, isTaken)
      await Bun.sleep(SETTLED)
    }
    await send(interrupt, isTaken)
  }
}

function listen(handlers: Partial<Record<NodeJS.Signals, () => void>>): () => void {
  const all = Object.entries(handlers)
  for (const [signal, handler] of all) process.on(signal, handler)
  return () => {
    for (const [signal, handler] of all) process.off(signal, handler)
  }
}
