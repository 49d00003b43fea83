import { isUp } from '../../box/handle.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import type { Host } from '../../host.ts'
import type { Row } from '../../session/life/find.ts'
import type { MarkedRow } from '../../session/life/new-executables.ts'
import { readAlarm } from '../../session/record/alarm.ts'
import { refusedPlaces } from '../../session/record/blocked.ts'
import { startOf } from '../../session/record/started.ts'
import { readRecord, sessionFolder } from '../../session/record/store.ts'

/** What an agent says of itself. */
type AgentActivity = {
  /** null where nobody can tell: it does not run, has no screen, or its terminal is not held. */
  readonly activity: string | null
  /** `permission` or `question` while it waits; `review` where paude paused it. */
  readonly kind: string
  readonly message: string
  /** ISO time; null where nobody can tell. */
  readonly since: string | null
  /** Why the agent gets no answer from its provider; '' while nothing is known to be wrong. */
  readonly fault: string
  /** Terminals that look at it now. */
  readonly attached: number
  /** What appeared in the project while it ran that this machine may run; '' for nothing. */
  readonly alarm: string
}

/** A session with what its agent says of itself. */
export type ActiveRow = MarkedRow &
  AgentActivity & {
    /** Hosts that it was refused and may still not reach. */
    readonly blocked: number
    /** Hosts that wait for a key in `paude network watch`. */
    readonly asks: number
    /** ISO time at which it was started last. */
    readonly started: string
    /** Whether this state folder has a record of it; without one it is most likely another user's. */
    readonly own: boolean
  }

/** Reads what the holders publish, and why a session is paused: files, no engine is asked. */
export const withActivity = <One extends Row>(host: Host, row: One): One & AgentActivity => {
  const folder = sessionFolder(host, row.id)
  const alarm = row.status === 'exited' ? null : readAlarm(folder)
  const known = { alarm: alarm?.text ?? '', fault: '' }
  const state = isUp(row) ? readHoldState(folder) : null
  const attached = state === null || !isHeld(state) ? 0 : state.attached
  if (row.status === 'paused' && alarm?.does === 'paused')
    return { ...row, ...known, activity: 'waiting', kind: 'review', message: alarm.text, since: alarm.at, attached }
  if (row.status === 'paused' || state === null || !isHeld(state))
    return { ...row, ...known, activity: null, kind: '', message: '', since: null, attached }
  const { activity, kind, message, since, fault = '' } = state
  return { ...row, ...known, activity, kind, message: message || fault, fault, since, attached }
}

/** Rows with what their agents do and what the wall refused them: files of this machine, no engine is asked. */
export const withNews = (host: Host, rows: readonly MarkedRow[]): Promise<readonly ActiveRow[]> =>
  Promise.all(
    rows.map(async (row) => {
      const { blocked, waiting } = await refusedPlaces(host, row.id)
      const asks = row.status === 'running' ? waiting.length : 0
      const own = readRecord(host, row.id) !== null
      return {
        ...withActivity(host, row),
        blocked: blocked.length,
        asks,
        started: startOf(sessionFolder(host, row.id), row),
        own,
      }
    }),
  )
