import { join } from 'node:path'
import type { Handle } from '../../box/handle.ts'
import { handleOfSpec } from '../../box/handle.ts'
import { LINK } from '../../box/lay-out.ts'
import { FILLED, type SessionSpec } from '../../box/spec.ts'
import { takesUploads, UPLOADS, UPLOADS_AT } from '../../box/uploads.ts'
import type { WorkspaceVolume } from '../../box/workspace-volume.ts'
import { PaudeError } from '../../errors.ts'
import { type Argv, exec, folder, guard, type Plan, together, write } from '../../plan/plan.ts'
import type { Secret } from '../../secret.ts'
import type { Volumes } from '../backend.ts'
import { environmentFlags } from '../environment-flags.ts'
import { INIT, initWords } from '../first-program.ts'
import { parentsInHome } from '../home-folders.ts'
import { bind, CONFINED, HELPER, labelFlags, labels, limitFlags, NO_NETWORK, SMALL, socket, tmpfs, volume } from './flags.ts'
import { container, EXIT, parts } from './names.ts'

/**
 * The proxy first: its sockets must be there when the box is made. The box has no network; the sockets are carried to it. Its first program
 * starts no program of the agent's before its canaries have spoken.
 */
export function makePlan(spec: SessionSpec, rescue: Plan | undefined): Plan {
  refuseUnkept(spec)
  const { network } = spec
  const hasProxy = network.mode !== 'none'
  const kept: Plan = [folder(join(spec.folder, 'out')), write(join(spec.folder, 'out', EXIT), '')]
  const lanes: readonly Plan[] = [
    [...home(spec), ...workspace(spec)],
    ...(hasProxy ? [[runProxy(spec), ...served(handleOfSpec(spec), network.credential)]] : []),
  ].filter((lane) => lane.length > 0)
  return [
    ...kept,
    // `run` and `create` would ask a registry for an image that is missing, even one on this machine.
    together([[exec(container('image', 'inspect', ...imagesOf(spec)))]], { rescue }),
    ...(lanes.length === 0 ? [] : [together(lanes)]),
    makeAgent(spec),
  ]
}

const imagesOf = ({ image, proxyImage, network }: SessionSpec): readonly string[] =>
  network.mode === 'none' ? [image] : [image, proxyImage]

/** What no flag of this engine says. */
function refuseUnkept({ network, unlogged, folder: place }: SessionSpec): void {
  if (network.mode !== 'none' && network.policy.ways.ip !== 'any')
    throw new PaudeError('unsupported', 'apple cannot keep the proxy to IPv4', { hint: 'leave network.ip out' })
  if (unlogged)
    throw new PaudeError('unsupported', 'apple keeps what a sandbox prints, so paude prints no secret there', {
      hint: 'choose another backend: paude backends',
    })
  const [longest = ''] = Object.values(sockets(place)).toSorted((one, other) => other.length - one.length)
  if (network.mode !== 'none' && longest.length > MOST_OF_A_SOCKET)
    throw new PaudeError('unsupported', `the path of a socket is too long for macOS: ${longest}`, {
      hint: 'set XDG_STATE_HOME to a folder with a shorter path',
    })
}

/** Characters of a socket's path. */
const MOST_OF_A_SOCKET = 103

/** Where sockets of the proxy come out on this machine. */
const sockets = (place: string) => ({
  proxy: join(place, LINK, 'proxy.sock'),
  receipt: join(place, LINK, 'receipt.sock'),
  'base-url': join(place, LINK, 'base-url.sock'),
})

/** Files that a box needs of its proxy. A pipe or a socket in a shared folder would not lead from one virtual machine to the other. */
const BROUGHT = ['gateway', 'ca-bundle.pem', 'ca-extra.pem'] as const

/** The same as a box sees them. */
export const BROUGHT_IN: readonly string[] = BROUGHT.map((name) => `/paude/link/${name}`)

/** What it is given besides, and writes to. */
export const WRITABLE: readonly string[] = [
  ...Object.keys(sockets('')).map((name) => `/paude/link/${name}.sock`),
  `/paude/out/${EXIT}`,
]

