import { existsSync, mkdtempSync } from 'node:fs'
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

/** Milliseconds that a start waits for it, once the machine has answered its first call, and between two looks. */
const PATIENCE = 10_000
const PAUSE = 15

/** Begins to connect; `like` is the client whose environment ssh gets. A machine that it cannot reach this way is reached as before. */
export function openWay(way: Way, like: string, patience = PATIENCE): Opened {
  const folder = ownFolder()
  if (folder === null) return { take: async () => undefined, close: () => undefined }
  const here = join(folder, 's')
  const words = [...OPTIONS, '-T', `-L${here}:${way.socket}`, ...way.ssh]
  const tunnel = onOurEnd(['/bin/sh', '-c', TUNNEL, folder, ...words], like)
  const gone = new AbortController()
  tunnel.whenGone(() => {
    gone.abort()
    leaveWay(way.word)
  })
  return {
    take: async (engine) => {
      if (
        engine !== '' &&
        (await identityAt(here, way, AbortSignal.any([gone.signal, AbortSignal.timeout(patience)]))) === engine &&
        !gone.signal.aborted
      )
        takeWay(way.word, way.through(here))
      else tunnel.close()
    },
    close: tunnel.close,
  }
}

/** null where nothing can be made there. */
function ownFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), 'paude-way-'))
  } catch {
    return null
  }
}

/** Who listens at the other end; '' when nobody has answered in time, or the connection is gone. */
async function identityAt(socket: string, { path, identity }: Way, signal: AbortSignal): Promise<string> {
  while (!existsSync(socket)) {
    if (signal.aborted) return ''
    await sleep(PAUSE)
  }
  // ssh listens here once it has logged in, so the first answer counts, and so does that there is none.
  try {
    const response = await fetch(`http://localhost${path}`, { unix: socket, signal })
    return identity(await response.text())
  } catch {
    return ''
  }
}
