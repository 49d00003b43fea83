import { rmSync } from 'node:fs'
import { away } from '../../backends/away.ts'
import { need } from '../../backends/backend.ts'
import { isUp } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { headerValue } from '../../credentials/host-credential.ts'
import { PaudeError } from '../../errors.ts'
import { isAlive } from '../../host.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { holdLock } from '../../run/lock.ts'
import { secret } from '../../secret.ts'
import { printable } from '../../text.ts'
import { backendOf } from '../record/engines.ts'
import type { Found } from '../record/found.ts'
import { isStopped } from '../record/intent.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { keyOf, type Renewal, renewals } from '../record/renewals.ts'
import { dropRounds, hashOf, newRounds, type Rounds, readRounds, writeRounds } from '../record/rounds.ts'
import { readRecords, sessionFolder } from '../record/store.ts'
import { noteUnrenewed } from '../record/unrenewed.ts'
import { followed } from '../resolve/provider.ts'
import { renewerLock } from './ensure-renewer.ts'

/** Milliseconds until a program that failed is asked again, and until an engine that did not answer is. */
const AGAIN = 15_000
/** The same until the first time: nobody knows how long sessions were without, where another one was killed. */
const FIRST = 5000
/** The same between two looks at which sessions run, where nothing is due. Whoever ends one has another look taken at once. */
const LOOK = 300_000
/** Looks in a row without an answer of any engine, after which nobody is thought to run. */
const SILENT = 10

/**
 * Renews what is due, for the shell that asks again after the milliseconds that this returns; null where no session needs it any more, or
 * another shell of the machine does the same. `owner` is the mark of that shell, ''
 * where it has ended.
 */
export async function renewDue(context: Context, owner: string): Promise<number | null> {
  const lock = renewerLock(context.host)
  // Who starts a session writes it down before he looks for us: after the lock is gone, another look finds it.
  do {
    if (owner === '' || !holdLock(owner, lock)) return null
    const rounds = readRounds(context.host, owner)
    const sessions = await running(context, rounds)
    if (sessions.length > 0) {
      const wait = await round(context, rounds, sessions)
      writeRounds(context.host, rounds)
      return wait
    }
    dropRounds(context.host)
    rmSync(lock, { force: true })
  } while ((await running(context, newRounds(owner))).length > 0)
  return null
}

/** Asks every source that is due. Milliseconds until the next one is. */
async function round(context: Context, rounds: Rounds, sessions: readonly Found[]): Promise<number> {
  const wanted = sessions.flatMap((found) => renewals(found.record).map((renewal) => ({ found, renewal })))
  const bySource = Map.groupBy(wanted, ({ renewal }) => hashOf(keyOf(renewal)))
  // The start of a session that comes later has just asked.
  const wait = rounds.isNew ? FIRST : Number.POSITIVE_INFINITY
  const due: Record<string, number> = {}
  for (const [key, users] of bySource) {
    const every = (users[0]?.renewal.every ?? 0) * 1000
    const at = rounds.due[key] ?? Date.now() + Math.min(every, wait)
    // A clock that was set back must not lengthen it.
    const left = Math.min(at - Date.now(), every)
    due[key] = Date.now() + (left > 0 ? left : (await renewed(context, rounds, users)) ? every : Math.min(every, AGAIN))
  }
  rounds.due = due
  rounds.isNew = false
  const most = Object.values(rounds.silent).some((times) => times > 0) ? AGAIN : LOOK
  return Math.max(0, Math.min(most, Math.min(...Object.values(due)) - Date.now()))
}

type User = { readonly found: Found; readonly renewal: Renewal }

/** Asks once and hands the answer to every proxy. Whether all have it. */
async function renewed(context: Context, rounds: Rounds, users: readonly User[]): Promise<boolean> {
  const [first] = users
  if (first === undefined) return true
  const { source, name } = first.renewal
  const asked = followed(context.host, source, name).then(
    (value) => ({ value, fault: '' }),
    (error: unknown) => ({ value: '', fault: faultText(error) }),
  )
  const { value, fault } = await asked
  const done = await Promise.all(
    users.map(async ({ found, renewal }) => {
      const said =
        fault || (isHanded(rounds, found, { renewal, value }) ? '' : await handOver(context, found, { renewal, value }))
      noteUnrenewed(found.handle.folder, renewal.name, said)
      if (said === '' && 'codex' in renewal.source) rounds.handed[placeOf(found, renewal)] = hashOf(value)
      return said === ''
    }),
  )
  return done.every(Boolean)
}

const placeOf = ({ record }: Found, { name }: Renewal): string => `${record.id} ${name}`

/** A login mostly stays as it is, and what is handed over costs the proxy a while. */
const isHanded = (
  rounds: Rounds,
  found: Found,
  { renewal, value }: { readonly renewal: Renewal; readonly value: string },
): boolean => 'codex' in renewal.source && rounds.handed[placeOf(found, renewal)] === hashOf(value)

/** What went wrong; '' for nothing, as where the session has ended meanwhile. */
async function handOver(
  context: Context,
  { backend, handle, record }: Found,
  { renewal: { places, name }, value }: { readonly renewal: Renewal; readonly value: string },
): Promise<string> {
  const effects = context.effects(backend)
  try {
    const lines = places.map(({ user }) => `${headerValue(value, user, name)}\n`).join('')
    const plan = need(backend, 'wall').renew?.(
      handle,
      places.map(({ at }) => at),
      secret(lines),
    )
    await execute(plan ?? [], effects)
    return ''
  } catch (error) {
    const state = await ask(backend.life.state(handle), effects).catch(() => null)
    return state !== null && !isUp(state) ? '' : `session ${record.id}: ${faultText(error)}`
  }
}

const faultText = (error: unknown): string => printable(error instanceof Error ? error.message : String(error))

/** Sessions with something to renew that run, or that somebody is about to start. */
async function running(context: Context, rounds: Rounds): Promise<readonly Found[]> {
  const all = readRecords(context.host).filter(
    (record) =>
      renewals(record).length > 0 &&
      (backendOf(record).wall?.renew ?? null) !== null &&
      away(context.host, backendOf(record)) === null,
  )
  const looked = await Promise.all(all.map((record) => lookAt(context, rounds, record)))
  return looked.flat()
}

async function lookAt(context: Context, { silent }: Rounds, record: SessionRecord): Promise<readonly Found[]> {
  const folder = sessionFolder(context.host, record.id)
  const found = { backend: backendOf(record), record, handle: handleOf(record, folder) }
  if (record.starter !== '' && isAlive(record.starter)) return [found]
  if (isStopped(folder)) return []
  const state = await ask(found.backend.life.state(found.handle), context.effects(found.backend)).catch((error: unknown) =>
    error instanceof PaudeError && error.code === 'not-found' ? ({ status: 'gone' } as const) : null,
  )
  const times = state === null ? (silent[record.id] ?? 0) + 1 : 0
  silent[record.id] = times
  return state === null ? (times < SILENT ? [found] : []) : isUp(state) ? [found] : []
}
