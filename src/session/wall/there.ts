import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Found } from '../record/found.ts'

/** Seconds for which somebody is there who said so, and milliseconds until that is said again. */
const LASTS = 6
const AGAIN = 2000

/**
 * Tells the proxy of a session in ask mode that somebody is there to answer, until what this returns is called. By seconds and not by
 * a file that is removed: a watch that is killed must not leave requests waiting for nobody.
 */
export function beThere({ handle, record }: Pick<Found, 'handle' | 'record'>): () => void {
  if (record.network !== 'ask') return () => undefined
  const file = join(handle.folder, 'policy', 'there')
  const draft = `${file}.${process.pid}`
  const say = () => {
    try {
      writeFileSync(draft, `${Math.ceil(Date.now() / 1000) + LASTS}\n`)
      chmodSync(draft, 0o644) // the proxy is another user, whatever the umask is
      renameSync(draft, file)
    } catch {
      // The session is gone.
    }
  }
  say()
  const timer = setInterval(say, AGAIN)
  timer.unref()
  return () => clearInterval(timer)
}
