import { readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isPodmanAddress, type Remote } from '../../box/remote.ts'
import { findProgram, type Host } from '../../host.ts'
import { programs } from '../names.ts'

type Place = Pick<Remote, 'at' | 'identity'>

/** The other machine to which podman's client goes by itself, and what sets it there; null where its engine is on this one. */
export function podmanElsewhere(
  host: Pick<Host, 'env' | 'home' | 'platform'>,
): { readonly remote: Remote; readonly unset: string } | null {
  const led = ledBy(host)
  // Of a Mac's own virtual machine the address is this machine's.
  if (led === null || /^(unix:|\/)/.test(led.at) || (host.platform !== 'linux' && LOOPBACK.test(led.at))) return null
  const { at, identity, unset } = led
  return { remote: { name: '', at, ...(identity === undefined ? {} : { identity }) }, unset }
}

const LOOPBACK = /^ssh:\/\/([^@/]*@)?(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/

function ledBy(host: Pick<Host, 'env' | 'home' | 'platform'>): (Place & { readonly unset: string }) | null {
  const { env } = host
  const at = env['CONTAINER_HOST']?.trim() ?? ''
  const key = env['CONTAINER_SSHKEY'] ?? ''
  if (at !== '') return { at: plain(at), ...(key === '' ? {} : { identity: key }), unset: 'CONTAINER_HOST' }
  const named = env['CONTAINER_CONNECTION'] ?? ''
  const own = readOwn(host)
  const name = named !== '' ? named : own.isRemote || isRemoteClient(host) ? own.usual : ''
  const found = own.connections[name]
  if (found === undefined) return null
  return { ...found, unset: named === '' ? 'the default of podman system connection' : 'CONTAINER_CONNECTION' }
}

/** What the client calls a connection; null where it has none of that name. */
export const connectionOf = (host: Pick<Host, 'env' | 'home'>, name: string): Place | null =>
  readOwn(host).connections[name] ?? null

/** Neither a password, which would stand in arguments and records, nor what is asked of the address. */
const plain = (address: string): string => address.replace(/\?.*$/, '').replace(/^(\w+:\/\/[^@/:]*):[^@/]*@/, '$1@')

/** A client that reaches nothing but a service: every one but that of Linux, and there one that has this name. */
function isRemoteClient({ env, platform }: Pick<Host, 'env' | 'platform'>): boolean {
  if (platform !== 'linux') return true
  const program = findProgram({ env }, programs.podman)
  return program !== null && basename(realpathSync(program)).startsWith('podman-remote')
}

type Own = { readonly isRemote: boolean; readonly usual: string; readonly connections: Readonly<Record<string, Place>> }

/** What podman's own configuration says: connections in its JSON since podman 5, and in containers.conf before. */
function readOwn({ env, home }: Pick<Host, 'env' | 'home'>): Own {
  const folder = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers')
  const files = env['CONTAINERS_CONF']
    ? [env['CONTAINERS_CONF']]
    : ['/etc/containers/containers.conf', join(folder, 'containers.conf')]
  const engines = files.map((file) => read<{ engine?: Engine }>(file, Bun.TOML.parse)?.engine ?? {})
  const json = read<Json>(env['PODMAN_CONNECTIONS_CONF'] || join(folder, 'podman-connections.json'), JSON.parse)?.Connection ?? {}
  const all = [
    ...engines.flatMap(({ service_destinations: said = {} }) =>
      Object.entries(said).map(([name, { uri, identity }]) => [name, uri, identity] as const),
    ),
    ...Object.entries(json.Connections ?? {}).map(([name, { URI, Identity }]) => [name, URI, Identity] as const),
  ]
  const last = <T>(values: readonly (T | undefined)[]): T | undefined => values.findLast((value) => value !== undefined)
  return {
    isRemote: last(engines.map(({ remote }) => remote)) === true,
    usual: last([...engines.map(({ active_service }) => active_service), json.Default]) ?? '',
    connections: Object.fromEntries(
      all.map(([name, at = '', identity = '']) => [name, { at: plain(at), ...(identity === '' ? {} : { identity }) }]),
    ),
  }
}

type Engine = {
  readonly remote?: boolean
  readonly active_service?: string
  readonly service_destinations?: Readonly<Record<string, { readonly uri?: string; readonly identity?: string }>>
}

type Json = {
  readonly Connection?: {
    readonly Default?: string
    readonly Connections?: Readonly<Record<string, { readonly URI?: string; readonly Identity?: string }>>
  }
}

/** A file that is not there, or that nobody can read, says nothing. */
function read<T>(file: string, parse: (text: string) => unknown): T | null {
  try {
    return parse(readFileSync(file, 'utf8')) as T
  } catch {
    return null
  }
}

/** Why podman's client must not be sent to such a place, as the end of a sentence; '' where it may. */
export function unfitPlace({ home }: Pick<Host, 'home'>, { at }: Pick<Remote, 'at'>): string {
  if (!isPodmanAddress(at))
    return 'needs an address with the path of its socket, like ssh://you@build.example.org/run/user/1000/podman/podman.sock'
  const [, host = '', port = '22'] = /^ssh:\/\/(?:[^@]*@)?(\[[^\]]*\]|[^:/]+)(?::(\d+))?\//.exec(at) ?? []
  if (host === '' || isKnown(home, host.replace(/^\[|\]$/g, ''), port)) return ''
  const named = port === '22' ? host : `-p ${port} ${host}`
  return `is on a machine that ~/.ssh/known_hosts does not name, and podman's client would take any machine for it: first connect with ssh ${named}`
}

/** Whether the user's own list has a key for a machine, by its name or by the hash of it. */
function isKnown(home: string, host: string, port: string): boolean {
  const name = port === '22' ? host : `[${host}]:${port}`
  const lines = (read<string>(join(home, '.ssh/known_hosts'), (text) => text) ?? '').split('\n')
  return lines.some((line) =>
    (line.split(' ')[0] ?? '').split(',').some((one) => {
      const [, , salt = '', hash = ''] = one.startsWith('|1|') ? one.split('|') : []
      return (
        one === name ||
        (hash !== '' && new Bun.CryptoHasher('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash)
      )
    }),
  )
}
