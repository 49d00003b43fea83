import { dirname, join } from 'node:path'
import { CALL, isCalled, LINK, NOTED } from '../../box/lay-out.ts'
import { HARDENED } from '../../box/security.ts'
import { copiesOf, copyAt, mountsOf, type OwnOf, overlayAt, type SessionSpec, shadowAt, shadowsOf } from '../../box/spec.ts'
import { mountedStandIns, standInSource } from '../../box/stand-ins.ts'
import { takesUploads, UPLOADS, UPLOADS_AT } from '../../box/uploads.ts'
import { type Exec, exec, later, type Plan, together } from '../../plan/plan.ts'
import { environmentFlags } from '../environment-flags.ts'
import { INIT, initWords } from '../first-program.ts'
import { parentsInHome } from '../home-folders.ts'
import { carryFiles, filterOf, folderOf, handsLink, importedFlags, initOf, isFar, layFilter, outOf } from './far.ts'
import {
  bind,
  type Dialect,
  HELPER_LIMITS,
  hardeningFlags,
  labelledVolume,
  labels,
  limitFlags,
  nothing,
  sharedMemory,
  volume,
  volumeLabel,
} from './flags.ts'
import { BIN, parts } from './names.ts'
import { levelFlags } from './selinux.ts'
import { fillWorkspace, makeWorkspace, workspaceMount } from './workspace.ts'

/**
 * The proxy starts while the agent's box is made. Nothing waits for it but the box's first program, which starts no program of the agent's before
 * its canaries have spoken.
 */
export function makePlan(dialect: Dialect, spec: SessionSpec, rescue: Plan | undefined): Plan {
  const { network } = spec
  const carried = carryFiles(dialect, spec)
  const filled = fillWorkspace(dialect, spec)
  const ownHome = home(dialect, spec)
  // Over there each call is a way of its own, so HOME does not wait for the session's files.
  const isEarly = carried.length > 0
  const lanes: readonly Plan[] = [
    [...(isEarly ? [] : ownHome), makeAgent(dialect, spec)],
    ...(filled.length === 0 ? [] : [filled]),
  ]
  const kept = overlays(dialect, spec)
  const before = [
    ...layFilter(dialect, spec),
    ...(isEarly ? [together([carried, ...(ownHome.length === 0 ? [] : [ownHome])], { rescue })] : []),
    ...makeWorkspace(dialect, spec),
    ...(kept.length === 0 ? [] : [together(kept, { rescue })]),
  ]
  if (network.mode === 'none') return [...before, together(lanes, { rescue })]
  const proxy: Plan = [runProxy(dialect, spec), ...credential(dialect, spec)]
  return [...before, ...link(dialect, spec), together(lanes, { trailing: proxy, rescue })]
}

/**
 * Where box and proxy meet: a folder of the session, since nothing has to be made or removed for it; a volume where the engine runs on a
 * virtual machine, through whose shared folders no socket works. docker makes the volume, labels and all, with the first container that mounts it.
 */
function link(dialect: Dialect, spec: SessionSpec): Plan {
  if (spec.own.link === 'folder' || handsLink(dialect, spec)) return []
  const { client, labelsMounts } = dialect
  const volumeName = parts(spec.id).link
  const undo = [...client, 'volume', 'rm', '--force', volumeName] as const
  if (labelsMounts) return [later(undo)]
  return [
    exec(
      [
        ...client,
        'volume',
        'create',
        ...Object.entries(linkLabels(spec)).map(([key, value]) => `--label=${key}=${value}`),
        volumeName,
      ],
      { undo },
    ),
  ]
}

const linkLabels = ({ id, created }: SessionSpec) => ({ 'paude.id': id, 'paude.role': 'link', 'paude.created': created })

function linkMount({ labelsMounts }: Dialect, spec: SessionSpec, readOnly: boolean): string {
  const name = parts(spec.id).link
  if (spec.own.link === 'folder') return bind(join(folderOf(spec), LINK), '/paude/link', readOnly)
  if (!labelsMounts) return volume(name, '/paude/link', readOnly)
  return `${labelledVolume(name, '/paude/link', linkLabels(spec))}${readOnly ? ',ro' : ''}`
}

