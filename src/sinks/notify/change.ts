/** What a session may be doing. */
export const states = ['working', 'waiting', 'idle', 'done', 'error', 'exited'] as const
export type State = (typeof states)[number]

/** What there is to tell of: states, a host that the network policy refused or asks for, and a file that this machine may run. */
export const occasions = [...states, 'blocked', 'finding'] as const
export type Occasion = (typeof occasions)[number]

/** A session came into a state. */
export type Change = {
  readonly session: { readonly id: string; readonly name: string; readonly workspace: string }
  readonly state: State
  /** The question, the last answer, the error: words of the agent. '' when there are none. */
  readonly text: string
}

/** Whether somebody looks at the session, and when they last typed. */
export type Presence = {
  readonly attached: boolean
  /** Milliseconds since 1970; 0 when nobody typed yet. */
  readonly lastInput: number
}
