import { join } from 'node:path'

/** The file to which hooks append, in a session's folder on this machine and in the box. */
export const eventsFile = (folder: string): string => join(folder, 'out', 'events')
export const EVENTS_IN_BOX = '/paude/out/events'

/** Bytes after which hooks append no more; nothing behind them is read, and what the box puts there is cut off. */
export const EVENTS_LIMIT = 16 * 1024 * 1024
