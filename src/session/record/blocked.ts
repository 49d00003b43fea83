import { join } from 'node:path'
import { NOTED } from '../../box/lay-out.ts'
import type { Host } from '../../host.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import { readNoted } from './noted.ts'
import { readRecord, sessionFolder } from './store.ts'

/** What was counted, and for which state of the two files that it follows from: a watch asks twice a second. */
const COUNTED = new Map<string, { readonly mark: string; readonly places: readonly string[] }>()

/** Every host and port that a session was refused and may still not reach, as HOST:PORT. Reads two files; no engine is asked. */
export async function blockedPlaces(host: Host, id: string): Promise<readonly string[]> {
  const folder = sessionFolder(host, id)
  const mark = [NOTED, 'session.json'].map((name) => fingerprint(join(folder, name))).join()
  const known = COUNTED.get(id)
  if (known?.mark === mark) return known.places
  const places = await countPlaces(host, id, readNoted(folder))
  COUNTED.set(id, { mark, places })
  return places
}

async function countPlaces(host: Host, id: string, noted: string): Promise<readonly string[]> {
  // Most sessions have none, and what reads policies costs a start some milliseconds.
  if (!/"err":"ERR_|"bump":"terminate"/.test(noted)) return []
  const record = readRecord(host, id)
  if (record === null || record.network === 'none') return []
  const [{ parseLog }, { standing }, { policyNow }] = await Promise.all([
    import('../../network/log.ts'),
    import('../../network/standing.ts'),
    import('../resolve/policy.ts'),
  ])
  const policy = policyNow(record, Date.now() / 1000)
  const blocked = parseLog(noted, policy).filter(
    (request) => request.decision === 'blocked' && standing(policy, request).state !== 'allowed',
  )
  return [...new Set(blocked.map(({ host: name, port }) => `${name}:${port}`))]
}
