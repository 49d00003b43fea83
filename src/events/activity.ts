/** What an agent does, as far as it says so itself. */
export type Activity = 'starting' | 'working' | 'waiting' | 'idle' | 'done' | 'error' | 'unknown'

export type AgentState = {
  readonly activity: Activity
  /** `permission` or `question` while it waits; else ''. */
  readonly kind: string
  /** Its question or its error, cleaned and cut; else ''. */
  readonly message: string
  /** ISO time at which this began. */
  readonly since: string
}

/** What an agent says of itself; when, only the holder knows. */
export type Said = Omit<AgentState, 'since'>

/** What the first sign of an agent's title says of it, or what its title looks like while it works. */
export type TitleSigns = Readonly<Record<string, Omit<Said, 'message'>>> | RegExp
