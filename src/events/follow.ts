import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionEvent } from './event.ts'
import { readPiece } from './file.ts'
import { LONGEST, type Reader } from './read.ts'

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
  let offset = 0
  let rest = ''
  let asked = Date.now()
  let last = false
  while (true) {
    const { bytes, size } = readPiece(folder, offset)
    if (size < offset) {
      // The box has emptied it; hooks go on at the beginning.
      offset = 0
      rest = ''
      continue
    }
    offset += bytes.length
    const text = rest + bytes
    // Every record ends its line; what has no end yet is not whole.
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end).slice(0, LONGEST * 2)
    yield* reader.read(text.slice(0, end))
    if (bytes !== '') continue
    if (last) return
    if (Date.now() - asked > askAfter) {
      asked = Date.now()
      last = !(await runs())
    }
    await sleep(BETWEEN)
  }
}
