import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { PaudeError } from '../errors.ts'

/** Does something to a path, and says what failed so that somebody can mend it. */
export async function onDisk(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (cause) {
    if (cause instanceof PaudeError) throw cause
    const { code } = cause as { code?: string }
    if (code === 'ENOSPC')
      throw new PaudeError('disk-full', `no space left for ${path}`, { hint: 'free some space and try again', cause })
    throw new PaudeError('command-failed', `cannot write ${path}: ${(cause as Error).message}`, {
      hint: 'point XDG_STATE_HOME and XDG_CACHE_HOME to a writable folder',
      cause,
    })
  }
}

/**
 * A holder writes its last words while its session is taken away: what appears meanwhile goes with the next try.
 * Of a folder that was filled again Bun's `rm` with `force` says that it is gone, so that is looked at.
 */
export async function removeFolder(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await rm(path, { recursive: true, force: true })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOTEMPTY' || tries === TRIES) throw error
    }
    if (!existsSync(path)) return
    if (tries === TRIES) throw new Error('another process keeps filling it')
    await Bun.sleep(10 * tries)
  }
}
const TRIES = 10
