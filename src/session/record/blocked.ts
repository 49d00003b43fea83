import { join } from 'node:path'
import { NOTED } from '../../box/lay-out.ts'
import type { Host } from '../../host.ts'
import type { Request } from '../../network/log.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import { readNoted } from './noted.ts'
import { readRecord, sessionFolder } from './store.ts'

/** Hosts and ports that a session may not reach, as HOST:PORT: those that it was refused, and those that wait for the user's key. */
export type Refused = { readonly blocked: readonly string[]; readonly waiting: readonly string[] }

const NOTHING: Refused = { blocked: [], waiting: [] }

/** What was counted, and for which state of the two files that it follows from: a watch asks twice a second. */
const COUNTED = new Map<string, { readonly mark: string; readonly places: Refused }>()

/** Reads two files; no engine is asked. */
export async function refusedPlaces(host: Host, id: string): Promise<Refused> {
  const folder = sessionFolder(host, id)
  const mark = [NOTED, 'session.json'].map((name) => fingerprint(join(folder, name))).join()
  const known = COUNTED.get(id)
  if (known?.mark === mark) return known.places
  const places = await countPlaces(host, id, readNoted(folder))
  // What waits does so for a while only.
  if (places.waiting.length === 0) COUNTED.set(id, { mark, places })
  return places
}

async function countPlaces(host: Host, id: string, noted: string): Promise<Refused> {
  // Most sessions have none, and what reads policies costs a start some milliseconds.
  if (!/"err":"ERR_|"bump":"terminate"|"ask":/.test(noted)) return NOTHING
  const record = readRecord(host, id)
  if (record === null || record.network === 'none') return NOTHING
  const [{ ASK_SECONDS }, { parseLog }, { standing }, { policyNow }] = await Promise.all([
    import('../../network/ask.ts'),
    import('../../network/log.ts'),
    import('../../network/standing.ts'),
    import('../resolve/policy.ts'),
  ])
  const policy = policyNow(record, Date.now() / 1000)
  const closed = parseLog(noted, policy).filter((request) => standing(policy, request).state === 'blocked')
  const placesOf = (requests: readonly Request[]) => [...new Set(requests.map(({ host: name, port }) => `${name}:${port}`))]
  const since = new Date(Date.now() - ASK_SECONDS * 1000).toISOString()
  const blocked = placesOf(closed.filter(({ decision }) => decision === 'blocked'))
  const waiting = placesOf(closed.filter(({ decision, time }) => decision === 'waiting' && time > since))
  return { blocked, waiting: waiting.filter((place) => !blocked.includes(place)) }
}
