import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PaudeError } from '../../errors.ts'
import { type Host, isAlive } from '../../host.ts'

/** Milliseconds between two tries, and until somebody else has had it too long. */
const PAUSE = 20
const PATIENCE = 10_000

/** Does something while no other paude does the like to the same file. What a paude that died has locked is taken over. */
export async function withLock<T>(host: Pick<Host, 'process'>, path: string, act: () => Promise<T>): Promise<T> {
  for (let waited = 0; !take(host, path); waited += PAUSE) {
    if (waited > PATIENCE)
      throw new PaudeError('timeout', `another paude is changing this session and does not end (${path})`, {
        hint: 'wait for it, or end it',
      })
    await Bun.sleep(PAUSE)
  }
  try {
    return await act()
  } finally {
    rmSync(path, { force: true })
  }
}

/** The mark is written beside it and linked, so that a lock is there with its owner or not at all. */
function take(host: Pick<Host, 'process'>, path: string): boolean {
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, host.process, { mode: 0o600 })
    linkSync(draft, path)
    return true
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'EEXIST')
      throw new PaudeError('command-failed', `cannot write ${path}: ${(cause as Error).message}`, { cause })
  } finally {
    rmSync(draft, { force: true })
  }
  if (!isAlive(read(path))) rmSync(path, { force: true })
  return false
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
