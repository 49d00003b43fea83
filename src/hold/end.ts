import { readFileSync } from 'node:fs'
import { isAlive } from '../host.ts'
import { holderFile } from './place.ts'

/** Milliseconds that a holder has to write its last words once its agent has ended; it takes some fifty. */
const GRACE = 3000

/** Mark of the process that holds a session, also when that says nothing any more; '' without one. Read before the folder goes. */
export function holderMark(folder: string): string {
  try {
    return readFileSync(holderFile(folder), 'utf8')
  } catch {
    return ''
  }
}

/** Waits until a holder whose agent has ended is gone. What the agent printed may keep it busy for hours, so in the end it is killed. */
export async function endHolder(mark: string, grace = GRACE): Promise<void> {
  const pid = Number.parseInt(mark, 10)
  for (let waited = 0; pid > 1 && isAlive(mark); waited += 10) {
    if (waited > grace) {
      process.kill(pid, 'SIGKILL')
      return
    }
    await Bun.sleep(10)
  }
}
