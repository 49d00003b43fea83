import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Way } from '../plan/way.ts'
import { onOurEnd } from './process.ts'
import { leaveWay, takeWay } from './ways.ts'

export type Opened = {
  /** Has all further calls take it, once the engine at its end is this one: another may listen there. */
  readonly take: (engine: string) => Promise<void>
  readonly close: () => void
}

/** Its own connection, never a shared one of the user's: the forward ends with it. Nobody is asked for a password a second time. */
const OPTIONS = [
  ...['BatchMode=yes', 'ControlMaster=no', 'ControlPath=none', 'ExitOnForwardFailure=yes', 'StreamLocalBindMask=0177'],
  ...['ConnectTimeout=30', 'ServerAliveInterval=10', 'ServerAliveCountMax=3'],
].map((option) => `-o${option}`)

/** Ends with its stdin, so with paude, however that ends: then `cat` does over there, and ssh once no call is under way. */
const TUNNEL = 'ssh "$@" cat; rm -rf -- "$0"'

/** Milliseconds that a start waits for it, and between two looks. Without it each call connects by itself. */
const PATIENCE = 3_000
const PAUSE = 15

/** Begins to connect; `like` is the client whose environment ssh gets. A machine that it cannot reach this way is reached as before. */
export function openWay(way: Way, like: string): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'paude-way-'))
  const here = join(folder, 's')
  const words = [...OPTIONS, '-T', `-L${here}:${way.socket}`, ...way.ssh]
  const tunnel = onOurEnd(['/bin/sh', '-c', TUNNEL, folder, ...words], like)
  return {
    take: async (engine) => {
      if (engine !== '' && (await identityAt(here, way)) === engine) {
        takeWay(way.word, way.through(here))
        tunnel.whenGone(() => leaveWay(way.word))
      } else tunnel.close()
    },
    close: tunnel.close,
  }
}

/** Who listens at the other end; '' when nobody has answered in time. */
async function identityAt(socket: string, { path, identity }: Way): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE)
  while (!signal.aborted)
    try {
      const response = await fetch(`http://localhost${path}`, { unix: socket, signal })
      return identity(await response.text())
    } catch {
      await sleep(PAUSE)
    }
  return ''
}
