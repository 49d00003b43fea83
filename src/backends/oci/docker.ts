import { join } from 'node:path'
import { sharedMemory } from '../../box/extra-flags.ts'
import type { Listed, Part } from '../../box/handle.ts'
import type { Remote } from '../../box/remote.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Engine, Far, Health } from '../backend.ts'
import { programs } from '../names.ts'
import { always, bySession, capabilities, statusOf } from './capabilities.ts'
import { desktopChecks, resolverConfChecks, rootlessChecks, rootlessFacts } from './checks.ts'
import { explain } from './explain.ts'
import type { Dialect } from './flags.ts'
import { type DockerInfo, hasOption, infoOf } from './health.ts'
import { otherEngines, standIn } from './neighbours.ts'
import { byPlace, onRemote } from './on-remote.ts'
import { hasSelinux } from './selinux.ts'
import { dockerSocket, isAddress, isDesktop, isRootless, remoteByItself } from './socket.ts'

const here: Dialect = {
  name: 'docker',
  client: [programs.docker],
  elsewhere: false,
  sendsFilter: true,
  always: [],
  user: ({ user }) => [`--user=${user.uid}:${user.gid}`],
  proxy: () => [],
  helperUser: () => [],
  // The daemon's default driver may be one that `logs` cannot read, and is unbounded.
  log: ['--log-driver=json-file', '--log-opt=max-size=10m', '--log-opt=max-file=3'],
  hostName: ['--add-host=host.paude.internal:host-gateway'],
  // The gateway is the bridge in the network of its own that such a daemon has.
  apart: (host) => (isRootless(host) ? 'rootless docker has a network of its own, without this machine' : ''),
  ownsVolumes: false,
  labelsMounts: true,
  splitsLabels: false,
  // An empty value means its default. Nobody types these, and only the first of them waits for a second key.
  detachKeys: '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@',
  keepSignals: [], // its client hands none on while there is a terminal
  followsLinks: ['--follow-link'],
  removal: ['rm', '--force', '--volumes'],
  hides: '',
  build: ['--force-rm'], // the legacy builder leaves the container of a failed step behind
  probe: () => [],
}

/** The same on another machine: nothing here has a name for it. */
const there = (remote: Remote): Dialect => ({
  ...here,
  client: [programs.docker, isAddress(remote.at) ? `--host=${remote.at}` : `--context=${remote.at}`],
  elsewhere: true,
  hostName: [],
  apart: () => 'the proxy runs on another machine, which does not reach this one by a name',
})

// One row a line; each label by its own name, since docker's flattened list cannot tell a comma from a separator.
const label = (name: string) => `{{json (.Label "paude.${name}")}}`
const ROW = `[{{json .State}},{{json .Status}},${['id', 'name', 'agent', 'workspace', 'created', 'network'].map(label).join(',')}]`
const PART = `[{{json .Names}},{{json .State}},${label('id')},${label('role')},${label('created')}]`
const VOLUME = `[{{json .Name}},${['id', 'role', 'created', 'workspace'].map(label).join(',')}]`

const versionQuery = ({ client }: Dialect): Query<Engine> => ({
  argv: [...client, 'version', '--format={{json .}}'],
  parse: (stdout) => {
    const { Client, Server } = JSON.parse(stdout) as {
      Client?: { Version?: string }
      Server?: { Version?: string; Arch?: string; Components?: readonly { Name: string; Version: string }[] | null } | null
    }
    const runc = Server?.Components?.find(({ Name }) => Name === 'runc')
    return {
      version: Server?.Version ?? '',
      client: Client?.Version ?? '',
      rootless: false,
      architecture: Server?.Arch ?? '',
      runtime: runc === undefined ? '' : `runc ${runc.Version}`,
    }
  },
})

/** What a start asks of the machine, once: where its volumes are, and what it is. `fault` says why it does not answer. */
const farQuery = ({ client }: Dialect, title: string, fault: (argv: Argv, words: string) => PaudeError): Query<Far> => {
  const { argv } = infoOf({ name: 'docker', client })
  return {
    argv,
    parse: (stdout) => {
      const info = JSON.parse(stdout) as DockerInfo
      const errors = info.ServerErrors ?? []
      if (errors.length > 0) throw fault(argv, errors.join('\n'))
      const root = info.DockerRootDir ?? ''
      const cannot = (why: string) =>
        new PaudeError('unsupported', `${title} ${why}`, { hint: 'choose another engine: paude backends' })
      if (info.OSType !== 'linux' || !root.startsWith('/')) throw cannot('runs no Linux containers')
      if (/Docker Desktop/i.test(info.OperatingSystem ?? ''))
        throw cannot('is Docker Desktop, which mounts no files of its own virtual machine')
      const arch = { x86_64: 'x64', aarch64: 'arm64', arm64: 'arm64' }[info.Architecture ?? '']
      if (arch === undefined) throw cannot(`has a processor that paude has no images for: ${info.Architecture}`)
      const rootless = hasOption(info, 'rootless')
      return { engine: info.ID ?? '', volumes: join(root, 'volumes'), arch, selinux: hasOption(info, 'selinux'), rootless }
    },
  }
}