/** No read-only root: the sockets must lie in the image's own tree, where the engine finds them. Its user can write only to their folder. */
function runProxy(spec: SessionSpec) {
  const { proxy } = parts(spec.id)
  return exec(
    container(
      'run',
      '--detach',
      '--progress=none',
      `--name=${proxy}`,
      ...labels(spec, 'proxy'),
      '--cap-drop=ALL',
      '--user=13:13',
      ...SMALL,
      tmpfs('/tmp', 16),
      tmpfs('/run', 16),
      bind(join(spec.folder, 'policy'), '/paude/policy', true),
      ...Object.entries(sockets(spec.folder)).map(([name, path]) => `--publish-socket=${path}:/paude/link/${name}.sock`),
      '--env=PAUDE_VM=1',
      spec.proxyImage,
      '/usr/lib/paude/proxy',
    ),
    { undo: container('delete', '--force', proxy) },
  )
}

/** Gives the proxy its credential, and waits for what a box needs of it. */
function served({ id, folder: place }: Pick<Handle, 'id' | 'folder'>, credential: Secret | null): Plan {
  const { proxy } = parts(id)
  const log = container('logs', proxy)
  return [
    ...(credential === null
      ? []
      : [exec(container('exec', '--interactive', proxy, '/usr/lib/paude/secret'), { stdin: credential, log })]),
    {
      kind: 'until',
      // It listens once the certificates are written.
      ask: container('exec', proxy, '/usr/bin/bash', '-c', '[[ -S /paude/link/receipt.sock ]] && echo ready'),
      ready: '^ready$',
      log,
      title: 'the proxy listens',
      every: 0.2,
      most: 30,
    },
    ...BROUGHT.map((name) => exec(container('copy', `${proxy}:/paude/link/${name}`, join(place, LINK, name)), { log })),
  ]
}

/** Starts the proxy of a stopped session. Sockets that it left would be taken for somebody else's, and its certificates are new. */
export function wakeProxy(box: Handle, credential: Secret | null): Plan {
  if (box.link === 'none') return []
  const { proxy } = parts(box.id)
  const stale = [...Object.values(sockets(box.folder)), ...BROUGHT.map((name) => join(box.folder, LINK, name))]
  return [
    exec(['rm', '-f', '--', ...stale]),
    exec(container('start', proxy), { undo: container('stop', '--time=0', proxy) }),
    ...served(box, credential),
  ]
}

/** A volume is made once, and handed over by the box's own first program: a fresh one belongs to root. */
function home(spec: SessionSpec): Plan {
  const name = spec.homeVolume
  if (name === '') return []
  return [
    guard(container('volume', 'inspect', name), [
      makeVolume(name, { role: 'home', workspace: spec.workspace }),
      handOver(spec, { name, folders: parentsInHome(spec) }),
    ]),
  ]
}

const makeVolume = (name: string, facts: Readonly<Record<string, string>>) =>
  exec(container('volume', 'create', ...labelFlags(facts), name), { undo: container('volume', 'delete', name) })

/** Where a volume is while it is handed over. */
const FRESH = '/paude/fresh'

/** A fresh file system has a folder of its own, which git would find in a workspace. */
const HAND_OVER = `rmdir ${FRESH}/lost+found 2>/dev/null; exec ${INIT} own "$@"`

const handOver = (spec: SessionSpec, { name, folders }: { readonly name: string; readonly folders: readonly string[] }) =>
  exec(
    container(
      ...HELPER,
      ...labels(spec, 'helper'),
      ...CONFINED,
      '--cap-add=CHOWN',
      '--user=0:0',
      ...SMALL,
      '--workdir=/',
      volume(name, FRESH),
      bindInit(spec),
      '--entrypoint=/bin/sh',
      spec.image,
      ...['-c', HAND_OVER, 'sh', String(spec.user.uid), String(spec.user.gid), FRESH],
      ...folders.map((path) => join(FRESH, path)),
    ),
  )

/** Beside it lies nothing but git for boxes, which any box may see. */
const bindInit = ({ init }: SessionSpec): string => bind(init, INIT, true)

function workspace(spec: SessionSpec): Plan {
  const { transport, id, created } = spec
  if (transport.kind !== 'volume' || transport.kept) return []
  const { fill, volume: kept } = transport
  const name = `${id}-fill`
  return [
    makeVolume(kept.name, { id, role: 'workspace', created, workspace: spec.workspace }),
    handOver(spec, { name: kept.name, folders: [] }),
    ...(fill === null
      ? []
      : [
          {
            kind: 'pipe' as const,
            from: fill.from,
            to: inHelper(spec, kept, { script: fill.script, words: fill.words, stdin: true, writes: true, name }),
            printed: join(spec.folder, FILLED),
            undo: container('delete', '--force', name),
          },
        ]),
  ]
}

