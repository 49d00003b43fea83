import { lstatSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { AgentState } from '../events/activity.ts'
import { type Host, isAlive } from '../host.ts'

/** The kernel's limit for the path of a socket, less its final NUL; macOS has the smaller one. */
const LONGEST = 103
const SOCKET = 'holder.sock'

type Owner = Pick<Host, 'uid' | 'env'>

/** Where the holder of a session listens: beside the session's files, or in a folder of its own where that path is too long. null while it has none. */
export function socketPath({ uid }: Pick<Host, 'uid'>, folder: string): string | null {
  const near = join(folder, SOCKET)
  if (fits(near)) return near
  const place = noted(folder)
  return place !== null && isPrivate(place, uid) ? join(place, SOCKET) : null
}

/** The same for the holder itself, which makes the folder and notes it for the others. */
export function makeSocketPath(host: Owner, folder: string): string {
  const known = socketPath(host, folder)
  if (known !== null) return known
  const place = makePlace(host)
  const draft = `${noteFile(folder)}.${process.pid}`
  writeFileSync(draft, place, { mode: 0o600 })
  renameSync(draft, noteFile(folder))
  return join(place, SOCKET)
}

/** Removes the folder that a holder made for its socket; the session's own may be gone by then. */
export function leaveSocketPath(folder: string, socket: string): void {
  if (dirname(socket) === folder) return
  rmSync(noteFile(folder), { force: true })
  try {
    rmdirSync(dirname(socket))
  } catch {}
}

const fits = (path: string): boolean => Buffer.byteLength(path) <= LONGEST
const noteFile = (folder: string): string => join(folder, 'holder.place')

function noted(folder: string): string | null {
  try {
    return readFileSync(noteFile(folder), 'utf8')
  } catch {
    return null
  }
}

/** A name that nobody can take first: in /tmp everybody could make a folder whose name is known. */
function makePlace({ env }: Owner): string {
  const bases = [env['XDG_RUNTIME_DIR'], env['TMPDIR'], '/tmp'].flatMap((base) =>
    base?.startsWith('/') && fits(join(base, 'paude-XXXXXX', SOCKET)) ? [base] : [],
  )
  let cause: unknown
  for (const base of bases)
    try {
      return mkdtempSync(join(base, 'paude-'))
    } catch (error) {
      cause = error
    }
  throw new PaudeError(
    'refused',
    `paude cannot create a folder for the socket of a session in ${[...new Set(bases)].join(' or ')}`,
    {
      hint: 'export XDG_RUNTIME_DIR=DIRECTORY, a short path where you can write',
      cause,
    },
  )
}

function isPrivate(place: string, uid: number): boolean {
  const stats = lstatSync(place, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && stats.uid === uid && (stats.mode & 0o077) === 0
}

/** Names the process that holds a session, by its mark. */
export const holderFile = (folder: string): string => join(folder, HOLDER_FILE)

/** Its file in the session's folder. */
export const HOLDER_FILE = 'holder'

/** state.json: what a holder publishes of its session. */
export type HoldState = AgentState & {
  readonly v: 1
  /** Mark of the holder's process. */
  readonly holder: string
  /** Clients that look at it now. */
  readonly attached: number
  readonly title: string
  /** Exit code once the agent has ended. */
  readonly code: number | null
  /** Why the agent gets no answer from its provider; '' or absent while nothing is known to be wrong. */
  readonly fault?: string
}

/** What the holder last said; null when there never was one or it cannot be read. */
export function readHoldState(folder: string): HoldState | null {
  try {
    const value = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as HoldState
    return value.v === 1 && typeof value.activity === 'string' && typeof value.holder === 'string' ? value : null
  } catch {
    return null
  }
}

/** Whether the process lives that published this. */
export const isHeld = (state: HoldState | null): boolean => state !== null && isAlive(state.holder)
