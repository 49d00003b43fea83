import type { Argv } from '../plan/plan.ts'
import { openPty, type Pty } from '../run/pty.ts'
import { type Size, STILL } from './screen.ts'

export type ChildOptions = {
  /** The engine's client: how it starts the made agent, and how it attaches to a running one; null where it does not. */
  readonly start: Argv | null
  readonly attach: Argv | null
  /** What the engine says of the agent; null when it says nothing, as while it is down. */
  readonly look: () => Promise<Seen>
  /** Milliseconds for which an engine that says nothing is asked again. */
  readonly patience?: number
}

type Seen = { readonly status: string; readonly exitCode: number } | 'gone' | null
/** How an agent ended; null when nobody can tell whether it has. */
type Outcome = { readonly code: number; readonly failed: boolean } | null

export type Child = ReturnType<typeof makeChild>

/** Milliseconds between two looks at an engine that does not answer, how often, and between two of later: a laptop may be away for hours. */
const RETRY = 500
const RETRIES = 120
const LATER_RETRY = 5000
const PATIENCE = 24 * 3600 * 1000
/** Milliseconds after which an agent is made to paint itself: half of that again when nothing came. */
const NUDGE = 150
const LONGEST_NUDGE = 3000
/** Milliseconds for which it has another size then, at least, and from how many on a single time may not be enough. */
const GAP = 60
const SLOW = 250
/** Milliseconds after which one is asked again that has not cleared its screen: it moved a part of that alone. Each keeps the size longer. */
const LATER = [1_000, 3_000, 9_000]
/** With this Claude Code, Codex and Gemini begin to paint all. */
const CLEAR = '\u001b[2J'

/** The engine's client on a terminal of its own. When it dies before the agent, another takes its place. */
export function makeChild({ start, attach, look, patience = PATIENCE }: ChildOptions) {
  let client = newClient(start === null)
  const seen = () => look().catch(() => null)
  const silence = makeSilence(seen, patience)

  return {
    /** Runs clients until the agent has ended. */
    async run(size: () => Size, { onData, onSilence }: Events): Promise<Outcome> {
      let status = 0
      for (let how = start ?? attach, tries = 0; how !== null; how = attach) {
        client = newClient(how !== start)
        const held = silence.hold(client, { onData, onSilence })
        status = await runClient(client, how, { size, onData: held })
        const now = await seen()
        const outcome = outcomeOf(now, status)
        if (outcome !== null) return outcome
        // The agent lives on without us, or the engine says nothing: its client was killed, or the engine starts again.
        if (silence.see(now, onSilence)) {
          if (silence.isOver()) return null
          await silence.wait()
          continue
        }
        tries = Date.now() - client.begun > 10_000 ? 0 : tries + 1
        if (tries > RETRIES) return null
        await Bun.sleep(Math.min(RETRY, 50 * tries))
      }
      return await outlived(seen, { status, onSilence, silence })
    },
    write: (text: Uint8Array | string): void => client.pty?.write(text),
    resize: (size: Size): void => client.pty?.resize(size),
    isOpen: (): boolean => client.pty !== null,
    /** Whether the engine does not answer: nothing that is typed reaches the agent. */
    isSilent: silence.is,
    hasPainted: (): boolean => client.painted > 0,
    /** Whether the agent has painted, or the engine says that it runs. */
    isUp: async (): Promise<boolean> => client.painted > 0 || isRunning(await seen()) || client.painted > 0,
    /** Whether what an agent paints on joining, or for a question of the time `asked`, is whole; after `patience` it counts as whole. */
    isWhole: (asked: number, patience: number): boolean =>
      Date.now() - Math.max(client.joins ? client.begun : 0, asked) >= patience ||
      (client.painted > 0 && Date.now() - client.painted >= STILL),
  }
}

type Events = {
  readonly onData: (bytes: Uint8Array) => void
  /** Called when the engine stops to answer, and when it answers again. */
  readonly onSilence: (isSilent: boolean) => void
}

type Silence = ReturnType<typeof makeSilence>

