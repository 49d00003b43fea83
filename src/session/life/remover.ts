import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { away } from '../../backends/away.ts'
import type { Backend } from '../../backends/backend.ts'
import type { Handle } from '../../box/handle.ts'
import { OWNER_FILE, readOwner } from '../../box/owner.ts'
import { HOLDER_FILE } from '../../hold/place.ts'
import { chosenProgram, type Host, isAlive } from '../../host.ts'
import type { Plan } from '../../plan/plan.ts'
import { commandLine, quote } from '../../plan/shell.ts'
import { onOurEnd } from '../../run/process.ts'
import { backendOf } from '../record/engines.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { folderNames, isLeaving, LEAVING_FILE, readRecord, sessionFolder } from '../record/store.ts'
import { removePlan } from './plans.ts'

type Leaving = {
  readonly backend: Backend
  readonly box: Handle
  readonly removal: Plan
  /** Whether it goes on once it is held, whatever becomes of us. */
  readonly goesOn: boolean
}

export type Remover = {
  /** From now on the session is said to be gone; it is removed when paude ends. */
  readonly leave: () => void
  /** Removes it now; nobody waits for that. */
  readonly begin: () => void
  /** Removes it now, and waits for that. */
  readonly gone: () => Promise<unknown>
}

/**
 * A shell that waits for our end, however that comes, and then removes the session unless it shall go on. It knows that from the session's folder:
 * paude has marked it as leaving, or died while it owned it.
 */
export function startRemover(leaving: Leaving): Remover {
  const { close, exited } = onOurEnd(['/bin/sh', '-c', removerScript(leaving)], leaving.backend.program)
  const leave = () => markLeaving(leaving.box.folder)
  const begin = () => {
    leave()
    close()
  }
  return {
    leave,
    begin,
    gone: () => {
      begin()
      return exited()
    },
  }
}

/** Starts the removal of what a paude has left that was killed together with its remover. Nobody waits for it. */
export function clearForsaken(host: Host): void {
  for (const id of folderNames(host)) {
    const folder = sessionFolder(host, id)
    // Records are read of those alone that may be meant: this stands before every start.
    const record = hasNobody(host, folder) ? readRecord(host, id) : null
    if (record === null || !isForsaken(host, record)) continue
    const backend = backendOf(record)
    if (away(host, backend) !== null) continue
    const box = handleOf(record, folder)
    startRemover({ backend, box, removal: removePlan(backend, box, { home: false }), goesOn: false }).begin()
  }
}

/** A conversation on a screen goes on without its terminal, as it is meant to: you attach to it again. And a workspace of its own may hold work. */
export const goesOn = ({ terminal, agent, clone, worktree }: SessionRecord): boolean =>
  clone !== undefined || worktree !== undefined || (terminal && agent !== 'command')

/** Whether a session's paude is gone though it should be there, and no removal that has just begun is at work. */
export function isForsaken(host: Host, record: SessionRecord): boolean {
  const folder = sessionFolder(host, record.id)
  return hasNobody(host, folder) && (isLeaving(folder) || !goesOn(record))
}

function hasNobody(host: Host, folder: string): boolean {
  // Whoever owned it: a removal that has been at it for so long was ended itself.
  if (isLeaving(folder)) return !isBeingRemoved(folder)
  const owner = readOwner(folder)
  // In a container that shares the state folder, numbers mean other processes: there nobody can tell.
  return owner !== null && owner.processSpace === host.processSpace && !isAlive(owner.process)
}

/** Whether a removal may be at work on it. */
export const isBeingRemoved = (folder: string): boolean => isLeaving(folder) && age(join(folder, LEAVING_FILE)) <= PATIENCE

/** Milliseconds after which a removal has not come to its end. */
const PATIENCE = 60_000

function age(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs
  } catch {
    return 0
  }
}

function markLeaving(folder: string): void {
  try {
    writeFileSync(join(folder, LEAVING_FILE), '')
  } catch {
    // A folder that is gone already has nothing to say.
  }
}

/** Seconds between two tries: an engine may be busy, and what the client of a killed paude had asked for may come to be late. */
const LATE = [0.2, 1, 3, 6]

/** The folder goes last, and only when the engine says that nothing else is left: without it nobody would look for the rest. */
export function removerScript({ backend, box, removal, goesOn }: Leaving): string {
  const { folder } = box
  const isThere = (name: string) => `[ -e ${quote(join(folder, name))} ]`
  const calls = removal.flatMap((step) => (step.kind === 'exec' ? [`${commandLine(step.argv)} || :`] : []))
  // What was put into the project stays as long as a box may be there.
  const firsts = removal.flatMap((step) => (step.kind === 'remove' && step.first ? [`${commandLine(step.first)} || :`] : []))
  const own = chosenProgram(backend.program)
  return [
    ...(own === null ? [] : [`${backend.program}() { ${quote(own)} "$@"; }`]),
    'while read -r _; do :; done',
    `[ -d ${quote(folder)} ] || exit 0`,
    `clear() { ${calls.join('; ')}; left=$(${commandLine(backend.life.remains(box))}) && [ -z "$left" ] && { ${[...firsts, ':'].join('; ')}; } && rm -rf -- ${quote(folder)}; }`,
    `if ${isThere(LEAVING_FILE)}; then`,
    ...LATE.map((seconds) => `  clear && exit; sleep ${seconds}`),
    '  clear; exit',
    'else',
    // We were killed. What had been laid out whole goes on where we have let go of it.
    `  if ${isThere('session.json')}; then`,
    `    ${isThere(OWNER_FILE)} || exit 0`,
    ...(goesOn ? [`    ${isThere(HOLDER_FILE)} && exit 0`] : []),
    // The box of a clone stays, running or not: it is removed by hand, after a look at what it holds. So it does where the engine is silent.
    ...(box.volume === undefined
      ? []
      : [`    left=$(${commandLine(backend.life.remains(box))} 2>/dev/null) || exit 0; [ -z "$left" ] || exit 0`]),
    '  fi',
    `  : >${quote(join(folder, LEAVING_FILE))}`,
    'fi',
    // After a kill all of them: the first may find nothing yet.
    ...LATE.map((seconds) => `clear; sleep ${seconds}`),
    'clear',
  ].join('\n')
}
