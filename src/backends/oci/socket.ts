import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Remote } from '../../box/remote.ts'
import type { Host } from '../../host.ts'

/** Path of the local socket, or null when docker's client would go elsewhere (another host). */
export function dockerSocket(host: Pick<Host, 'env' | 'home'>): string | null {
  const { address } = dockerAddress(host)
  return address.startsWith('unix://') ? address.slice('unix://'.length) : null
}

/** Where the client goes, '' when that cannot be read, and the context that says so, '' for none. */
function dockerAddress({ env, home }: Pick<Host, 'env' | 'home'>): { readonly address: string; readonly context: string } {
  const said = env['DOCKER_HOST']?.trim() ?? ''
  // The client takes what has no scheme for a host and its port.
  if (said !== '') return { address: said.includes('://') ? said : `tcp://${said}`, context: '' }
  const folder = env['DOCKER_CONFIG'] || join(home, '.docker')
  const context = env['DOCKER_CONTEXT'] || currentContext(folder)
  return { address: contextHost(folder, context), context }
}

/** The other machine to which docker's client would go by itself; null where its engine is on this one. A context may hold a login of its own. */
export function remoteByItself(host: Pick<Host, 'env' | 'home'>): Remote | null {
  const { address, context } = dockerAddress(host)
  // Whatever is no socket of this machine; what cannot be read, the client itself refuses.
  return address === '' || address.startsWith('unix://') ? null : { name: '', at: context || address }
}

/** Whether it leads to another machine: by ssh, or by a port, behind which nobody knows whose files there are. */
export const isAddress = (text: string): boolean => /^(ssh|tcp|https?):\/\//.test(text)

const DEFAULT = 'unix:///var/run/docker.sock'

function currentContext(folder: string): string {
  try {
    return (JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { currentContext?: string }).currentContext ?? ''
  } catch {
    return ''
  }
}

/** Where a context leads, such as those that Docker Desktop and a rootless daemon make; '' when that cannot be read. */
function contextHost(folder: string, name: string): string {
  if (name === '' || name === 'default') return DEFAULT
  try {
    const file = join(folder, 'contexts/meta', new Bun.CryptoHasher('sha256').update(name).digest('hex'), 'meta.json')
    const { Endpoints } = JSON.parse(readFileSync(file, 'utf8')) as { Endpoints?: { docker?: { Host?: string } } }
    return Endpoints?.docker?.Host ?? ''
  } catch {
    return ''
  }
}

/** Docker Desktop runs its engine on a virtual machine on Linux too, and listens here. */
export const isDesktop = (socket: string | null): boolean => socket !== null && /\/\.docker\/(desktop|run)\//.test(socket)

/** Whether the engine runs as the caller: then its socket is the caller's, where that of root's belongs to root. */
export function isRootless(host: Pick<Host, 'env' | 'home' | 'uid' | 'platform'>): boolean {
  const path = host.platform !== 'linux' || host.uid === 0 ? null : dockerSocket(host)
  return path !== null && !isDesktop(path) && ownerOf(path) === host.uid
}

function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid
  } catch {
    return null
  }
}