function runProxy(dialect: Dialect, spec: SessionSpec): Exec {
  const { proxy } = parts(spec.id)
  return exec(
    [
      ...dialect.client,
      'run',
      '--detach',
      `--name=${proxy}`,
      ...labels(spec, 'proxy'),
      '--pull=never',
      ...dialect.always,
      // It gives nothing up, whatever the agent does.
      ...hardeningFlags(filterOf(dialect, spec), HARDENED),
      ...levelFlags(spec),
      '--user=13:13',
      ...dialect.helperUser(spec),
      ...HELPER_LIMITS,
      '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777',
      '--tmpfs=/run:rw,noexec,nosuid,nodev,size=4m,mode=1777',
      sharedMemory(64 * 1024 ** 2),
      ...dialect.log,
      ...dialect.proxy(spec),
      ...ipFlags(spec),
      // A name, and no permission: a port of this machine may be allowed later.
      ...dialect.hostName,
      linkMount(dialect, spec, false),
      bind(join(folderOf(spec), 'policy'), '/paude/policy', true),
      ...(dialect.elsewhere ? [] : [bind(join(spec.folder, NOTED), '/paude/noted', false)]),
      ...(isCalled(spec) ? [bind(join(spec.folder, CALL), '/paude/call', false)] : []),
      spec.proxyImage,
      '/usr/lib/paude/proxy',
    ],
    { undo: [...dialect.client, ...dialect.removal, proxy] },
  )
}

/** squid tries both and cannot be told otherwise; without an address of IPv6 it asks for none and connects to none. */
const ipFlags = ({ network }: SessionSpec): readonly string[] =>
  network.mode === 'none' || network.policy.ways.ip === 'any'
    ? []
    : ['all', 'default'].map((which) => `--sysctl=net.ipv6.conf.${which}.disable_ipv6=1`)

/** The credential goes to the proxy's memory through stdin: no file, no argv, nothing that `inspect` shows. */
function credential({ client }: Dialect, { id, network }: SessionSpec): Plan {
  if (network.mode === 'none' || network.credential === null) return []
  const { proxy } = parts(id)
  return [
    exec([...client, 'exec', '--interactive', proxy, '/usr/lib/paude/secret'], {
      stdin: network.credential,
      log: [...client, 'logs', proxy],
    }),
  ]
}

const home = (dialect: Dialect, spec: SessionSpec): Plan =>
  spec.homeVolume === ''
    ? []
    : [madeOnce(dialect, spec, { role: 'home', volumeName: spec.homeVolume, folders: parentsInHome(spec) })]

const overlays = (dialect: Dialect, spec: SessionSpec): readonly Plan[] =>
  spec.overlays.map((one) => [madeOnce(dialect, spec, { role: 'overlay', volumeName: one.volume, folders: [] })])

const overlay = ({ labelsMounts }: Dialect, name: string, target: string): string =>
  `${volume(name, target)}${labelsMounts ? ',volume-nocopy' : ''}`

type Once = { readonly role: 'home' | 'overlay'; readonly volumeName: string; readonly folders: readonly string[] }

/**
 * A volume of the project is made once; a fresh volume belongs to root on docker, so there it is handed to the caller, by the box's own
 * first program: no program of the image runs before the wall is proven.
 */
function madeOnce(dialect: Dialect, spec: SessionSpec, { role, volumeName, folders }: Once): Exec {
  const { user, workspace } = spec
  const { client } = dialect
  const guard = {
    unless: [...client, 'volume', 'inspect', volumeName] as const,
    undo: [...client, 'volume', 'rm', volumeName] as const,
  }
  if (dialect.ownsVolumes || user.uid === 0)
    return exec(
      [
        ...client,
        'volume',
        'create',
        `--label=paude.role=${role}`,
        volumeLabel(dialect, 'paude.workspace', workspace),
        volumeName,
      ],
      guard,
    )
  return exec(
    [
      ...client,
      'run',
      '--rm',
      ...labels(spec, 'helper'),
      '--pull=never',
      ...dialect.always,
      '--network=none',
      ...hardeningFlags(filterOf(dialect, spec), HARDENED),
      ...levelFlags(spec),
      '--cap-add=CHOWN',
      '--user=0:0',
      ...HELPER_LIMITS,
      '--no-healthcheck',
      '--workdir=/',
      // Without what the image has in that place.
      `${labelledVolume(volumeName, FRESH_HOME, { 'paude.role': role, 'paude.workspace': workspace })},volume-nocopy`,
      ...handingOver(spec),
      'own',
      String(user.uid),
      String(user.gid),
      FRESH_HOME,
      ...folders.map((path) => join(FRESH_HOME, path)),
    ],
    guard,
  )
}

/** The program that hands it over: over there the proxy's image has it before the session's files are there. */
const handingOver = (spec: SessionSpec): readonly string[] =>
  isFar(spec)
    ? ['--entrypoint=/usr/lib/paude/init', spec.proxyImage]
    : [bind(initOf(spec), INIT, true), `--entrypoint=${INIT}`, spec.image]

/** Where a volume is while it is handed over. */
const FRESH_HOME = '/paude/home'

