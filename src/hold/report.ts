import type { AgentState } from '../events/activity.ts'
import { makeBelief, type Sources } from './belief.ts'
import { makeFault, type ProviderLook } from './fault.ts'
import { makeLull } from './lull.ts'
import { STILL } from './screen.ts'
import { makeStateFile } from './state-file.ts'

export type ReportOptions = Sources & {
  /** Folder of the session on the host. */
  readonly folder: string
  /** Asked as long as the agent works. */
  readonly provider?: ProviderLook
  /** Whoever wants to know of every change. */
  readonly watch?: (hands: Hands) => Watch
}

export type Hands = {
  /** Bytes for every terminal that is attached, between two of the agent's. Whether there is any. */
  readonly show: (bytes: string) => boolean
}

export type Watch = {
  /** `code` is null until the agent has ended. `answer` is what hooks last told of, '' without hooks. */
  readonly changed: (state: AgentState, code: number | null, answer: string) => void
  /** Whether somebody is attached, and milliseconds since 1970 at the last key; 0 when there was none. */
  readonly present: (presence: { readonly attached: boolean; readonly lastInput: number }) => void
  /** Something appeared in the project that this machine may run. */
  readonly found: (alarm: Raised) => void
  /** Waits for what is still being done. */
  readonly close: () => Promise<void>
}

/** What appeared in the project, and whether the agent was paused for it; in words of paude's own that are safe to show. */
export type Raised = {
  readonly text: string
  readonly does: 'paused' | 'stopped' | 'told'
  /** The command that comes next. */
  readonly next: string
}

/** What a report knows of the holder's other parts. */
type Around = Hands & {
  readonly mark: string
  readonly title: () => string
  readonly attached: () => number
  /** Whether the agent can be asked for its own file. */
  readonly isOpen: () => boolean
  /** Called when the terminal stands still. */
  readonly onStill: () => void
  /** Called with whether the agent waits for the user, each time that anything may have changed. */
  readonly onState: (isWaiting: boolean) => void
}

export type Report = ReturnType<typeof makeReport>

/** Tells others what the agent does: in the session's `state.json`, and whoever watches. */
export function makeReport(options: ReportOptions, { mark, title, attached, isOpen, onStill, onState, show }: Around) {
  const belief = makeBelief(options)
  const write = makeStateFile(options.folder)
  const watch = options.watch?.({ show })
  const fault = makeFault(options.provider, (message, isNew) => {
    publish()
    if (isNew && message !== '') watch?.changed({ ...belief.state(), activity: 'error', message }, null, '')
  })
  const calm = makeLull(STILL, hear)
  let code: number | null = null
  let lastInput = 0
  /** Why the agent is paused; null while it is not. */
  let paused: AgentState | null = null
  const now = () => paused ?? belief.state()

  function publish(): void {
    const state = now()
    fault.see(belief.state().activity, code !== null)
    onState(state.activity === 'waiting' && code === null)
    const holder = code === null ? mark : ''
    if (!write({ v: 1, holder, ...state, attached: attached(), title: title(), code, fault: fault.text() })) return
    watch?.present({ attached: attached() > 0, lastInput })
    if (paused !== null && code === null) return
    // An answer is told of once the hook that knows it has ended.
    if (state.activity !== 'done' || !calm.isDue() || code !== null) watch?.changed(state, code, belief.answer())
  }

  /** The terminal stands still: what hooks told meanwhile is whole by now. */
  function hear(): void {
    onStill()
    belief.askHooks()
    publish()
    if (code !== null || paused !== null) return
    watch?.changed(belief.state(), null, belief.answer())
    if (isOpen()) void belief.askOwnFile().then((isNew) => isNew && code === null && publish())
  }

  return {
    publish,
    state: now,
    /** Something appeared; what waits for a review is what the agent is said to do. */
    raised(alarm: Raised): void {
      if (alarm.does === 'paused')
        paused = { activity: 'waiting', kind: 'review', message: alarm.text, since: new Date().toISOString() }
      watch?.found(alarm)
      publish()
    },
    /** The agent goes on. */
    goesOn(): void {
      paused = null
      publish()
    },
    spoken: belief.spoken,
    isOver: () => code !== null,
    /** The agent printed something, and in it what it does. */
    heard(statuses: readonly string[]): void {
      for (const status of statuses) belief.heard(status)
      calm.stir()
      publish()
    },
    /** Somebody typed. */
    typed(): void {
      lastInput = Date.now()
      watch?.present({ attached: true, lastInput })
    },
    end(last: number): void {
      calm.cancel()
      hear()
      code = last
      publish()
    },
    close: async () => watch?.close(),
  }
}
