import type { AgentState, Said, TitleSigns } from '../events/activity.ts'
import { makeBelief } from './belief.ts'
import { makeFault, type ProviderLook } from './fault.ts'
import type { HoldState } from './place.ts'
import { STILL } from './screen.ts'
import { makeStateFile } from './state-file.ts'

export type ReportOptions = {
  /** Folder of the session on the host. */
  readonly folder: string
  /** What the first sign of the agent's title says; none where it says nothing there. */
  readonly titleSigns?: TitleSigns
  /** What hooks told since the last call: asked when the terminal stands still, and believed as long as the agent says nothing there itself. */
  readonly told?: () => readonly Said[]
  /** The agent's own file about itself, '' without one, and what it adds: asked and believed as `told` is, after it. */
  readonly ownFile?: { readonly print: () => Promise<string>; readonly read: (before: AgentState, text: string) => Said | null }
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
  /** Waits for what is still being done. */
  readonly close: () => Promise<void>
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
}

export type Report = ReturnType<typeof makeReport>

/** Tells others what the agent does: in the session's `state.json`, and whoever watches. */
export function makeReport({ folder, titleSigns = {}, told, ownFile, provider, watch: watched }: ReportOptions, around: Around) {
  const { mark, title, attached, isOpen, onStill, show } = around
  const belief = makeBelief(titleSigns)
  const write = makeStateFile(folder)
  const watch = watched?.({ show })
  const fault = makeFault(provider, (message, isNew) => {
    publish()
    if (isNew && message !== '') watch?.changed({ ...belief.state(), activity: 'error', message }, null, '')
  })
  let code: number | null = null
  let lastInput = 0
  /** Runs until the terminal stands still. */
  let calm: Timer | null = null
  let isReading = false

  function publish(): void {
    const { activity } = belief.state()
    if (activity === 'done') fault.clear()
    fault.lookWhile(code === null && activity === 'working')
    const holder = code === null ? mark : ''
    const next: HoldState = {
      v: 1,
      holder,
      ...belief.state(),
      attached: attached(),
      title: title(),
      code,
      fault: fault.text(),
    }
    if (!write(next)) return
    watch?.present({ attached: next.attached > 0, lastInput })
    // An answer is told of once the hook that knows it has ended.
    if (next.activity !== 'done' || calm === null || code !== null) watch?.changed(belief.state(), code, belief.answer())
  }

  /** The terminal stands still: what hooks told meanwhile is whole by now. */
  function hear(): void {
    calm = null
    onStill()
    for (const each of told?.() ?? []) belief.told(each)
    publish()
    if (code === null) watch?.changed(belief.state(), null, belief.answer())
    if (!belief.spoken() && isOpen()) void readOwnFile()
  }

  async function readOwnFile(): Promise<void> {
    if (isReading) return
    isReading = true
    const text = (await ownFile?.print().catch(() => '')) ?? ''
    isReading = false
    if (code === null && belief.read(ownFile?.read(belief.state(), text) ?? null)) publish()
  }

  return {
    publish,
    state: belief.state,
    spoken: belief.spoken,
    isOver: () => code !== null,
    /** The agent printed something, and in it what it does. */
    heard(statuses: readonly string[]): void {
      for (const status of statuses) belief.heard(status)
      if (calm === null) calm = setTimeout(hear, STILL)
      else calm.refresh()
      publish()
    },
    /** Somebody typed. */
    typed(): void {
      lastInput = Date.now()
      watch?.present({ attached: true, lastInput })
    },
    end(last: number): void {
      if (calm !== null) clearTimeout(calm)
      hear()
      code = last
      publish()
    },
    close: async () => watch?.close(),
  }
}
