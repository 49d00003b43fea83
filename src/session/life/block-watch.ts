import { join } from 'node:path'
import { NOTED } from '../../box/lay-out.ts'
import type { Host } from '../../host.ts'
import { ASK_SECONDS } from '../../network/ask.ts'
import { parseLog } from '../../network/log.ts'
import { isEntry, openingEntry } from '../../network/proposal.ts'
import { standing } from '../../network/standing.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import type { Found } from '../record/found.ts'
import { readNoted } from '../record/noted.ts'
import { readRecord } from '../record/store.ts'
import { policyNow } from '../resolve/policy.ts'

/** Milliseconds between two looks. */
const LOOK = 1000

/** What a look found: `waits` are the seconds that it waits for an answer, 0 for what was refused. */
export type Seen = { readonly place: string; readonly waits: number; readonly command: string }

/**
 * Looks at what the proxy notes, and tells of hosts that a session is refused or asks for from now on, where an entry can allow them and
 * nobody has denied them. The file has the first request for each, so a box that repeats itself makes no news. Returns how to stop.
 */
export function watchBlocks(
  { host, found }: { readonly host: Host; readonly found: Found },
  tell: (seen: Seen) => void,
): () => void {
  const { handle, record } = found
  const file = join(handle.folder, NOTED)
  let read = readNoted(handle.folder).length
  let mark = fingerprint(file)
  const look = () => {
    const now = fingerprint(file)
    if (now === mark) return
    mark = now
    const text = readNoted(handle.folder)
    // A line that is not whole yet is read with the next ones.
    const end = text.lastIndexOf('\n') + 1
    const policy = policyNow(readRecord(host, record.id) ?? record, Date.now() / 1000)
    for (const request of parseLog(text.slice(read, end), policy)) {
      const place = `${request.host}:${request.port}`
      const news = request.decision === 'blocked' || request.decision === 'waiting'
      if (!news || !isEntry(place) || standing(policy, request).state !== 'blocked') continue
      const command = `paude network allow ${openingEntry(request, record.ports)} --session ${record.id}`
      tell({ place, waits: request.decision === 'waiting' ? ASK_SECONDS : 0, command })
    }
    read = end
  }
  const timer = setInterval(look, LOOK)
  timer.unref()
  return () => clearInterval(timer)
}
