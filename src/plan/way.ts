/** How the calls of one command share a connection to an engine on another machine. */
export type Way = {
  /** First word of a call that leads there, and the one that leads to a socket of this machine. */
  readonly word: string
  readonly through: (socket: string) => string
  /** Words of ssh that reach the machine. */
  readonly ssh: readonly string[]
  /** Where its engine usually listens. */
  readonly socket: string
  /** Where an engine that listens there says who it is. */
  readonly path: string
  readonly identity: (answer: string) => string
}
