import type { Argv } from '../plan/plan.ts'
import { openPty, type Pty } from '../run/pty.ts'
import { type Size, STILL } from './screen.ts'

export type ChildOptions = {
  /** The engine's client: how it starts the made agent, and how it attaches to a running one; null where it does not. */
  readonly start: Argv | null
  readonly attach: Argv | null
  /** What the engine says of the agent; null when it says nothing, as while it is down. */
  readonly look: () => Promise<Seen>
}

type Seen = { readonly status: string; readonly exitCode: number } | 'gone' | null
type Outcome = { readonly code: number; readonly failed: boolean }

export type Child = ReturnType<typeof makeChild>

/** Milliseconds between two looks at an engine that does not answer, and how often. */
const RETRY = 500
const RETRIES = 120
/** Milliseconds after which an agent is made to paint itself: half of that again when nothing came. */
const NUDGE = 150
const LONGEST_NUDGE = 3000

/** The engine's client on a terminal of its own. When it dies before the agent, another takes its place. */
export function makeChild({ start, attach, look }: ChildOptions) {
  let pty: Pty | null = null
  let painted = false
  let lastPainted = 0
  /** When a running agent was joined, which was not started here; 0 when it was. */
  let joined = start === null ? Date.now() : 0
  const seen = () => look().catch(() => null)

  /** Runs clients until the agent has ended. */
  async function run(size: () => Size, onData: (bytes: Uint8Array) => void): Promise<Outcome> {
    let status = 0
    for (let how = start ?? attach, tries = 0; how !== null; how = attach) {
      const begun = Date.now()
      status = await runClient(how, size, onData)
      const now = await seen()
      const outcome = outcomeOf(now, status)
      if (outcome !== null) return outcome
      // The agent lives on without us, or the engine says nothing: its client was killed, or the engine starts again.
      tries = Date.now() - begun > 10_000 ? 0 : tries + 1
      if (tries > RETRIES) return { code: 0, failed: false }
      await Bun.sleep(now === null ? RETRY : Math.min(RETRY, 50 * tries))
    }
    return await outlived(status)
  }

  /** No other client can take the place of one that was lost: its last picture stays until the agent has ended, or nobody can tell. */
  async function outlived(status: number): Promise<Outcome> {
    for (let silent = 0; silent <= RETRIES; ) {
      await Bun.sleep(RETRY)
      const now = await seen()
      const outcome = outcomeOf(now, status)
      if (outcome !== null) return outcome
      silent = now === null ? silent + 1 : 0
    }
    return { code: 0, failed: false }
  }

  async function runClient(how: Argv, size: () => Size, onData: (bytes: Uint8Array) => void): Promise<number> {
    const begun = Date.now()
    let heard: (() => void) | null = null
    painted = false
    pty = openPty(how, {
      size: size(),
      onData: (bytes) => {
        if (!painted) heard?.()
        painted = true
        lastPainted = Date.now()
        onData(bytes)
      },
    })
    if (how !== start) {
      joined = begun
      heard = nudge(pty, size)
    }
    const status = await pty.exited
    pty = null
    return status
  }

  /**
   * An agent paints when its size changes. On a busy machine the engine's client joins late, so this goes on until something is painted.
   * Returns what is to be called then: only now the client has joined for sure, and a change before that may have reached nobody.
   */
  function nudge(to: Pty, size: () => Size): () => void {
    let shaken = false
    const shake = () => {
      if (pty !== to) return
      shaken = true
      const { columns, rows } = size()
      to.resize({ columns, rows: rows - 1 })
      setTimeout(() => to.resize(size()), 60)
    }
    const again = (wait: number) => {
      if (painted || pty !== to) return
      shake()
      setTimeout(() => again(Math.min(2 * wait, LONGEST_NUDGE)), wait)
    }
    setTimeout(shake, NUDGE)
    setTimeout(() => again(NUDGE * 4), NUDGE * 4)
    return () => void (shaken && setTimeout(shake, NUDGE))
  }

  return {
    run,
    write: (text: Uint8Array | string): void => pty?.write(text),
    resize: (size: Size): void => pty?.resize(size),
    isOpen: (): boolean => pty !== null,
    hasPainted: (): boolean => painted,
    /** Whether the agent has painted, or the engine says that it runs. */
    isUp: async (): Promise<boolean> => isRunning(painted ? null : await seen()) || painted,
    /** Whether what an agent paints on joining, or for a question of the time `asked`, is whole; after `patience` it counts as whole. */
    isWhole: (asked: number, patience: number): boolean =>
      Date.now() - Math.max(joined, asked) >= patience || (painted && Date.now() - lastPainted >= STILL),
  }
}

const isRunning = (seen: Seen): boolean => seen !== null && seen !== 'gone' && seen.status === 'running'

/** How an agent ended whose client ended with `status`; null when it may run on. */
function outcomeOf(seen: Seen, status: number): Outcome | null {
  // Removed while it ran: the engine kills the agent for that and keeps no code.
  if (seen === 'gone') return { code: 137, failed: false }
  if (seen === null || seen.status === 'running' || seen.status === 'paused') return null
  return seen.status === 'created' ? { code: status, failed: true } : { code: seen.exitCode, failed: false }
}
