import { closeSync, constants, existsSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../../errors.ts'
import { openBoxFile } from '../../run/box-file.ts'
import type { SessionRecord } from './record.ts'

/** A file that a box wrote, read piece by piece. */
export type OutFile = {
  /** The bytes since the last read, at most 64 KiB; empty when there are none now. */
  readonly read: () => Uint8Array
  readonly close: () => void
}

/** Opens a file of a session's out/; null when there is none that can be read. Its content is the box's word: never followed, never waited for. */
export const openOut = (folder: string, name: string): OutFile | null => openWritten(join(folder, 'out', name))

/** Whether a session printed into files, as one in the background does. */
export const hasOutput = (folder: string): boolean => existsSync(join(folder, 'out', 'stdout'))

/** Opens any file of a session's folder that a box writes, as carefully. */
export function openWritten(path: string): OutFile | null {
  const descriptor = open(path)
  if (descriptor === null) return null
  const buffer = Buffer.alloc(65_536)
  let position = 0
  return {
    read: () => {
      const count = readSync(descriptor, buffer, 0, buffer.length, position)
      position += count
      return buffer.subarray(0, count)
    },
    close: () => closeSync(descriptor),
  }
}

function open(path: string): number | null {
  try {
    return openBoxFile(path, constants.O_RDONLY)
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** Id of the conversation that a session is in: what its hook noted last, else what was known at the start; '' for neither. */
export const conversationOf = (folder: string, { conversation }: SessionRecord): string =>
  notedConversation(folder) || (isConversation(conversation) ? conversation : '')

/** What the hook noted; '' before a conversation began, or when the box wrote something else. */
export function notedConversation(folder: string): string {
  const file = openOut(folder, 'conversation')
  if (file === null) return ''
  try {
    const text = Buffer.from(file.read().subarray(0, 64)).toString('latin1').trim()
    return isConversation(text) ? text : ''
  } finally {
    file.close()
  }
}

const isConversation = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
