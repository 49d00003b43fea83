import { join } from 'node:path'

/** The file to which hooks append, in a session's folder on this machine. */
export const eventsFile = (folder: string): string => join(folder, 'out', 'events')

/** Bytes after which hooks append no more; nothing behind them is read, and what the box puts there is cut off. */
export const EVENTS_LIMIT = 16 * 1024 * 1024
