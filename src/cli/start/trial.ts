import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'

/**
 * Does something with a start in an empty folder, without a terminal, and removes the folder. `failed` is the outcome of a start that did not
 * come to be; an interruption goes on to whoever asked.
 */
export async function inTrialFolder<T>(
  context: Context,
  act: (trial: Context, folder: string) => Promise<T>,
  failed: (error: PaudeError) => T,
): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-try-')))
  const host = { ...context.host, cwd: folder, terminal: { ...context.host.terminal, stdin: false, stdout: false } }
  try {
    return await act({ ...context, host }, folder)
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
    return failed(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
