import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import { OWNER_FILE, readOwner } from '../../box/owner.ts'
import { HOLDER_FILE } from '../../hold/place.ts'
import { type Host, isAlive } from '../../host.ts'
import type { Plan } from '../../plan/plan.ts'
import { commandLine, quote } from '../../plan/shell.ts'
import { onOurEnd } from '../../run/process.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { folderNames, isLeaving, LEAVING_FILE, readRecord, sessionFolder } from '../record/store.ts'
import { removePlan } from './plans.ts'

type Leaving = {
  readonly backend: Backend
  readonly folder: string
  readonly removal: Plan
  /** Whether it goes on once it is held, whatever becomes of us. */
  readonly goesOn: boolean
}

export type Remover = {
  /** From now on the session is said to be gone; it is removed when paude ends. */
  readonly leave: () => void
  /** Removes it now, and waits for that. */
  readonly gone: () => Promise<unknown>
}

/**
 * A shell that waits for our end, however that comes, and then removes the session unless it shall go on. It knows that from the session's folder:
 * paude has marked it as leaving, or died while it owned it.
 */
export function startRemover(leaving: Leaving): Remover {
  const { close, exited } = onOurEnd(['/bin/sh', '-c', script(leaving)], leaving.backend.program)
  const leave = () => markLeaving(leaving.folder)
  return {
    leave,
    gone: () => {
      leave()
      close()
      return exited()
    },
  }
}

/** Starts the removal of what a paude has left that was killed together with its remover. Nobody waits for it. */
export function clearForsaken(host: Host, backends: Readonly<Record<string, Backend>>): void {
  for (const id of folderNames(host)) {
    const folder = sessionFolder(host, id)
    const record = isForsaken(host, folder) ? readRecord(host, id) : null
    const backend = record === null ? undefined : backends[record.backend]
    if (record === null || backend === undefined || (goesOn(record) && !existsSync(join(folder, LEAVING_FILE)))) continue
    const removal = removePlan(backend, handleOf(record, folder), { home: false })
    startRemover({ backend, folder, removal, goesOn: false }).leave()
  }
}

/** A conversation on a screen goes on without its terminal, as it is meant to: you attach to it again. */
export const goesOn = ({ terminal, agent }: SessionRecord): boolean => terminal && agent !== 'command'

/** Whether the paude that owned it is gone, and no removal that has just begun is at work. */
export function isForsaken(host: Host, folder: string): boolean {
  const owner = readOwner(folder)
  // In a container that shares the state folder, numbers mean other processes: there nobody can tell.
  if (owner === null || owner.processSpace !== host.processSpace || isAlive(owner.process)) return false
  return !isLeaving(folder) || age(join(folder, LEAVING_FILE)) > PATIENCE
}

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

/** Seconds between two tries after a kill: what our client had asked for may come to be after the first. */
const LATE = [1, 3, 6]

function script({ folder, removal, goesOn }: Leaving): string {
  const isThere = (name: string) => `[ -e ${quote(join(folder, name))} ]`
  return [
    'while read -r _; do :; done',
    `[ -d ${quote(folder)} ] || exit 0`,
    `clear() { ${removal.map(line).join('; ')}; }`,
    `if ${isThere(LEAVING_FILE)}; then clear; exit; fi`,
    // We were killed. What had been laid out whole goes on where we have let go of it.
    `if ${isThere('session.json')}; then`,
    `  ${isThere(OWNER_FILE)} || exit 0`,
    ...(goesOn ? [`  ${isThere(HOLDER_FILE)} && exit 0`] : []),
    'fi',
    `: >${quote(join(folder, LEAVING_FILE))}`,
    ['clear', ...LATE.map((seconds) => `sleep ${seconds}; clear`)].join('; '),
  ].join('\n')
}

/** A removal consists of these two, and its failures are of no interest. */
function line(step: Plan[number]): string {
  if (step.kind === 'exec') return `${commandLine(step.argv)} || :`
  if (step.kind === 'remove') return `rm -rf -- ${quote(step.path)}`
  throw new Error(`a removal cannot have a step ${step.kind}`)
}
