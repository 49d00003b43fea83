import { chmodSync, constants, copyFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'

/** Where other users find what a test makes: the folder for temporary files, or /tmp if that folder is closed to them, as pam_tmpdir makes it. */
export const openTmpdir = (): string => (isOpen(tmpdir()) ? tmpdir() : '/tmp')

/** Copies a program: a checkout in root's home is closed to every other user, and a umask may be as well. */
export function copyProgram(program: string, copy: string): void {
  copyFileSync(program, copy, constants.COPYFILE_FICLONE)
  chmodSync(copy, 0o755)
}

/** Whether everybody may pass through a folder and all folders above it. */
function isOpen(folder: string): boolean {
  const above = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (above === folder || isOpen(above))
}
