/** Stands before the title while the agent waits for you: a row of tabs shows which one does. */
const WAITS = '(?) '

/**
 * The title that terminals of people get: the agent's own, with a mark while it waits. An agent that gives itself none, as when you have
 * switched that off, gets none. Whoever leaves is given the own title of the terminal back.
 */
export function makeTitle(own: () => string) {
  let waits = false
  let told = ''
  const text = () => (own() === '' || !waits ? own() : `${WAITS}${own()}`)
  return {
    /** For a terminal that is painted anew. */
    paint: (): string => sequence(text()),
    /** For the terminals that are there; '' where they know. */
    news(isWaiting: boolean): string {
      waits = isWaiting
      if (text() === told) return ''
      told = text()
      return sequence(told)
    },
  }
}

/** An empty title gives the terminal its own back. */
const sequence = (text: string): string => `\x1b]2;${text}\x07`
