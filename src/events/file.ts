import { chmodSync, closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs'
import { PaudeError } from '../errors.ts'
import { EVENTS_LIMIT, eventsFile } from './place.ts'

/** A piece of the record, each byte one character, and whether the record is full. */
export type Piece = { readonly bytes: string; readonly size: number }

/**
 * Reads the record from an offset on, never behind its limit and `most` bytes at a time. '' when there is none.
 * The box writes the file: a link is not followed, a pipe is not waited for, and what is no plain file is refused.
 */
export function readPiece(folder: string, offset: number, most = EVENTS_LIMIT): Piece {
  const act = (descriptor: number): Piece => {
    const { size } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.max(0, Math.min(size, EVENTS_LIMIT, offset + most) - offset))
    let filled = 0
    while (filled < bytes.length) {
      const count = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled)
      if (count === 0) break
      filled += count
    }
    return { bytes: bytes.toString('latin1', 0, filled), size }
  }
  return withFile(folder, { flags: constants.O_RDONLY, none: { bytes: '', size: 0 }, act })
}

/** Cuts off what was written behind the limit, which no hook does. Says whether there was any. */
export function boundEvents(folder: string): boolean {
  const act = (descriptor: number): boolean => {
    if (fstatSync(descriptor).size <= EVENTS_LIMIT) return false
    ftruncateSync(descriptor, EVENTS_LIMIT)
    return true
  }
  return withFile(folder, { flags: constants.O_WRONLY, none: false, act })
}

/** Milliseconds: what a box can write meanwhile is what it can take of the disk for longer than that. */
const WATCH_EVERY = 5_000

/** Bounds the record of a running session again and again, until what it returns is called. */
export function keepBounded(folder: string, every = WATCH_EVERY): () => void {
  const timer = setInterval(() => {
    try {
      boundEvents(folder)
    } catch {
      // The next look may find it in order, and `paude events` tells of it.
    }
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}

/** When this machine started, in seconds since 1970; what is left of the present where it does not tell. */
export function bootTime(): number {
  try {
    return Date.now() / 1000 - Number.parseFloat(readFileSync('/proc/uptime', 'latin1'))
  } catch {
    return 0
  }
}

type Use<T> = {
  readonly flags: number
  readonly none: T
  readonly act: (descriptor: number) => T
  readonly lockedOut?: boolean
}

function withFile<T>(folder: string, { flags, none, act, lockedOut = true }: Use<T>): T {
  const path = eventsFile(folder)
  let descriptor: number
  const open = () => openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    descriptor = open()
  } catch (cause) {
    const { code } = cause as { code?: string }
    if (code === 'ENOENT') return none
    if (code === 'EACCES' && lockedOut) {
      // The box can take the permissions of its file away. Its name leads nowhere else: the folder is ours.
      chmodSync(path, 0o600)
      return withFile(folder, { flags, none, act, lockedOut: false })
    }
    throw new PaudeError('refused', `the record of events cannot be opened: ${path} (${code})`, {
      hint: 'the box may have changed it: look at it, or remove the session',
      cause,
    })
  }
  try {
    if (!fstatSync(descriptor).isFile())
      throw new PaudeError('refused', `the record of events is not a plain file: ${path}`, {
        hint: 'remove the session: paude rm',
      })
    return act(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