/** docker, and whatever answers to its client: Desktop, colima, OrbStack. */
const dockerOn = (dialect: Dialect): Backend => ({
  name: 'docker',
  remote: null,
  program: programs.docker,
  ...capabilities(dialect),
  // A rootless daemon is the caller, and root of its boxes is the daemon: there any other user is nobody outside.
  user: (host) => (isRootless(host) ? { uid: 0, gid: 0 } : { uid: host.uid, gid: host.gid }),
  own: ({ dockerFlags: extraFlags }, host) => ({
    kind: 'oci',
    extraFlags,
    sharedMemory: sharedMemory(extraFlags),
    link: host.platform !== 'linux' || isDesktop(dockerSocket(host)) ? 'volume' : 'folder',
    selinux: hasSelinux(host),
  }),
  inventory: {
    sessions: always({
      argv: [...dialect.client, 'ps', '--all', '--no-trunc', '--filter=label=paude.role=agent', `--format=${ROW}`],
      parse: (stdout) => rows(stdout).map(listed),
    }),
    parts: always({
      argv: [...dialect.client, 'ps', '--all', '--no-trunc', '--filter=label=paude.id', `--format=${PART}`],
      parse: (stdout) =>
        rows(stdout).map(
          ([name = '', state = '', session = '', role = '', created = '']): Part => ({
            kind: 'container',
            reference: name,
            session,
            role,
            running: state === 'running',
            created,
            workspace: '',
          }),
        ),
    }),
    volumes: always({
      argv: [...dialect.client, 'volume', 'ls', '--filter=label=paude.role', `--format=${VOLUME}`],
      parse: (stdout) =>
        rows(stdout).map(
          ([name = '', session = '', role = '', created = '', workspace = '']): Part => ({
            kind: 'volume',
            reference: name,
            session,
            role,
            running: false,
            created,
            workspace,
          }),
        ),
    }),
    ...bySession(dialect),
  },
  health: {
    tested: ['20.10', '26.1', '28.5'],
    fixes: 'https://docs.docker.com/engine/release-notes',
    unfit: standIn,
    others: otherEngines,
    reach: (host) => {
      const remote = remoteByItself(host)
      if (remote !== null) return { look: 'elsewhere', remote, unset: 'DOCKER_HOST, DOCKER_CONTEXT or the current context' }
      const path = dockerSocket(host)
      return path === null ? { look: 'program' } : { look: 'socket', path }
    },
    variables: ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG'],
    mend: {
      missing: 'sudo apt install docker.io',
      down: 'sudo systemctl start docker, or open Docker Desktop',
      silent: 'restart it: sudo systemctl restart docker, or open Docker Desktop again; or correct DOCKER_HOST',
      denied: 'sudo usermod -aG docker "$USER", then log in again',
    },
    info: infoOf(dialect),
    // Docker Desktop names itself and its version here.
    checks: () => [
      {
        argv: versionQuery(dialect).argv,
        parse: (stdout) =>
          desktopChecks(
            (JSON.parse(stdout) as { Server?: { Platform?: { Name?: string } } | null }).Server?.Platform?.Name ?? '',
          ),
      },
    ],
    machine: ({ host, text, there, ready, info }) => [
      ...(info?.rootless ? rootlessChecks(rootlessFacts({ host, text, there })) : []),
      ...(ready ? resolverConfChecks({ conf: text('/etc/resolv.conf'), daemon: text('/etc/docker/daemon.json') }) : []),
    ],
    version: () => versionQuery(dialect),
    rights: null,
    // The daemon says of itself only in its info that it is rootless.
    brief: (host) => {
      const version = versionQuery(dialect)
      return { ...version, parse: (stdout) => ({ ...version.parse(stdout), rootless: isRootless(host) }) }
    },
    far: null,
    explain: (failure) => explain({ engine: 'docker', ...failure }),
  },
})

export const docker: Backend = dockerOn(here)

/** docker on another machine, by the ordinary client. */
export const dockerAt = byPlace((remote) => {
  const dialect = there(remote)
  return onRemote(dockerOn(dialect), {
    remote,
    client: dialect.client,
    unfit: standIn,
    version: versionQuery(dialect),
    flags: ({ dockerFlags }) => dockerFlags,
    far: (title, fault) => farQuery(dialect, title, fault),
    way: wayTo(remote),
  })
})

/** By ssh alone. The client would speak TLS to a socket, too, where its environment asks for that. */
const wayTo =
  ({ at }: Remote): Health['way'] =>
  ({ env }) => {
    const [, user, name, port] = SSH.exec(at) ?? []
    const host = name?.replace(/^\[|\]$/g, '')
    if (host === undefined || env['DOCKER_TLS_VERIFY'] || env['DOCKER_TLS']) return null
    return {
      word: `--host=${at}`,
      through: (socket) => `--host=unix://${socket}`,
      ssh: [...(user === undefined ? [] : [`-l${user}`]), ...(port === undefined ? [] : [`-p${port}`]), '--', host],
      socket: '/var/run/docker.sock',
      path: '/info',
      identity: (answer) => (JSON.parse(answer) as DockerInfo).ID ?? '',
    }
  }

const SSH = /^ssh:\/\/(?:([^@/]+)@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/

const rows = (stdout: string): readonly (readonly string[])[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => JSON.parse(line) as string[])

function listed([
  state = '',
  status = '',
  id = '',
  name = '',
  agent = '',
  workspace = '',
  created = '',
  network = '',
]: readonly string[]): Listed {
  const code = /^Exited \((\d+)\)/.exec(status)
  return {
    id,
    name,
    agent,
    workspace,
    status: statusOf(state),
    exitCode: code?.[1] === undefined ? null : Number(code[1]),
    created,
    network,
  }
}
