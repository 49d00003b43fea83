import { makeJournal, type Timed } from './journal.ts'
import { makeLull } from './lull.ts'
import { type Screen, STILL } from './screen.ts'
import { withoutBlankEnds } from './times.ts'

export type Log = ReturnType<typeof makeLog>

/** Milliseconds after which an alternate screen is looked at in any case. */
const AT_LEAST = 5000

/** What the agent has shown since the holder began, and what of it those who follow were told. */
export function makeLog(screen: Screen, tell: (lines: readonly string[]) => void) {
  const journal = makeJournal()
  const still = makeLull(STILL, look)
  let lookedAt = Date.now()
  let paintedAt = Date.now()
  /** What those who follow were told before it left the screen. */
  let ahead: readonly string[] = []
  const onScreen = () => screen.picture({ format: 'text', scrollback: 0 })

  /** These lines stand behind what has left the screen: what stands on it was last painted then. */
  const behind = (lines: readonly string[]): Timed => {
    const { texts, times } = journal.lines()
    return { texts: [...texts, ...lines], times: [...times, ...lines.map(() => paintedAt)] }
  }
  const whole = () => withoutBlankEnds(behind(screen.alternate() ? [] : onScreen().split('\n')))

  /** Takes down what stands on the alternate screen. */
  function look(): void {
    still.cancel()
    lookedAt = Date.now()
    if (screen.alternate()) tell(journal.stood(onScreen().split('\n')))
  }

  return {
    look,
    /** Hands a chunk to the screen by `write`, and takes down what that makes leave it. */
    through<T>(chunk: string, write: () => T): T {
      // Before the agent leaves the alternate screen, what stands on it is taken down.
      if (chunk.includes('1049l') || Date.now() - lookedAt > AT_LEAST) look()
      const before = screen.scrolled()
      const result = write()
      paintedAt = Date.now()
      if (screen.scrolled() > before) {
        const gone = journal.scrolled(screen.history(before))
        tell(without(gone, ahead))
        ahead = without(ahead, gone)
      }
      if (screen.alternate()) still.stir()
      return result
    },
    /** The terminal stands still: those who follow are told what will leave it. */
    tellAhead(): void {
      if (screen.alternate()) return
      const settled = screen.settled()
      tell(without(settled, ahead))
      ahead = settled
    },
    whole,
    /** For a question: what is not older. Who follows is told what stands on the screen when it leaves it. */
    answer(follows: boolean, since: number): string {
      if (screen.alternate()) look()
      const { texts, times } = follows ? behind(ahead) : whole()
      return texts.filter((_, at) => (times[at] ?? 0) >= since).join('\n')
    },
    /** What nobody was told yet. */
    rest: (): string => (screen.alternate() ? '' : without(onScreen().split('\n'), ahead).join('\n')),
  }
}

/** The lines of a list that are not in the other, which takes away as many as it has. */
function without(list: readonly string[], other: readonly string[]): readonly string[] {
  if (other.length === 0) return list
  const left = new Map<string, number>()
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1)
  return list.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}
