import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'
import { reach } from '../run/reach.ts'
import type { Backend } from './backend.ts'
import { type BackendName, backendNames } from './names.ts'
import { dockerSocket } from './oci/socket.ts'
import { backends } from './registry.ts'

/** Whether a backend could be used, as far as can be told without starting a process. */
export type Usable = 'yes' | 'missing' | 'down' | 'denied'

/** The backend to start on: the one that was named, or the first usable one. A named one is only required to be installed. */
export async function pickBackend(host: Host, wanted: 'auto' | BackendName): Promise<Backend> {
  if (wanted !== 'auto') {
    if (findProgram(host, backends[wanted].program) === null)
      throw new PaudeError('backend-missing', `${wanted} is not installed`, {
        hint: `install ${wanted}${installed(host).length === 0 ? '' : ', or use what is there: paude --backend auto'}`,
      })
    return backends[wanted]
  }
  const found = await Promise.all(backendNames.map(async (name) => [name, await usable(host, name)] as const))
  const first = found.find(([, state]) => state === 'yes')
  if (first !== undefined) return backends[first[0]]
  const denied = found.find(([, state]) => state === 'denied')
  if (denied !== undefined)
    throw new PaudeError('backend-denied', `no permission on the socket of ${denied[0]}`, {
      hint: 'add yourself to the group docker and log in again, or install podman, which needs no group',
    })
  const down = found.find(([, state]) => state === 'down')
  if (down !== undefined)
    throw new PaudeError('backend-down', `${down[0]} is installed but its engine does not run`, {
      hint: 'start it: sudo systemctl start docker, or open Docker Desktop',
    })
  throw new PaudeError('backend-missing', 'no container engine was found: neither docker nor podman is in PATH', {
    hint: 'install one: sudo apt install podman',
  })
}

/** Why no engine at all can be used; null when one can, be it another than the one that is wanted. */
export async function noEngine(host: Host, wanted: 'auto' | BackendName): Promise<PaudeError | null> {
  const states = await Promise.all(backendNames.map((name) => usable(host, name)))
  if (states.includes('yes')) return null
  try {
    await pickBackend(host, wanted)
    // A named one is only looked for: that it is down is told of the first.
    await pickBackend(host, 'auto')
    return null
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
}

/** Backends whose program is installed, whatever their engine's state. */
export const installed = (host: Host): readonly BackendName[] =>
  backendNames.filter((name) => findProgram(host, backends[name].program) !== null)

/** A look at PATH and, for docker, at its socket: a running engine accepts a connection in under a millisecond. */
export async function usable(host: Host, name: BackendName): Promise<Usable> {
  if (findProgram(host, backends[name].program) === null) return 'missing'
  if (name !== 'docker') return 'yes'
  const socket = dockerSocket(host)
  if (socket === null) return 'yes'
  const answer = await reach(socket)
  return answer === 'alive' ? 'yes' : answer === 'denied' ? 'denied' : 'down'
}
