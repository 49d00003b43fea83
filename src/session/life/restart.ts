import { isUp, type Status } from '../../box/handle.ts'
import { isAlive } from '../../host.ts'
import type { SessionRecord } from '../record/record.ts'

/** How a session was found. */
export type Past = {
  readonly status: Status | 'gone'
  readonly exitCode: number
  /** By the user, with `paude stop`. */
  readonly stopped: boolean
  /** Named on the command line. */
  readonly named: boolean
}

/**
 * Exit codes of an agent that was ended from outside, as a machine that goes down does: SIGHUP, SIGKILL, SIGTERM;
 * 255 and -1 are the engines' for a box they lost. One that ended by itself has another one.
 */
const TAKEN_DOWN = [129, 137, 143, 255, -1]

/** Whether `paude up` starts a session again, and what is worth saying. */
export function shouldRestart(
  { id, terminal, starter, cluster }: SessionRecord,
  { status, exitCode, stopped, named }: Past,
): { readonly restarts: boolean; readonly why: string } {
  const no = (why = '') => ({ restarts: false, why })
  if (isUp({ status })) return no(named ? `session ${id} is already running` : '')
  if (status === 'gone') return no(`the sandbox of session ${id} no longer exists: paude recreate ${id}, or paude rm ${id}`)
  if (named) return { restarts: true, why: '' }
  if (stopped) return no()
  // An engine may forget at a reboot that a box ever ran; a start that is under way looks the same.
  // On a cluster a start makes the agent anew, so what is not there may be about to come.
  const comes = (status === 'created' || cluster !== undefined) && isAlive(starter)
  const down = !comes && (status === 'created' || TAKEN_DOWN.includes(exitCode))
  if (!down) return no()
  // Asked again, it would do again what it has done.
  return terminal
    ? { restarts: true, why: '' }
    : no(`session ${id} was interrupted, and paude does not repeat its prompt by itself: paude start ${id}`)
}
