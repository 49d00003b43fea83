import { existsSync } from 'node:fs'
import type { Remote } from '../box/remote.ts'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'
import { reach } from '../run/reach.ts'
import { away, ledAway } from './away.ts'
import type { Backend } from './backend.ts'
import { type BackendName, type BackendWish, farNames, isRemoteWish, reachesFar } from './names.ts'
import { allBackends, backendAt, backends, easiest } from './registry.ts'

/** Whether a backend could be used, as far as can be told without starting a process. */
export type Usable = 'yes' | 'missing' | 'down' | 'denied' | 'elsewhere'

/** What the configuration says of the backend to take. */
export type Asked = {
  readonly backend: BackendWish
  readonly remotes: readonly Remote[]
  /** A project named it, which names no machine: only you do that. */
  readonly byProject?: boolean
}

/**
 * The backend to start on: the one that was named, or the first usable one of this machine. A named one is only required to be installed. What
 * docker's client is set to counts where you name docker.
 */
export async function pickBackend(host: Host, asked: 'auto' | BackendName | Asked): Promise<Backend> {
  const said: Asked = typeof asked === 'string' ? { backend: asked, remotes: [] } : asked
  const { backend: wish } = said
  if (wish === 'auto') return await pickAutomatically(host, allBackends)
  const remote = wantedRemote(host, said)
  const wanted = isRemoteWish(wish) ? farNames[0] : wish
  const backend = backendAt(wanted, remote)
  const led = remote !== null && reachesFar(wanted) ? null : away(host, backends[wanted], 'start')
  if (led !== null) throw led
  const unfit = backend.health.unfit(host)
  if (unfit !== '') throw new PaudeError('unsupported', `${wanted} ${unfit}`, { hint: 'paude backends' })
  if (isInstalled(host, backend)) return backend
  throw new PaudeError('backend-missing', `${wanted} is not installed`, {
    hint: `install ${wanted}${installed(host).length === 0 ? '' : ', or use another engine: paude --backend auto'}`,
  })
}

/** The engines of other machines that the configuration names, and those to which a client goes by itself. */
export function farBackends(host: Host, { remotes }: Pick<Asked, 'remotes'>): readonly Backend[] {
  const named = new Map(remotes.map((remote) => [remote.name, remote]))
  return farNames.flatMap((name) =>
    [...named.values(), ledAway(host, backends[name])?.remote ?? []].flat().map((remote) => backendAt(name, remote)),
  )
}

/** The same kind of backend on this machine. */
export const hereOf = (wish: BackendWish): 'auto' | BackendName => (isRemoteWish(wish) ? farNames[0] : wish)

/** The other machine that a start is to use; null for this one. */
export function wantedRemote(host: Host, { backend, remotes, byProject = false }: Asked): Remote | null {
  if (backend === 'auto') return null
  if (!isRemoteWish(backend)) return byProject ? null : (ledAway(host, backends[backend])?.remote ?? null)
  const name = backend.slice('docker@'.length)
  // Profiles and files add up: the last word counts.
  const found = remotes.findLast((one) => one.name === name)
  if (found !== undefined) return found
  const known = [...new Set(remotes.map((one) => one.name))]
  throw new PaudeError('config', `there is no remote ${JSON.stringify(name)} in your config.toml`, {
    hint: known.length === 0 ? `write [remotes.${name}] with host = "ssh://you@HOST" there` : `choose one of ${known.join(', ')}`,
  })
}

/** The first of these that can be used. Never one that does not isolate, nor a cluster, which others share: these take their names. */
export async function pickAutomatically(host: Host, all: readonly Backend[]): Promise<Backend> {
  const candidates = isolating(all)
  const found = await Promise.all(candidates.map(async (backend) => ({ backend, state: await usable(host, backend) })))
  const first = (wanted: Usable) => found.find(({ state }) => state === wanted)?.backend
  const usableOne = first('yes')
  if (usableOne !== undefined) return usableOne
  const denied = first('denied')
  if (denied !== undefined)
    throw new PaudeError('backend-denied', `no permission to use the socket of ${denied.name}`, {
      hint: `${denied.health.mend.denied}${denied === easiest ? '' : `; or install ${easiest.name}, which needs no group`}`,
    })
  const down = first('down')
  if (down !== undefined)
    throw new PaudeError('backend-down', `${down.name} is installed, but its engine is not running`, {
      hint: `start it: ${down.health.mend.down}`,
    })
  const elsewhere = first('elsewhere')
  const led = elsewhere === undefined ? null : away(host, elsewhere, 'start')
  if (led !== null) throw led
  const programs = candidates.filter(({ health }) => health.unfit(host) === '').map(({ program }) => program)
  throw new PaudeError('backend-missing', `no container engine was found: neither ${programs.join(' nor ')} is in PATH`, {
    hint: `install one: ${easiest.health.mend.missing}`,
  })
}

const isolating = (all: readonly Backend[]) => all.filter(({ can }) => can.isolation === 'container' || can.isolation === 'vm')

/** Whether a backend keeps the agent off this machine. */
export const isolates = ({ can }: Pick<Backend, 'can'>): boolean => can.isolation !== 'none'

/** Why no engine at all can be used; null when one can, be it another than the one that is wanted. */
export async function noEngine(host: Host, asked: Asked): Promise<PaudeError | null> {
  // What was to run on another machine never runs on this one instead.
  if (wantedRemote(host, asked) !== null) return null
  const states = await Promise.all(isolating(allBackends).map((backend) => usable(host, backend)))
  if (states.includes('yes')) return null
  try {
    await pickBackend(host, asked)
    // A named one is only looked for: that it is down is told of the first.
    await pickBackend(host, 'auto')
    return null
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
}

/** Backends whose program is installed, whatever their engine's state. */
export const installed = (host: Host): readonly Backend[] => allBackends.filter((backend) => isInstalled(host, backend))

const isInstalled = (host: Host, { program, health }: Backend): boolean =>
  health.unfit(host) === '' && findProgram(host, program) !== null

/** A look at PATH, and at where the backend says that it is reached: a running engine accepts a connection in under a millisecond. */
export async function usable(host: Host, backend: Backend): Promise<Usable> {
  if (!isInstalled(host, backend)) return 'missing'
  const place = backend.health.reach(host)
  switch (place.look) {
    case 'program':
      return 'yes'
    case 'elsewhere':
      return 'elsewhere'
    case 'file':
      return existsSync(place.path) ? 'yes' : 'down'
    case 'socket': {
      const answer = await reach(place.path)
      return answer === 'alive' ? 'yes' : answer === 'denied' ? 'denied' : 'down'
    }
  }
}
