import type { AgentState, Said, TitleSigns } from '../events/activity.ts'
import { nextState, stateOf } from './activity.ts'

/** Who tells of an agent: its terminal, and besides it those that are believed as long as the agent says nothing there itself. */
export type Sources = {
  /** What the first sign of the agent's title says; none where it says nothing there. */
  readonly titleSigns?: TitleSigns
  /** What hooks told since the last call: asked when the terminal stands still. */
  readonly told?: () => readonly Said[]
  /** The agent's own file about itself, '' without one, and what it adds: asked after `told`. */
  readonly ownFile?: { readonly print: () => Promise<string>; readonly read: (before: AgentState, text: string) => Said | null }
}

/** What the agent does: as it says on its terminal; as its hooks and its own file say while it says nothing there. */
export function makeBelief({ titleSigns = {}, told, ownFile }: Sources) {
  let state: AgentState = { activity: 'starting', kind: '', message: '', since: now() }
  let spoken = false
  let answer = ''
  let isReading = false
  // A title says neither how a turn ended nor what is asked: the last word of the hooks does.
  const isTitled = Object.keys(titleSigns).length > 0
  let hooked: Said | null = null
  const supplement = (): void => {
    if (hooked === null) return
    const same = hooked.activity === state.activity && hooked.kind === state.kind
    const ended = hooked.activity === 'done' && ['idle', 'done'].includes(state.activity)
    if (same || ended) state = stateOf(state, hooked, now())
    if (ended) answer = hooked.message
  }
  /** When hooks last told of an answer, in ms since 1970. */
  let answered = 0
  return {
    state: () => state,
    /** Whether the agent says on its terminal what it does. */
    spoken: () => spoken,
    /** What hooks last told of its answer, '' while it works on the next. */
    answer: () => answer,
    heard(status: string): void {
      const before = state
      state = nextState(state, status, { titleSigns, now: now() })
      spoken ||= state !== before
      if (state.activity === 'working') answer = ''
      // A question of before is not the next one. A stop stays: its hook may be read before the title that tells of the work.
      if (state.activity === 'working' && hooked?.activity === 'waiting') hooked = null
      if (isTitled) supplement()
      if (state.activity === before.activity && state.kind === before.kind) state = { ...state, since: before.since }
    },
    askHooks(): void {
      for (const said of told?.() ?? []) {
        if (said.activity === 'done') [answer, answered] = [said.message, Date.now()]
        hooked = said
        if (!spoken) state = stateOf(state, said, now())
        else if (isTitled) supplement()
      }
    },
    /** Whether the agent's own file told anything; false, too, while it is being read already. */
    async askOwnFile(): Promise<boolean> {
      if (ownFile === undefined || spoken || isReading) return false
      isReading = true
      const text = await ownFile.print().catch(() => '')
      isReading = false
      const said = ownFile.read(state, text)
      if (said === null || spoken) return false
      // The file is written a moment after the hook of the answer; a new prompt has a hook of its own.
      if (said.activity === 'working' && state.activity === 'done' && Date.now() - answered < BEHIND) return false
      state = stateOf(state, said, now())
      return true
    },
  }
}

/** Milliseconds for which an agent's own file may still tell of work that its hooks have told the end of. */
const BEHIND = 2000

const now = () => new Date().toISOString()
