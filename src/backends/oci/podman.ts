import { sharedMemory } from '../../box/extra-flags.ts'
import type { Listed, Part } from '../../box/handle.ts'
import type { Remote } from '../../box/remote.ts'
import { PaudeError } from '../../errors.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Engine, Far } from '../backend.ts'
import { programs } from '../names.ts'
import { always, bySession, capabilities, statusOf } from './capabilities.ts'
import { rootlessChecks, rootlessFacts } from './checks.ts'
import { explain } from './explain.ts'
import type { Dialect } from './flags.ts'
import { infoOf, type PodmanInfo } from './health.ts'
import { byPlace, onRemote } from './on-remote.ts'
import { podmanElsewhere, unfitPlace } from './podman-places.ts'
import { hasSelinux } from './selinux.ts'

const here: Dialect = {
  name: 'podman',
  client: [programs.podman],
  elsewhere: false,
  sendsFilter: false,
  // podman hands the host's proxy variables in, and mounts writable /run, /tmp and /var/tmp of its own over a read-only root.
  always: ['--http-proxy=false', '--read-only-tmpfs=false'],
  // Rootless: the caller's uid inside is the caller's uid outside. Root has no such mapping before podman 4.5 and needs none.
  user: ({ user }) => [`--user=${user.uid}:${user.gid}`, ...(user.uid === 0 ? [] : ['--userns=keep-id'])],
  proxy: ({ user }) => (user.uid === 0 ? NEIGHBOUR : []),
  helperUser: ({ user }) => (user.uid === 0 ? [] : ['--userns=keep-id']),
  // Of this driver podman keeps one file, which begins anew when it is full.
  log: ['--log-driver=k8s-file', '--log-opt=max-size=10mb'],
  // podman writes host.containers.internal itself; host-gateway is unknown before 4.7.
  hostName: [],
  apart: () => '',
  ownsVolumes: true,
  labelsMounts: false,
  splitsLabels: true,
  keepSignals: ['--sig-proxy=false'],
  detachKeys: '--detach-keys=',
  followsLinks: [], // it always does
  removal: ['rm', '--force', '--ignore', '--time=0', '--volumes', '--depend'],
  hides: ',notmpcopyup',
  build: ['--format=docker', '--http-proxy=false'], // OCI images lose HEALTHCHECK; the host's proxy may carry a password
  // Rootless: a uid of the host may lie outside the range of the default mapping. Root has no such mapping before podman 4.5.
  probe: (uid) => (uid === 0 ? [] : ['--userns=keep-id']),
}

/**
 * The bridge of rootful podman takes the lowest hardware address among its containers, so a container that starts or ends may change it, and those
 * that know the old one talk to nobody: measured, 20 s and more until they ask again. So ask soon, and ask everybody; then it is 3 s and no connection fails.
 */
export const NEIGHBOUR: readonly string[] = [
  'base_reachable_time_ms=1000',
  'retrans_time_ms=200',
  'delay_first_probe_time=0',
  'ucast_solicit=0',
  'mcast_resolicit=3',
].map((setting) => `--sysctl=net.ipv4.neigh.eth0.${setting}`)

/** The same on another machine: nothing here has a name for it, and nobody there is you. */
const there = ({ at, identity }: Remote): Dialect => ({
  ...here,
  client: [programs.podman, `--url=${at}`, ...(identity === undefined ? [] : [`--identity=${identity}`])],
  elsewhere: true,
  user: ({ user }) => [`--user=${user.uid}:${user.gid}`],
  proxy: ({ own }) => (own.kind === 'oci' && own.remote?.rootless === false ? NEIGHBOUR : []),
  helperUser: () => [],
  probe: () => [],
  apart: () => 'the proxy runs on another machine, which does not reach this one by a name',
  // Over a service an empty value is a fault. Nobody types these.
  detachKeys: '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@',
})

