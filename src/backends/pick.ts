import { existsSync } from 'node:fs'
import { type Remote, titleOf } from '../box/remote.ts'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'
import { reach } from '../run/reach.ts'
import { away, ledAway } from './away.ts'
import type { Backend } from './backend.ts'
import { type BackendName, type BackendWish, farNames, isRemoteWish, partsOfWish } from './names.ts'
import { allBackends, backendAt, backends, easiest, placeOf } from './registry.ts'
import type { SaidRemote } from './remote-keys.ts'

/** Whether a backend could be used, as far as can be told without starting a process. */
export type Usable = 'yes' | 'missing' | 'down' | 'denied' | 'elsewhere'

/** What the configuration says of the backend to take. */
export type Asked = {
  readonly backend: BackendWish
  readonly remotes: readonly SaidRemote[]
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
  const wanted = isRemoteWish(wish) ? partsOfWish(wish).engine : wish
  const backend = backendAt(wanted, remote)
  const led = away(host, backend, 'start')
  if (led !== null) throw led
  const unfit = backend.health.unfit(host)
  if (unfit !== '') throw new PaudeError('unsupported', `${titleOf(wanted, remote)} ${unfit}`, { hint: 'paude backends' })
  if (isInstalled(host, backend)) return backend
  throw new PaudeError('backend-missing', `${wanted} is not installed`, {
    hint: `install ${wanted}${installed(host).length === 0 ? '' : ', or use another engine: paude --backend auto'}`,
  })
}

/** The engines of other machines that the configuration names, and those to which a client goes by itself. */
export function farBackends(host: Host, { remotes }: Pick<Asked, 'remotes'>): readonly Backend[] {
  const said = [...new Map(remotes.map((remote) => [remote.name, remote])).values()]
  return farNames.flatMap((engine) => {
    const led = ledAway(host, backends[engine])?.remote ?? null
    return [
      ...said.flatMap((one) => (one.engine === engine ? (lookUp(host, one) ?? []) : [])),
      ...(led === null ? [] : [led]),
    ].map((remote) => backendAt(engine, remote))
  })
}

/** The same kind of backend on this machine. */
export const hereOf = (wish: BackendWish): 'auto' | BackendName => (isRemoteWish(wish) ? partsOfWish(wish).engine : wish)

/** The other machine that a start is to use; null for this one. */
export function wantedRemote(host: Host, { backend, remotes, byProject = false }: Asked): Remote | null {
  if (backend === 'auto') return null
  if (!isRemoteWish(backend)) return byProject ? null : (ledAway(host, backends[backend])?.remote ?? null)
  const { engine, name } = partsOfWish(backend)
  // Profiles and files add up: the last word counts.
  const found = remotes.findLast((one) => one.name === name)
  if (found === undefined) {
    const known = [...new Set(remotes.map((one) => `${one.engine}@${one.name}`))]
    throw new PaudeError('config', `there is no remote ${JSON.stringify(name)} in your config.toml`, {
      hint:
        known.length === 0
          ? `write [remotes.${name}] with host = "ssh://you@HOST" there: paude help remotes`
          : `choose one of ${known.join(', ')}`,
    })
  }
  if (found.engine !== engine)
    throw new PaudeError('config', `the remote ${JSON.stringify(name)} in your config.toml is ${found.engine}, not ${engine}`, {
      hint: `paude --backend ${found.engine}@${name}, or write engine = "${engine}" there`,
    })
  const remote = lookUp(host, found)
  if (remote !== null) return remote
  throw new PaudeError('config', `podman has no connection named ${found.known}, which remotes.${name} names`, {
    hint: 'list them: podman system connection list',
  })
}

/** Where such an engine is; null where its client does not know it. */
function lookUp(host: Host, { name, engine, at, known, identity }: SaidRemote): Remote | null {
  if (known === '') return { name, at, ...(identity === '' ? {} : { identity: identity.replace(/^~(?=\/)/, host.home) }) }
  const place = placeOf(host, engine, known)
  return place === null ? null : { ...place, name }
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
  if (down !== undefined) {
    const others = down.health.others?.(host) ?? ''
    throw new PaudeError('backend-down', `${down.name} is installed, but its engine is not running`, {
      hint: `start it: ${down.health.mend.down}${others === '' ? '' : `; or ${others}`}`,
    })
  }
  const elsewhere = first('elsewhere')
  const led = elsewhere === undefined ? null : away(host, elsewhere, 'start')
  if (led !== null) throw led
  const unfit = candidates.flatMap(({ name, program, health }) =>
    findProgram(host, program) === null || health.unfit(host) === '' ? [] : `${name} ${health.unfit(host)}`,
  )
  const programs = candidates.filter(({ health }) => health.unfit(host) === '').map(({ program }) => program)
  throw new PaudeError('backend-missing', `no container engine was found: neither ${programs.join(' nor ')} is in PATH`, {
    hint: [...unfit, `install one: ${easiest.health.mend.missing}`].join('; '),
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
