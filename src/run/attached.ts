import type { Argv, Attach } from '../plan/plan.ts'
import { type Attached, capture } from './process.ts'

type Running = { readonly child: Attached; readonly terminal: boolean } & {
  readonly [Key in 'interrupt' | 'terminate' | 'timeout']?: Attach[Key] | undefined
}

/** Milliseconds in which a box may still be getting ready to hear signals. */
const SETTLING = 5_000

/** Stays with the agent on our streams until it ends; signals go where `step` says. A failure of what still starts ends it. */
export async function runAttached({ child, ...step }: Running, trailing: Promise<unknown>): Promise<number> {
  let timedOut = false
  let over = false
  /** The client may not have started the box yet: an engine refuses to signal one that does not run, and calls it stopped. */
  const send = async (argv: Argv | undefined, isHeard: (code: number) => boolean) => {
    while (argv !== undefined && !over) {
      const code = await capture(argv).then(
        (outcome) => outcome.code,
        () => 0,
      )
      if (isHeard(code)) return
      await Bun.sleep(100)
    }
  }
  const begun = Date.now()
  const interrupt = async () => {
    const young = Date.now() - begun < SETTLING
    await send(step.interrupt, (code) => code === 0)
    if (!young) return
    // The kernel drops a signal for a first process that has not said yet what to do with it, as between entry script and init.
    await Bun.sleep(1000)
    await send(step.interrupt, (code) => code === 0)
  }
  const end = () => {
    if (grace !== undefined) return
    void send(step.terminate, () => false)
    // An engine's client may outlive what it was attached to, or swallow signals; it must not outlive the box.
    grace = setTimeout(() => child.kill('SIGKILL'), 30_000)
  }
  let grace: Timer | undefined
  const handlers: ReadonlyArray<readonly [NodeJS.Signals, () => void]> = [
    ['SIGINT', () => (step.terminal ? undefined : void interrupt())],
    ['SIGTERM', end],
    // A closed terminal detaches; without one the caller is gone and nobody would ever see the answer.
    ['SIGHUP', () => (step.terminal ? child.kill('SIGHUP') : end())],
    ['SIGQUIT', () => undefined],
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  const timeOut = () => {
    timedOut = true
    end()
  }
  const timer = step.timeout === undefined ? undefined : setTimeout(timeOut, step.timeout * 1000)
  let broken: unknown = null
  trailing.catch((error: unknown) => {
    broken = error
    // podman's client, killed while it starts a container, leaves one that podman itself knows nothing of.
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
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
