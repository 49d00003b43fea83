import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { type Host, isAlive } from '../host.ts'
import type { AgentState } from './activity.ts'

/** The kernel's limit for the path of a socket, less its final NUL; macOS has the smaller one. */
const LONGEST = 103

/** Where the holder of a session listens. Beside the session's files, or in a private folder where that path is too long. */
export function socketPath(host: Host, folder: string): string {
  const near = join(folder, 'holder.sock')
  if (Buffer.byteLength(near) <= LONGEST) return near
  const runtime = host.env['XDG_RUNTIME_DIR']
  const base = runtime?.startsWith('/') && runtime.length < 60 ? runtime : tmpdir()
  const own = join(base, `paude-${host.uid}`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const stats = lstatSync(own)
  if (!stats.isDirectory() || stats.uid !== host.uid || (stats.mode & 0o077) !== 0)
    throw new PaudeError('refused', `${own} is not a private folder of yours`, { hint: `remove it, or set XDG_RUNTIME_DIR` })
  return join(own, `${basename(folder)}.sock`)
}

/** Names the process that holds a session, by its mark. */
export const holderFile = (folder: string): string => join(folder, 'holder')

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