/** Keeps account of an engine that does not answer. What its client prints meanwhile is no word of the agent's. */
function makeSilence(seen: () => Promise<Seen>, patience: number) {
  let since = 0
  let looks = 0
  const see = (now: Seen, tell: Events['onSilence']): boolean => {
    const [was, is] = [since > 0, now === null]
    if (was !== is) {
      since = is ? Date.now() : 0
      looks = 0
      tell(is)
    }
    return is
  }
  const is = (): boolean => since > 0
  return {
    /** Whether the engine is silent, by its last answer. */
    is,
    /** The same, by this one. */
    see,
    isOver: (): boolean => is() && Date.now() - since >= patience,
    wait: (): Promise<void> => Bun.sleep(!is() || looks++ < RETRIES ? RETRY : LATER_RETRY),
    /** Keeps back what a client prints until the engine answers; what one printed that died before is dropped. */
    hold(client: Client, { onData, onSilence }: Events): Events['onData'] {
      if (!is()) return onData
      let held: Uint8Array[] | null = []
      const answered = async () => {
        for (await Bun.sleep(RETRY); client.pty !== null; await Bun.sleep(RETRY))
          if (!see(await seen(), onSilence)) {
            for (const bytes of held ?? []) onData(bytes)
            held = null
            return
          }
      }
      void answered()
      return (bytes) => {
        if (held === null) onData(bytes)
        else held.push(bytes)
      }
    },
  }
}

/** One run of the engine's client; times are milliseconds since 1970. */
type Client = {
  readonly begun: number
  /** Whether it joins an agent that runs already. */
  readonly joins: boolean
  /** null before it and once it has ended. */
  pty: Pty | null
  /** When the agent last painted on it, 0 before. */
  painted: number
  /** Whether it began with an empty screen; asked of one that is joined alone. */
  cleared: boolean
}

const newClient = (joins: boolean): Client => ({ begun: Date.now(), joins, pty: null, painted: 0, cleared: !joins })

type Terminal = { readonly size: () => Size; readonly onData: (bytes: Uint8Array) => void }

async function runClient(client: Client, argv: Argv, { size, onData }: Terminal): Promise<number> {
  let joined = () => {}
  const pty = openPty(argv, {
    size: size(),
    onData: (bytes) => {
      if (client.painted === 0) joined()
      client.painted = Date.now()
      client.cleared ||= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(CLEAR)
      onData(bytes)
    },
  })
  client.pty = pty
  if (client.joins) joined = nudge(client, size)
  const status = await pty.exited
  client.pty = null
  return status
}

/**
 * An agent paints when its size changes. On a busy machine the engine's client joins late, so this goes on until something is painted.
 * Returns what is to be called then: only now the client has joined for sure, and a change before that may have reached nobody.
 */
function nudge(client: Client, size: () => Size): () => void {
  let shaken = false
  const shake = (gap: number) => {
    if (client.pty === null) return
    shaken = true
    const { columns, rows } = size()
    client.pty.resize({ columns, rows: rows - 1 })
    setTimeout(() => client.pty?.resize(size()), gap)
  }
  const again = (wait: number) => {
    if (client.painted > 0 || client.pty === null) return
    shake(GAP)
    setTimeout(() => again(Math.min(2 * wait, LONGEST_NUDGE)), wait)
  }
  setTimeout(shake, NUDGE, GAP)
  setTimeout(() => again(NUDGE * 4), NUDGE * 4)
  return () => {
    for (const wait of LATER) setTimeout(() => client.cleared || shake(wait / 4), wait).unref()
    if (!shaken) return
    // Where the client is late, so is everybody: one who reads the size after both changes finds none.
    const gap = Math.min(Math.max(GAP, (Date.now() - client.begun) / 2), LONGEST_NUDGE)
    setTimeout(shake, NUDGE, gap)
    if (gap > SLOW) setTimeout(shake, NUDGE + 2 * gap, gap)
  }
}

/** No other client can take the place of one that was lost: its last picture stays until the agent has ended, or nobody can tell. */
async function outlived(
  look: ChildOptions['look'],
  { status, onSilence, silence }: Pick<Events, 'onSilence'> & { readonly status: number; readonly silence: Silence },
): Promise<Outcome> {
  while (!silence.isOver()) {
    await silence.wait()
    const now = await look()
    const outcome = outcomeOf(now, status)
    if (outcome !== null) return outcome
    silence.see(now, onSilence)
  }
  return null
}

const isRunning = (seen: Seen): boolean => seen !== null && seen !== 'gone' && seen.status === 'running'

/** How an agent ended whose client ended with `status`; null when it may run on. */
function outcomeOf(seen: Seen, status: number): Outcome | null {
  // Removed while it ran: the engine kills the agent for that and keeps no code.
  if (seen === 'gone') return { code: 137, failed: false }
  if (seen === null || seen.status === 'running' || seen.status === 'paused') return null
  return seen.status === 'created' ? { code: status, failed: true } : { code: seen.exitCode, failed: false }
}