/** podman, rootful and rootless. */
const podmanOn = (dialect: Dialect): Backend => ({
  name: 'podman',
  remote: null,
  program: programs.podman,
  ...capabilities(dialect),
  user: ({ uid, gid }) => ({ uid, gid }),
  own: ({ podmanFlags: extraFlags }, host) => ({
    kind: 'oci',
    extraFlags,
    sharedMemory: sharedMemory(extraFlags),
    link: host.platform === 'linux' ? 'folder' : 'volume',
    selinux: hasSelinux(host),
  }),
  inventory: {
    sessions: always({
      argv: [...dialect.client, 'ps', '--all', '--no-trunc', '--filter=label=paude.role=agent', '--format=json'],
      parse: (stdout) => containers(stdout).map(listed),
    }),
    parts: always({
      argv: [...dialect.client, 'ps', '--all', '--no-trunc', '--filter=label=paude.id', '--format=json'],
      parse: (stdout) =>
        containers(stdout).map(
          ({ Names, State, Labels }): Part => ({
            kind: 'container',
            reference: Names?.[0] ?? '',
            session: Labels?.['paude.id'] ?? '',
            role: Labels?.['paude.role'] ?? '',
            running: State === 'running',
            created: Labels?.['paude.created'] ?? '',
            workspace: '',
          }),
        ),
    }),
    volumes: always({
      argv: [...dialect.client, 'volume', 'ls', '--filter=label=paude.role', '--format=json'],
      parse: (stdout) =>
        (JSON.parse(stdout.trim() || '[]') as { Name: string; Labels?: Record<string, string> | null }[]).map(
          ({ Name, Labels }): Part => ({
            kind: 'volume',
            reference: Name,
            session: Labels?.['paude.id'] ?? '',
            role: Labels?.['paude.role'] ?? '',
            running: false,
            created: Labels?.['paude.created'] ?? '',
            workspace: Labels?.['paude.workspace'] ?? '',
          }),
        ),
    }),
    ...bySession(dialect),
  },
  health: {
    tested: ['4.3', '5.4', '5.8'],
    fixes: 'https://github.com/containers/podman/security/advisories',
    unfit: () => '',
    reach: (host) => {
      const led = podmanElsewhere(host)
      return led === null ? { look: 'program' } : { look: 'elsewhere', ...led }
    },
    variables: [],
    mend: {
      missing: 'sudo apt install podman',
      down: 'podman info',
      silent:
        'see what it waits for: podman --log-level=debug info; in a virtual machine: podman machine stop, then podman machine start',
      denied: 'unset CONTAINER_HOST, or use a socket of your own',
    },
    info: infoOf(dialect),
    checks: () => [],
    rights: null,
    far: null,
    machine: ({ host, text, there }) => (host.uid === 0 ? [] : rootlessChecks(rootlessFacts({ host, text, there }))),
    version: () => versionQuery(dialect),
    // Its info looks at every image and container first.
    brief: ({ uid }) => ({
      argv: [...dialect.client, 'version', '--format=json'],
      parse: (stdout) => {
        const { Client, Server = Client } = JSON.parse(stdout) as {
          Client?: { Version?: string; OsArch?: string }
          Server?: { Version?: string; OsArch?: string }
        }
        return {
          version: Server?.Version ?? '',
          client: Client?.Version ?? '',
          rootless: uid !== 0,
          architecture: Server?.OsArch?.split('/')[1] ?? '',
          runtime: '',
        }
      },
    }),
    explain: (failure) => explain({ engine: 'podman', ...failure }),
  },
})

export const podman: Backend = podmanOn(here)

/** podman on another machine, by its service there. */
export const podmanAt = byPlace((remote) => {
  const dialect = there(remote)
  return onRemote(podmanOn(dialect), {
    remote,
    client: dialect.client,
    unfit: (host) => unfitPlace(host, remote),
    version: versionQuery(dialect),
    flags: ({ podmanFlags }) => podmanFlags,
    far: (title) => farQuery(dialect, title),
  })
})

const versionQuery = ({ client }: Dialect): Query<Engine> => ({
  argv: [...client, 'info', '--format=json'],
  parse: (stdout) => {
    const { host, version } = JSON.parse(stdout) as PodmanInfo
    return {
      version: version?.Version ?? '',
      client: version?.Version ?? '',
      rootless: host?.security?.rootless === true,
      architecture: host?.arch ?? '',
      runtime: runtimeOf(host?.ociRuntime ?? {}),
    }
  },
})

/** What a start asks of the machine, once: where its volumes are, and what it is. */
const farQuery = ({ client }: Dialect, title: string): Query<Far> => ({
  argv: [...client, 'info', '--format=json'],
  parse: (stdout) => {
    const { host, store } = JSON.parse(stdout) as PodmanInfo
    const cannot = (why: string) =>
      new PaudeError('unsupported', `${title} ${why}`, { hint: 'choose another engine: paude backends' })
    const volumes = store?.volumePath ?? ''
    if (!volumes.startsWith('/')) throw cannot('does not say where its volumes are')
    const arch = { amd64: 'x64', arm64: 'arm64' }[host?.arch ?? '']
    if (arch === undefined) throw cannot(`has a processor that paude has no images for: ${host?.arch}`)
    const { rootless = false, selinuxEnabled = false } = host?.security ?? {}
    return { engine: '', volumes, arch, selinux: selinuxEnabled, rootless }
  },
})

/** runc says `runc version 1.2.8` and crun `crun version 1.20`, with more lines behind it. */
const runtimeOf = ({ name = '', version = '' }: { readonly name?: string; readonly version?: string }): string =>
  `${name} ${/version (\S+)/.exec(version)?.[1] ?? ''}`.trim()

type Container = {
  readonly Names?: readonly string[]
  readonly State?: string
  readonly ExitCode?: number
  readonly Labels?: Readonly<Record<string, string>> | null
}

/** podman prints one array; nothing at all when an old one has no containers. */
const containers = (stdout: string): readonly Container[] => JSON.parse(stdout.trim() || '[]') as Container[]

function listed({ State, ExitCode, Labels }: Container): Listed {
  const label = (name: string) => Labels?.[`paude.${name}`] ?? ''
  const status = statusOf(State ?? '')
  return {
    id: label('id'),
    name: label('name'),
    agent: label('agent'),
    workspace: label('workspace'),
    status,
    exitCode: status === 'exited' ? (ExitCode ?? 0) : null,
    created: label('created'),
    network: label('network'),
  }
}
