import { away } from '../backends/away.ts'
import type { Backend, Engine, Health } from '../backends/backend.ts'
import type { BackendSettings } from '../backends/keys.ts'
import type { BackendName } from '../backends/names.ts'
import { type Asked, farBackends, usable } from '../backends/pick.ts'
import { allBackends } from '../backends/registry.ts'
import { type Remote, titleOf } from '../box/remote.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Query } from '../plan/query.ts'
import { captureOnce } from '../run/ask.ts'
import { foreignFiles } from '../run/client-files.ts'
import type { Outcome } from '../run/process.ts'

/** A backend as it is on this machine now. */
export type EngineState = {
  readonly name: BackendName
  /** Where it is, on another machine. */
  readonly remote?: Remote
  readonly state: 'ready' | 'not running' | 'not answering' | 'no permission' | 'not installed' | 'not asked'
  /** Of the engine; '' when it does not answer. */
  readonly version: string
  readonly rootless: boolean
  /** What starts its containers, like `runc 1.2.8`; '' when it does not say. */
  readonly runtime: string
  /** Why it is not ready; '' when it is. */
  readonly why: string
}

/** What the configuration says of backends, and which one it names. */
export type Wanted = BackendSettings & Asked

/** Asks all backends at once; a dead one does not hold up the others. `briefly` leaves out what an engine is slow to tell. */
export const askEngines = (host: Host, wanted: Wanted, how: 'wholly' | 'briefly' = 'wholly'): Promise<readonly EngineState[]> =>
  Promise.all(
    [...allBackends, ...(how === 'wholly' ? farBackends(host, wanted) : [])].map((backend) =>
      askEngine(host, backend, { wanted, how }),
    ),
  )

/** What people read in place of its name. */
export const engineTitle = ({ name, remote }: Pick<EngineState, 'name' | 'remote'>): string => titleOf(name, remote)

/** Whether a backend may be asked: a cluster is somebody else's, and a question to it may open a login. */
export const isAsked = ({ name, can }: Pick<Backend, 'name' | 'can'>, { backend }: Pick<Wanted, 'backend'>): boolean =>
  can.isolation !== 'pod' || backend === name

async function askEngine(
  host: Host,
  backend: Backend,
  { wanted, how }: { readonly wanted: Wanted; readonly how: 'wholly' | 'briefly' },
): Promise<EngineState> {
  const { name, program, health } = backend
  const placed = backend.remote === null ? {} : { remote: backend.remote }
  const unknown = { name, ...placed, version: '', rootless: false, runtime: '' }
  const state = await usable(host, backend)
  if (state !== 'missing' && !isAsked(backend, wanted))
    return { ...unknown, state: 'not asked', why: `only asked when you name it: paude --backend ${name} doctor` }
  switch (state) {
    case 'missing':
      return {
        ...unknown,
        state: backend.remote !== null && health.unfit(host) !== '' ? 'not asked' : 'not installed',
        why: health.unfit(host) || `${program} is not in PATH`,
      }
    case 'down': {
      const place = health.reach(host)
      const silent = place.look === 'file' ? `there is no ${place.path}` : 'its socket does not answer'
      return { ...unknown, state: 'not running', why: [silent, health.others?.(host)].filter(Boolean).join('; ') }
    }
    case 'elsewhere':
      return { ...unknown, state: 'not asked', why: away(host, backend, 'start')?.message ?? '' }
    case 'denied':
      return { ...unknown, state: 'no permission', why: 'you may not use its socket' }
    case 'yes': {
      const foreign = foreignFiles(program, host)
      if (foreign !== null) return { ...unknown, state: 'not running', why: foreign.message }
      const version = how === 'briefly' ? health.brief(host, wanted) : health.version(wanted)
      return { ...engineOf(name, { explain: health.explain, version }, await tried(version)), ...placed }
    }
  }
}

/** null when it could not be started. */
export async function tried<T>({ argv }: Query<T>): Promise<Outcome | null> {
  try {
    return await captureOnce(argv)
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** Pure: what an engine's answer, or its silence, means. */
export function engineOf(
  name: BackendName,
  { version: query, explain }: Pick<Health, 'explain'> & { readonly version: Query<Engine> },
  outcome: Outcome | null,
): EngineState {
  const unknown = { name, version: '', rootless: false, runtime: '' }
  if (outcome === null) return { ...unknown, state: 'not running', why: 'its client cannot be started' }
  if (outcome.silent !== undefined) return { ...unknown, state: 'not answering', why: `no answer within ${outcome.silent} s` }
  if (outcome.code !== 0) {
    const { code, message } = explain({ argv: query.argv, ...outcome })
    return { ...unknown, state: code === 'backend-denied' ? 'no permission' : 'not running', why: message }
  }
  try {
    const { version, rootless, runtime } = query.parse(outcome.stdout)
    if (version === '') return { ...unknown, state: 'not running', why: 'only its client answers' }
    return { name, version, rootless, runtime, state: 'ready', why: '' }
  } catch {
    return { ...unknown, state: 'not running', why: 'its answer could not be understood' }
  }
}
