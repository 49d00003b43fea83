import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionEvent } from './event.ts'
import type { Reader } from './read.ts'
import { openTail } from './tail.ts'

export type Following = {
  readonly reader: Reader
  /** Whether the session still runs; asked every few seconds. */
  readonly runs: () => Promise<boolean>
  /** Milliseconds between two such questions. */
  readonly askAfter?: number
}

/** Milliseconds. A look costs one open and one stat. */
const BETWEEN = 150

/** Events from the first on, as they come; ends when the session does. */
export async function* followEvents(folder: string, { reader, runs, askAfter = 3_000 }: Following): AsyncGenerator<SessionEvent> {
  const tail = openTail(folder)
  let asked = Date.now()
  let last = false
  while (true) {
    const { lines, more } = tail()
    yield* reader.read(lines)
    if (more) continue
    if (last) return
    if (Date.now() - asked > askAfter) {
      asked = Date.now()
      last = !(await runs())
    }
    await sleep(BETWEEN)
  }
}