function makeAgent(dialect: Dialect, spec: SessionSpec): Exec {
  const { agent } = parts(spec.id)
  const { flags, env } = environmentFlags(spec)
  return exec(
    [
      ...dialect.client,
      'create',
      `--name=${agent}`,
      ...(spec.once ? ['--rm'] : []),
      ...labels(spec, 'agent'),
      '--pull=never',
      ...dialect.always,
      ...hardeningFlags(filterOf(dialect, spec), spec.security),
      ...levelFlags(spec),
      ...dialect.user(spec),
      ...limitFlags(spec),
      // It would run in the box before the wall is proven.
      '--no-healthcheck',
      ...ociOf(spec).extraFlags,
      ...networkFlags(spec),
      `--stop-timeout=${spec.grace}`,
      ...(spec.terminal ? ['--tty'] : []),
      ...(spec.stdin ? ['--interactive'] : []),
      '--tmpfs=/tmp:rw,exec,nosuid,nodev,size=2g,mode=1777',
      '--tmpfs=/run:rw,noexec,nosuid,nodev,size=16m,mode=1777',
      sharedMemory(ociOf(spec).sharedMemory),
      ...mountFlags(dialect, spec),
      `--workdir=${spec.directory}`,
      ...flags,
      ...(spec.unlogged ? ['--log-driver=none'] : dialect.log),
      `--entrypoint=${INIT}`,
      spec.image,
      ...initWords(spec),
      '/bin/sh',
      '/paude/seed/entry.sh',
    ],
    { undo: [...dialect.client, ...dialect.removal, agent], env },
  )
}

/** What an engine is told of a session; another kind never gets here. */
function ociOf({ own }: SessionSpec): OwnOf<'oci'> {
  if (own.kind === 'oci') return own
  throw new Error(`a session of ${own.kind} on an engine`)
}

/** The wall around the agent: loopback alone, without a route, a resolver or a neighbour. A new mode does not compile until it is handled here. */
function networkFlags({ network }: SessionSpec): readonly string[] {
  switch (network.mode) {
    case 'open':
      return ['--hostname=paude']
    case 'none':
    case 'record':
    case 'ask':
    case 'restricted':
      return ['--network=none', '--hostname=paude']
  }
}

function mountFlags(dialect: Dialect, spec: SessionSpec): readonly string[] {
  const place = folderOf(spec)
  const seed = join(place, 'seed')
  const copies = copiesOf(spec)
  return [
    ...(spec.homeVolume === ''
      ? [`--tmpfs=${spec.user.home}:rw,exec,nosuid,nodev,size=256m,mode=1777`]
      : [volume(spec.homeVolume, spec.user.home)]),
    ...(spec.workspaces ? ['--tmpfs=/workspaces:rw,noexec,nosuid,nodev,size=64k,mode=1777'] : []),
    ...workspaceMount(dialect, spec),
    ...mountsOf(spec).map(({ source, target, readOnly }) => bind(source, target, readOnly)),
    ...copies.flatMap(({ source, target }, n) => [bind(source, target, false), bind(source, copyAt(n), false)]),
    ...(copies.length === 0 ? [] : [bind(join(dirname(spec.init), 'bin'), BIN, true)]),
    ...shadowsOf(spec).flatMap(({ source, target }, n) => [bind(source, target, false), bind(source, shadowAt(n), false)]),
    ...spec.overlays.flatMap(({ path, volume: name }, n) => [overlay(dialect, name, path), overlay(dialect, name, overlayAt(n))]),
    ...mountedStandIns(spec.standIns).map(({ kind, target }) => bind(standInSource(spec.folder, kind), target, true)),
    ...spec.hidden.map((path) => nothing(dialect, path)),
    bind(initOf(spec), INIT, true),
    bind(seed, '/paude/seed', true),
    ...importedFlags(dialect, spec),
    // What comes there by a program of the box is written by its user.
    ...(takesUploads(spec) ? [bind(join(place, UPLOADS), UPLOADS_AT, !dialect.elsewhere)] : []),
    // File by file: a folder could be filled with links, pipes and what cannot be removed.
    ...outOf(spec).map((name) => bind(join(place, 'out', name), `/paude/out/${name}`, false)),
    bind(join(seed, 'passwd'), '/etc/passwd', true),
    bind(join(seed, 'group'), '/etc/group', true),
    ...Object.entries(spec.system).map(([place, name]) => bind(join(seed, name), place, true)),
    // The engine copies the host's resolver addresses in; the box has none and needs to know none.
    // Nor the names and addresses of the host, which podman copies in from its /etc/hosts.
    ...(spec.network.mode === 'open'
      ? []
      : [bind(join(seed, 'resolv.conf'), '/etc/resolv.conf', true), bind(join(seed, 'hosts'), '/etc/hosts', true)]),
    ...(spec.network.mode === 'none' ? [] : [linkMount(dialect, spec, true)]),
  ]
}
