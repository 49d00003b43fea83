import type { AgentState, Said, TitleSigns } from '../events/activity.ts'
import { nextState, stateOf } from './activity.ts'

/** What the agent does: as it says on its terminal; as its hooks and its own file say while it says nothing there. */
export function makeBelief(titleSigns: TitleSigns) {
  let state: AgentState = { activity: 'starting', kind: '', message: '', since: now() }
  let spoken = false
  let answer = ''
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
    },
    told(said: Said): void {
      if (said.activity === 'done') answer = said.message
      if (!spoken) state = stateOf(state, said, now())
    },
    /** Whether the agent's own file changed anything. */
    read(said: Said | null): boolean {
      if (said === null || spoken) return false
      state = stateOf(state, said, now())
      return true
    },
  }
}

const now = () => new Date().toISOString()