const inHelper = (
  { id }: Pick<Handle, 'id'>,
  { name, root, image, uid, gid }: WorkspaceVolume,
  { script, words, stdin, writes, name: helper }: Parameters<Volumes['run']>[2],
): Argv =>
  container(
    ...HELPER,
    ...(stdin ? ['--interactive'] : []),
    ...labelFlags({ id, role: 'helper' }),
    ...(helper === undefined ? [] : [`--name=${helper}`]),
    ...CONFINED,
    `--user=${uid}:${gid}`,
    ...['--cpus=2', '--memory=2048M'],
    tmpfs('/tmp', 512),
    volume(name, root, !writes),
    `--workdir=${root}`,
    ...['--env=HOME=/tmp', '--env=LC_ALL=C', '--env=GIT_CONFIG_NOSYSTEM=1', '--env=GIT_CONFIG_COUNT=1'],
    ...['--env=GIT_CONFIG_KEY_0=safe.directory', '--env=GIT_CONFIG_VALUE_0=*'],
    ...['--entrypoint=/bin/sh', image, '-c', script, 'sh', ...words],
  )

/** A volume is in one running container at a time: a session that runs uses its own. */
export const volumes: Volumes = {
  run: (box, kept, how) => inHelper(box, kept, how),
  end: (name) => container('delete', '--force', name),
}

function makeAgent(spec: SessionSpec) {
  const { agent } = parts(spec.id)
  const { flags, env } = environmentFlags(spec)
  return exec(
    container(
      'create',
      `--name=${agent}`,
      ...(spec.once ? ['--rm'] : []),
      ...labels(spec, 'agent'),
      ...NO_NETWORK,
      '--cap-drop=ALL',
      ...(spec.security.readOnlyRoot ? ['--read-only'] : []),
      `--user=${spec.user.uid}:${spec.user.gid}`,
      ...limitFlags(spec),
      ...(spec.terminal ? ['--tty'] : []),
      ...(spec.stdin ? ['--interactive'] : []),
      tmpfs('/tmp', 2048),
      tmpfs('/run', 16),
      ...mountFlags(spec),
      `--workdir=${spec.directory}`,
      ...flags,
      `--entrypoint=${INIT}`,
      spec.image,
      // The engine has no flag for it.
      ...(spec.security.noNewPrivileges ? ['--no-new-privileges'] : []),
      ...initWords(spec),
      '/bin/sh',
      '/paude/seed/entry.sh',
    ),
    { undo: container('delete', '--force', agent), env },
  )
}

function mountFlags(spec: SessionSpec): readonly string[] {
  const { transport, folder: place } = spec
  const seed = join(place, 'seed')
  return [
    spec.homeVolume === '' ? tmpfs(spec.user.home, 256) : volume(spec.homeVolume, spec.user.home),
    ...(spec.workspaces ? [tmpfs('/workspaces', 1)] : []),
    ...(transport.kind === 'volume' ? [volume(transport.volume.name, transport.volume.root)] : []),
    bindInit(spec),
    bind(seed, '/paude/seed', true),
    ...(spec.imported === null ? [] : [bind(spec.imported.store, '/paude/imported', true)]),
    ...(takesUploads(spec) ? [bind(join(place, UPLOADS), UPLOADS_AT, true)] : []),
    // File by file: a folder could be filled with links, pipes and what cannot be removed.
    ...[...spec.out, EXIT].map((name) => bind(join(place, 'out', name), `/paude/out/${name}`, false)),
    bind(join(seed, 'passwd'), '/etc/passwd', true),
    bind(join(seed, 'group'), '/etc/group', true),
    ...Object.entries(spec.system).map(([target, name]) => bind(join(seed, name), target, true)),
    bind(join(seed, 'resolv.conf'), '/etc/resolv.conf', true),
    bind(join(seed, 'hosts'), '/etc/hosts', true),
    ...(spec.network.mode === 'none' ? [] : linkFlags(spec)),
  ]
}

/** Socket by socket and file by file, in place of the folder in which box and proxy meet elsewhere. */
const linkFlags = (spec: SessionSpec): readonly string[] => {
  const base = initWords(spec).includes('--base-url')
  return [
    ...Object.entries(sockets(spec.folder))
      .filter(([name]) => name !== 'base-url' || base)
      .map(([name, path]) => socket(path, `/paude/link/${name}.sock`)),
    ...BROUGHT.map((name) => bind(join(spec.folder, LINK, name), `/paude/link/${name}`, true)),
  ]
}
