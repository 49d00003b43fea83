import { closeSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../../errors.ts'

/** A file of ours that has no name: it is gone with this process, however that ends. */
export async function withSpool<T>(folder: string, use: (spool: number) => Promise<T>): Promise<T> {
  const path = join(folder, `copy-${crypto.randomUUID().slice(0, 8)}`)
  let spool: number
  try {
    spool = openSync(path, 'wx+', 0o600)
    unlinkSync(path)
  } catch (cause) {
    throw new PaudeError('command-failed', `cannot write in ${folder} (${(cause as { code?: string }).code})`, { cause })
  }
  try {
    return await use(spool)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error
    throw new PaudeError('disk-full', `no space left below ${folder}`, { hint: 'free some space and try again', cause: error })
  } finally {
    closeSync(spool)
  }
}
