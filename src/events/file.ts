import { closeSync, constants, fstatSync, ftruncateSync, readFileSync, readSync } from 'node:fs'
import { openBoxFile } from '../run/box-file.ts'
import { EVENTS_LIMIT, eventsFile } from './place.ts'

/** A piece of the record, each byte one character, and whether the record is full. */
export type Piece = { readonly bytes: string; readonly size: number }

/**
 * Reads the record from an offset on, never behind its limit and `most` bytes at a time. '' when there is none.
 * Throws when the box made it something else than a plain file.
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

type Use<T> = { readonly flags: number; readonly none: T; readonly act: (descriptor: number) => T }

function withFile<T>(folder: string, { flags, none, act }: Use<T>): T {
  const descriptor = openBoxFile(eventsFile(folder), flags)
  if (descriptor === null) return none
  try {
    return act(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
