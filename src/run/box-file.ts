import { chmodSync, closeSync, constants, fstatSync, openSync } from 'node:fs'
import { PaudeError } from '../errors.ts'

/**
 * Opens a file that a box may write, with access `flags`; null when there is none. A link is not followed, a pipe is not waited for, what is
 * no plain file is refused, and permissions that the box took away are given back: its name leads nowhere else, the folder is ours.
 */
export function openBoxFile(path: string, flags: number): number | null {
  const open = () => openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const refused = (what: string, hint: string, cause?: unknown) => new PaudeError('refused', `${path} ${what}`, { hint, cause })
  let descriptor: number
  try {
    try {
      descriptor = open()
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw error
      chmodSync(path, 0o600)
      descriptor = open()
    }
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw refused(
      `cannot be opened (${codeOf(cause)})`,
      'the agent may have changed it; check it, or remove the session: paude rm',
      cause,
    )
  }
  if (fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  throw refused('is not a plain file', 'remove the session: paude rm')
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? ''
