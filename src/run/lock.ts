import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PaudeError } from '../errors.ts'
import { type Host, isAlive } from '../host.ts'

/** Milliseconds between two tries, and until somebody else has had it too long. */
const PAUSE = 20
const PATIENCE = 10_000

/** `what` is changed under the lock, as a sentence names it. */
export type Lock = { readonly path: string; readonly what: string; readonly patience?: number }

/** Does something while no other paude does the like to the same file. What a paude that died has locked is taken over. */
export async function withLock<T>(
  host: Pick<Host, 'process'>,
  { path, what, patience = PATIENCE }: Lock,
  act: () => Promise<T>,
): Promise<T> {
  for (let waited = 0; !take(host, path); waited += PAUSE) {
    clearDead(host, path)
    if (waited > patience)
      throw new PaudeError('timeout', `another paude process is changing ${what} and does not end (${path})`, {
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

/** Takes a lock for the process of a mark, which keeps it when we end. Whether it has it: false where another one that lives does. */
export function holdLock(mark: string, path: string): boolean {
  const owner = { process: mark }
  if (take(owner, path)) return true
  clearDead(owner, path)
  return take(owner, path) || isOf(mark, path)
}

function isOf(mark: string, path: string): boolean {
  try {
    return readFileSync(path, 'utf8') === mark
  } catch {
    return false
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
    if ((cause as { code?: string }).code === 'EEXIST') return false
    throw new PaudeError('command-failed', `cannot write ${path}: ${(cause as Error).message}`, { cause })
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Removes the lock of a dead owner. Whoever read it may be late: somebody else has removed it by then, and a third one has taken it.
 * So it is read again and removed under a lock of its own, whose owner may have died just the same.
 */
function clearDead(host: Pick<Host, 'process'>, path: string): void {
  if (!isDead(path)) return
  const guard = `${path}~`
  if (!take(host, guard)) {
    clearDead(host, guard)
    return
  }
  try {
    if (isDead(path)) rmSync(path, { force: true })
  } finally {
    rmSync(guard, { force: true })
  }
}

/** One that is gone may be taken at any moment, so it is nobody's to remove. */
function isDead(path: string): boolean {
  try {
    return !isAlive(readFileSync(path, 'utf8'))
  } catch (error) {
    return (error as { code?: string }).code !== 'ENOENT'
  }
}
