import { isHeld, readHoldState } from '../../hold/place.ts'
import type { Host } from '../../host.ts'
import type { Row } from '../../session/life/find.ts'
import type { MarkedRow } from '../../session/life/new-executables.ts'
import { refusedPlaces } from '../../session/record/blocked.ts'
import { startOf } from '../../session/record/started.ts'
import { sessionFolder } from '../../session/record/store.ts'

/** What an agent says of itself. */
type AgentActivity = {
  /** null where nobody can tell: it does not run, has no screen, or its terminal is not held. */
  readonly activity: string | null
  /** `permission` or `question` while it waits. */
  readonly kind: string
  readonly message: string
  /** ISO time; null where nobody can tell. */
  readonly since: string | null
  /** Why the agent gets no answer from its provider; '' while nothing is known to be wrong. */
  readonly fault: string
  /** Terminals that look at it now. */
  readonly attached: number
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
  }

/** Reads what the holders publish: files, no engine is asked. */
export const withActivity = <One extends Row>(host: Host, row: One): One & AgentActivity => {
  const state = row.status === 'running' ? readHoldState(sessionFolder(host, row.id)) : null
  if (state === null || !isHeld(state))
    return { ...row, activity: null, kind: '', message: '', fault: '', since: null, attached: 0 }
  const { activity, kind, message, since, attached, fault = '' } = state
  return { ...row, activity, kind, message: message || fault, fault, since, attached }
}

/** Rows with what their agents do and what the wall refused them: files of this machine, no engine is asked. */
export const withNews = (host: Host, rows: readonly MarkedRow[]): Promise<readonly ActiveRow[]> =>
  Promise.all(
    rows.map(async (row) => {
      const { blocked, waiting } = await refusedPlaces(host, row.id)
      const asks = row.status === 'running' ? waiting.length : 0
      return { ...withActivity(host, row), blocked: blocked.length, asks, started: startOf(sessionFolder(host, row.id), row) }
    }),
  )
