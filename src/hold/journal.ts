/** Lines, and when each came, in milliseconds since 1970. */
export type Timed = { readonly texts: readonly string[]; readonly times: readonly number[] }

/**
 * What a screen showed over time, as lines of text. Lines that leave a normal screen at its top come as they are;
 * a program on the alternate screen scrolls by painting anew, so its screens are compared and what is new is kept.
 */
export type Journal = {
  /** Lines that have left the screen. Returns them: whoever follows is told. */
  readonly scrolled: (lines: readonly string[]) => readonly string[]
  /** The alternate screen as it stands still. Returns what was not on it the last time. */
  readonly stood: (lines: readonly string[]) => readonly string[]
  readonly lines: () => Timed
}

/** Characters that are kept; the oldest lines go first. */
const ROOM = 1_000_000

export function makeJournal(now = Date.now): Journal {
  let texts: string[] = []
  let times: number[] = []
  let size = 0
  let last = new Set<string>()

  function add(more: readonly string[]): readonly string[] {
    texts.push(...more)
    times.push(...Array<number>(more.length).fill(now()))
    size += more.reduce((sum, line) => sum + line.length + 1, 0)
    if (size > ROOM) {
      let first = 0
      while (size > ROOM * 0.8) size -= (texts[first++]?.length ?? 0) + 1
      texts = texts.slice(first)
      times = times.slice(first)
    }
    return more
  }

  return {
    scrolled: add,
    stood: (screen) => {
      const fresh = screen.filter((line) => line !== '' && !last.has(line))
      last = new Set(screen)
      return fresh.length === 0 ? [] : add(fresh)
    },
    lines: () => ({ texts, times }),
  }
}
