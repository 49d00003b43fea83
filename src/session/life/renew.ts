import { away } from '../../backends/away.ts'
import { need } from '../../backends/backend.ts'
import { isUp } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { headerValue } from '../../credentials/host-credential.ts'
import { PaudeError } from '../../errors.ts'
import { isAlive } from '../../host.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { withLock } from '../../run/lock.ts'
import { secret } from '../../secret.ts'
import { printable } from '../../text.ts'
import { backendOf } from '../record/engines.ts'
import type { Found } from '../record/found.ts'
import { isStopped } from '../record/intent.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { keyOf, type Renewal, renewals } from '../record/renewals.ts'
import { readRecords, sessionFolder } from '../record/store.ts'
import { noteUnrenewed } from '../record/unrenewed.ts'
import { followed } from '../resolve/provider.ts'
import { renewerLock } from './ensure-renewer.ts'

/** Milliseconds between two looks at which sessions run, and until a program that failed is asked again. */
const LOOK = 15_000
/** Milliseconds until the first time: nobody knows how long sessions were without, where another one was killed. */
const FIRST = 5000
/** Looks in a row without an answer of any engine, after which nobody is thought to run. */
const SILENT = 10

/** Renews until no session needs it. Whoever comes second ends at once. */
export async function renewAll(context: Context, ready: () => void): Promise<void> {
  // Who starts a session writes it down before he looks for us: after the lock is gone, another look finds it.
  do {
    const mine = await withLock(context.host, { path: renewerLock(context.host), what: 'credentials', patience: 0 }, async () => {
      ready()
      await keepRenewing(context)
      return true
    }).catch((error: unknown) => {
      if (error instanceof PaudeError && error.code === 'timeout') return false
      throw error
    })
    if (!mine) return ready()
  } while ((await running(context)).length > 0)
}

async function keepRenewing(context: Context): Promise<void> {
  const due = new Map<string, number>()
  let wait = FIRST
  for (;;) {
    const sessions = await running(context)
    if (sessions.length === 0) return
    const wanted = sessions.flatMap((found) => renewals(found.record).map((renewal) => ({ found, renewal })))
    const bySource = Map.groupBy(wanted, ({ renewal }) => keyOf(renewal))
    for (const [key, users] of bySource) {
      const every = (users[0]?.renewal.every ?? 0) * 1000
      const at = due.get(key) ?? Date.now() + Math.min(every, wait)
      // A clock that was set back must not lengthen it.
      const left = Math.min(at - Date.now(), every)
      if (left > 0) due.set(key, Date.now() + left)
      else due.set(key, Date.now() + ((await renewed(context, users)) ? every : Math.min(every, LOOK)))
    }
    // The start of a session that comes later has just asked.
    wait = Number.POSITIVE_INFINITY
    const next = Math.min(...[...bySource.keys()].map((key) => due.get(key) ?? 0))
    await Bun.sleep(Math.max(0, Math.min(LOOK, next - Date.now())))
  }
}

type User = { readonly found: Found; readonly renewal: Renewal }

/** Asks once and hands the answer to every proxy. Whether all have it. */
async function renewed(context: Context, users: readonly User[]): Promise<boolean> {
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
      const said = fault || (isHanded(found, { renewal, value }) ? '' : await handOver(context, found, { renewal, value }))
      noteUnrenewed(found.handle.folder, renewal.name, said)
      if (said === '') handed.set(placeOf(found, renewal), Bun.hash(value))
      return said === ''
    }),
  )
  return done.every(Boolean)
}

/** What each session was handed last: a login mostly stays as it is, and what is handed over costs the proxy a while. */
const handed = new Map<string, number | bigint>()

const placeOf = ({ record }: Found, { name }: Renewal): string => `${record.id} ${name}`

const isHanded = (found: Found, { renewal, value }: { readonly renewal: Renewal; readonly value: string }): boolean =>
  'codex' in renewal.source && handed.get(placeOf(found, renewal)) === Bun.hash(value)

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
async function running(context: Context): Promise<readonly Found[]> {
  const all = readRecords(context.host).filter(
    (record) =>
      renewals(record).length > 0 &&
      (backendOf(record).wall?.renew ?? null) !== null &&
      away(context.host, backendOf(record)) === null,
  )
  const looked = await Promise.all(all.map((record) => lookAt(context, record)))
  return looked.flat()
}

const silent = new Map<string, number>()

async function lookAt(context: Context, record: SessionRecord): Promise<readonly Found[]> {
  const folder = sessionFolder(context.host, record.id)
  const found = { backend: backendOf(record), record, handle: handleOf(record, folder) }
  if (record.starter !== '' && isAlive(record.starter)) return [found]
  if (isStopped(folder)) return []
  const state = await ask(found.backend.life.state(found.handle), context.effects(found.backend)).catch((error: unknown) =>
    error instanceof PaudeError && error.code === 'not-found' ? ({ status: 'gone' } as const) : null,
  )
  const times = state === null ? (silent.get(record.id) ?? 0) + 1 : 0
  silent.set(record.id, times)
  return state === null ? (times < SILENT ? [found] : []) : isUp(state) ? [found] : []
}
