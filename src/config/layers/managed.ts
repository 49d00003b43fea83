import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { PaudeError } from '../../errors.ts'
import { isMissing } from '../files/missing.ts'
import type { Written } from '../files/parse.ts'

/** Reads what root says for everybody; null when there is none. A file that somebody else could have written is no such file, and fatal. */
export function readManagedFile(file: string): Written | null {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return isMissing(error) ? null : { layer: 'managed', file, text: null }
  }
  try {
    const stats = fstatSync(handle)
    if (!stats.isFile()) throw unsafe(file, 'is not a file')
    for (const [path, { uid, mode }] of [[file, stats] as const, [dirname(file), statSync(dirname(file))] as const]) {
      if (uid !== 0) throw unsafe(path, 'does not belong to root')
      if ((mode & 0o022) !== 0) throw unsafe(path, 'is writable for other users than root')
    }
    return { layer: 'managed', file, text: readFileSync(handle, 'utf8') }
  } finally {
    closeSync(handle)
  }
}

const unsafe = (path: string, fault: string): PaudeError =>
  new PaudeError('refused', `${path} ${fault}, so paude does not accept it`, {
    hint: `chown root ${path} && chmod go-w ${path}, or remove it`,
  })
