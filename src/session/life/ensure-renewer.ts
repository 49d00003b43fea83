import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setHere } from '../../backends/away.ts'
import type { Context } from '../../context.ts'
import { type Host, isAlive } from '../../host.ts'
import { startBehind } from '../../run/process.ts'
import { stateFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { enginesOf } from '../record/engines.ts'
import type { SessionRecord } from '../record/record.ts'
import { renewals } from '../record/renewals.ts'

/** File with the process that renews. */
export const renewerLock = (host: Pick<Host, 'env' | 'home'>): string => join(stateFolder(host), 'renewer')

/** Sees to it that somebody renews the credentials of a session that runs: one process a machine, and none where nothing is renewed. */
export async function ensureRenewer({ host, warn }: Pick<Context, 'host' | 'warn'>, record: SessionRecord): Promise<void> {
  if (renewals(record).length === 0 || isRenewing(host)) return
  const { ACTING, SPARING } = await import('../../hold/launch.ts')
  const started = await startBehind([...host.again, 'renew'], {
    keep: [],
    // It renews for the sessions of this machine, too.
    env: { ...SPARING, ...ACTING, ...setHere(host, enginesOf(host)) },
  })
  if (started.line === null)
    warn(`credentials of session ${record.id} are not renewed: ${printable(started.stderr.split('\n')[0] ?? '')}`)
}

function isRenewing(host: Host): boolean {
  try {
    return isAlive(readFileSync(renewerLock(host), 'utf8'))
  } catch {
    return false
  }
}
