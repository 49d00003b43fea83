import { chmodSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PaudeError } from '../../errors.ts'

/** Replaces a file at once, so that nobody ever reads half of it; its folder is made where it is missing. */
export function replaceFile(
  path: string,
  text: string,
  { mode, folderMode, hint }: { readonly mode: number; readonly folderMode: number; readonly hint: string },
): void {
  try {
    // As root the new file would take the place of a device.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is not a regular file')
    mkdirSync(dirname(path), { recursive: true, mode: folderMode })
    // A name that nobody guesses: whoever writes beside it could put a link there.
    const beside = `${path}.${crypto.randomUUID()}`
    writeFileSync(beside, text, { mode, flag: 'wx' })
    // A umask is for new files: one that is there keeps its mode.
    if (existsSync(path)) chmodSync(beside, mode)
    renameSync(beside, path)
  } catch (cause) {
    throw new PaudeError('command-failed', `cannot write ${path}: ${(cause as Error).message}`, { hint, cause })
  }
}
