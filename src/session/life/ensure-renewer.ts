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

/**
 * A shell takes a few hundred kilobytes where paude takes forty thousand, so it sleeps in place of paude. Whoever starts or ends a session
 * wakes it by USR1, also while paude runs: then it does not sleep at all.
 */
export const RENEWING = `
nap= said= woken= code=
trap 'woken=1; [ -z "$nap" ] || kill "$nap"' USR1
trap : INT HUP PIPE
while seconds=$("$@" $$) || { code=$?; false; }; do
  [ -n "$said" ] || { echo ready; said=1; }
  sleep "$seconds" >/dev/null 2>&1 &
  nap=$!
  [ -z "$woken" ] || kill "$nap"
  wait "$nap"
  nap= woken=
done
[ -n "$said" ] || [ "$code" != 1 ] || echo ready
`

/** Sees to it that somebody renews the credentials of a session that runs: one shell a machine, and none where nothing is renewed. */
export async function ensureRenewer({ host, warn }: Pick<Context, 'host' | 'warn'>, record: SessionRecord): Promise<void> {
  if (renewals(record).length === 0 || wakeRenewer(host)) return
  const { ACTING, SPARING } = await import('../../hold/launch.ts')
  const started = await startBehind(['/bin/sh', '-c', RENEWING, 'paude-renewer', ...host.again, 'renew'], {
    keep: [],
    // It renews for the sessions of this machine, too.
    env: { ...SPARING, ...ACTING, ...setHere(host, enginesOf(host)) },
  })
  if (started.line === null)
    warn(`credentials of session ${record.id} are not renewed: ${printable(started.stderr.split('\n')[0] ?? '')}`)
}

/** Has the shell that renews look again which sessions run. Whether there is one. */
export function wakeRenewer(host: Pick<Host, 'env' | 'home'>): boolean {
  try {
    const mark = readFileSync(renewerLock(host), 'utf8')
    return isAlive(mark) && process.kill(Number.parseInt(mark, 10), 'SIGUSR1')
  } catch {
    return false
  }
}
