import type { Row } from './watch-picture.ts'

/** Which row a key is for. */
export type Choice = {
  /** Place of the row, '' before there is one: no number, since rows come and go. */
  readonly place: string
  /** When it last moved by a key, and by itself; milliseconds, 0 for never. */
  readonly moved: number
  readonly jumped: number
}

export const NOTHING_CHOSEN: Choice = { place: '', moved: 0, jumped: 0 }

/** Milliseconds for which a row that was chosen by hand is left to the user. */
const BY_HAND = 10_000
/** Milliseconds in which a key may be meant for the row before. */
const TOO_SOON = 700

export const placeOf = ({ host, port }: Pick<Row, 'host' | 'port'>): string => `${host}:${port}`

/** A host that waits for a key is chosen by itself, unless the user has just chosen another one or such a host. */
export function choose(rows: readonly Row[], before: Choice, now: number): Choice {
  const at = rows.find((row) => placeOf(row) === before.place)
  const waiting = rows.find(({ state }) => state === 'waiting')
  const isLeft = at !== undefined && (at.state === 'waiting' || waiting === undefined || now - before.moved < BY_HAND)
  const next = isLeft ? at : (waiting ?? rows[0])
  if (next === undefined) return { ...before, place: '' }
  const place = placeOf(next)
  return place === before.place ? before : { ...before, place, jumped: before.place === '' ? before.jumped : now }
}

/** The user moved to a row: from then on a key is for it. */
export const moved = (row: Row, now: number): Choice => ({ place: placeOf(row), moved: now, jumped: 0 })

/** Whether a key came so soon after the choice moved by itself that another row was meant: no box slips a host below a key. */
export const isTooSoon = ({ jumped }: Choice, now: number): boolean => now - jumped < TOO_SOON
