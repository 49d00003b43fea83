import type { Timed } from './journal.ts'

/** File of a session's folder that says when each line of `screen.txt` came: runs of lines, as milliseconds since 1970 and their number. */
export const TIMES_FILE = 'screen.times'

/** The runs of these times, a line each. */
export function timesText(times: readonly number[]): string {
  const runs: [time: number, count: number][] = []
  for (const time of times) {
    const last = runs.at(-1)
    if (last?.[0] === time) last[1]++
    else runs.push([time, 1])
  }
  return runs.map((run) => `${run.join(' ')}\n`).join('')
}

/** The lines of a text that are not older; null where the runs do not tell. Of a text that lost its beginning the last ones count. */
export function linesSince(text: string, runs: string, since: number): string | null {
  const lines = text.replace(/\n$/, '').split('\n')
  const times: number[] = []
  for (const run of runs.split('\n')) {
    const [time = Number.NaN, count = 0] = run.split(' ').map(Number)
    // The holder keeps a bounded text.
    if (count > 0 && times.length + count < 10_000_000) times.push(...Array<number>(count).fill(time))
  }
  const missing = times.length - lines.length
  if (missing < 0) return null
  return lines.filter((_, at) => (times[at + missing] ?? 0) >= since).join('\n')
}

/** Without the blank lines at both ends. */
export function withoutBlankEnds({ texts, times }: Timed): Timed {
  const filled = (line: string) => line.trim() !== ''
  const [first, last] = [texts.findIndex(filled), texts.findLastIndex(filled)]
  return first === -1 ? { texts: [], times: [] } : { texts: texts.slice(first, last + 1), times: times.slice(first, last + 1) }
}
