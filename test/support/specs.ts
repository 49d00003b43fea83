import { type Backend, need } from '../../src/backends/backend.ts'
import type { BackendName } from '../../src/backends/names.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import { refusals } from '../../src/box/refusals.ts'
import { HARDENED } from '../../src/box/security.ts'
import type { Mount, Network, Own, SessionSpec, Transport } from '../../src/box/spec.ts'
import { usualProvider } from '../../src/credentials/providers.ts'
import type { Policy } from '../../src/network/allow.ts'
import { DIRECT } from '../../src/network/ways.ts'
import { exec, folder, type Plan } from '../../src/plan/plan.ts'
import { secret } from '../../src/secret.ts'
import { execPlan } from '../../src/session/life/command.ts'
import { attachPlan, removePlan, resumePlan, type StartOptions } from '../../src/session/life/plans.ts'

/** What no plan, script, log or state may ever show. */
export const SECRETS = { credential: 'sk-ant-api03-REAL-credential-value', variable: 'hunter2-REAL-variable-value' } as const

const policy: Policy = {
  session: 'paude-bcd234',
  mode: 'restricted',
  allow: [{ host: 'api.anthropic.com', ports: [443], privateRange: '', why: "Claude's model provider" }],
  deny: [],
  ports: [80, 443],
  ways: DIRECT,
  injections: [],
}
const walled = {
  mode: 'restricted',
  policy,
  policyFiles: { '0123456789ab/squid.conf': 'acl allowed dstdomain api.anthropic.com\n', stages: '0 0123456789ab\n' },
  credential: null,
} as const satisfies Network

const OWN: Own = { kind: 'oci', extraFlags: [], sharedMemory: 64 * 1024 ** 2, link: 'folder', selinux: false }
const bound = (mounts: readonly Mount[]): Transport => ({ kind: 'bind', mounts, copies: [], shadows: [] })

const VOLUME = {
  name: 'paude-bcd234-workspace',
  root: '/home/ada/engine',
  image: 'localhost/paude/claude:1',
  uid: 1000,
  gid: 1000,
  selinux: false,
}

/** A conversation on a terminal behind the wall, of an ordinary user in an ordinary folder. */
const plain: SessionSpec = {
  id: 'paude-bcd234',
  name: '',
  agent: 'claude',
  version: '0.1.0',
  created: '2026-01-02T03:04:05.000Z',
  image: 'localhost/paude/claude:1',
  proxyImage: 'localhost/paude/proxy:1',
  init: '/home/ada/.local/state/paude/kit/docker-0123456789ab/init',
  workspace: '/home/ada/engine',
  directory: '/home/ada/engine',
  user: { uid: 1000, gid: 1000, home: '/home/ada' },
  rootIs: null,
  transport: bound([{ source: '/home/ada/engine', target: '/home/ada/engine', readOnly: false }]),
  mounts: [],
  standIns: [],
  overlays: [],
  hidden: [],
  workspaces: false,
  homeVolume: 'paude-home-claude-0123456789abcdef',
  environment: { HOME: '/home/ada' },
  secretEnvironment: {},
  network: walled,
  limits: { cpus: 0, memory: 0, pids: 4096 },
  security: HARDENED,
  own: OWN,
  once: false,
  owner: '',
  terminal: true,
  stdin: true,
  grace: 10,
  folder: '/home/ada/.local/state/paude/sessions/paude-bcd234',
  seed: {
    'entry.sh': '#!/bin/sh\n. /paude/seed/command.sh\nexec "$@"\n',
    'command.sh': 'set -- claude\n',
    passwd: 'agent:x:1000:1000:agent:/home/ada:/bin/bash\n',
    group: 'agent:x:1000:\n',
    'resolv.conf': '',
    hosts: '127.0.0.1 localhost paude\n::1 localhost\n',
    'managed-settings.json': '{}\n',
    'hook.sh': '# appends to /paude/out/events\n',
    'CLAUDE.md': 'This session runs in a container of paude.\n',
  },
  system: {
    '/etc/claude-code/managed-settings.json': 'managed-settings.json',
    '/etc/claude-code/CLAUDE.md': 'CLAUDE.md',
  },
  imported: null,
  out: ['conversation', 'events'],
  kept: secret(SECRETS.variable),
  record: '{ "v": 1, "id": "paude-bcd234" }\n',
}

/** Every delimiter that an engine, a shell or a mount flag gives a meaning to. */
const NASTY = `/home/ada/-a,b "c" d's:e`

export type StartCase = { readonly spec: SessionSpec; readonly options: StartOptions }
const attached = (spec: SessionSpec, options: Partial<StartCase['options']> = {}): StartCase => ({
  spec,
  options: { attached: true, ...options },
})

/** One plain session, and what is different about the others. */
export const cases: Readonly<Record<string, StartCase>> = {
  plain: attached(plain),
  detached: attached(plain, { attached: false }),
  'network-none': attached({ ...plain, network: { mode: 'none' }, environment: { HOME: '/home/ada' } }),
  'network-open': attached({ ...plain, network: { ...walled, mode: 'open', policy: { ...policy, mode: 'open' } } }),
  'network-ask': attached({ ...plain, network: { ...walled, mode: 'ask', policy: { ...policy, mode: 'ask' } } }),
  credential: attached({ ...plain, network: { ...walled, credential: secret(SECRETS.credential) } }),
  'base-url': attached({
    ...plain,
    network: {
      ...walled,
      policy: {
        ...policy,
        injections: [
          {
            host: 'api.anthropic.com',
            port: 443,
            scheme: 'https',
            way: 'base-url',
            header: 'X-Api-Key',
            prefix: '',
            lead: '',
            api: usualProvider.api,
          },
        ],
      },
      credential: secret(SECRETS.credential),
    },
  }),
  'host-port': attached({
    ...plain,
    network: {
      ...walled,
      policy: { ...policy, allow: [{ host: 'host.paude.internal', ports: [3000], privateRange: '', why: 'asked for' }] },
    },
  }),
  ipv4: attached({ ...plain, network: { ...walled, policy: { ...policy, ways: { ...DIRECT, ip: 'ipv4' } } } }),
  mounts: attached({
    ...plain,
    transport: bound([
      { source: '/home/ada/engine', target: '/home/ada/engine', readOnly: false },
      { source: '/home/ada/engine/.git/hooks', target: '/home/ada/engine/.git/hooks', readOnly: true },
    ]),
    mounts: [
      { source: '/srv/data', target: '/data', readOnly: true, file: false },
      { source: '/srv/cache', target: '/cache', readOnly: false, file: false },
    ],
  }),
  'nasty-path': attached({
    ...plain,
    workspace: NASTY,
    directory: `${NASTY}/sub`,
    transport: bound([{ source: NASTY, target: NASTY, readOnly: false }]),
  }),
  'rootless-docker': attached({ ...plain, user: { uid: 0, gid: 0, home: '/home/ada' }, rootIs: 1000 }),
  root: attached({ ...plain, user: { uid: 0, gid: 0, home: '/root' } }),
  limits: attached({ ...plain, limits: { cpus: 1.5, memory: 2 * 1024 ** 3, pids: 256 } }),
  'limits-none': attached({ ...plain, limits: { cpus: 0, memory: 0, pids: 0 } }),
  weakened: attached({ ...plain, security: { readOnlyRoot: false, noNewPrivileges: false, seccomp: 'off' } }),
  worktree: attached({
    ...plain,
    workspace: '/home/ada/engine-fix',
    directory: '/home/ada/engine-fix',
    transport: {
      kind: 'bind',
      mounts: [
        { source: '/home/ada/engine-fix', target: '/home/ada/engine-fix', readOnly: false },
        { source: '/home/ada/engine/.git', target: '/home/ada/engine/.git', readOnly: false },
        { source: '/home/ada/engine/.git/hooks', target: '/home/ada/engine/.git/hooks', readOnly: true },
      ],
      // An address may bear a password.
      shadows: [],
      copies: [{ target: '/home/ada/engine/.git/config', content: secret(SECRETS.variable) }],
    },
    standIns: [
      { kind: 'commondir', path: '/home/ada/engine/.git/commondir', target: '/home/ada/engine/.git/commondir' },
      { kind: 'socket', path: '/home/ada/engine-fix/tmp/listener', target: '/home/ada/engine-fix/tmp/listener' },
    ],
  }),
  overlay: attached({
    ...plain,
    overlays: [{ path: '/home/ada/engine/node_modules', volume: 'paude-overlay-0123456789abcdef' }],
    standIns: [{ kind: 'overlay', path: '/home/ada/engine/node_modules', target: '/home/ada/engine/node_modules' }],
  }),
  shadows: attached({
    ...plain,
    transport: {
      kind: 'bind',
      mounts: [{ source: '/home/ada/engine', target: '/home/ada/engine', readOnly: false }],
      copies: [],
      shadows: [
        {
          target: '/home/ada/engine/CLAUDE.md',
          isMissing: false,
          leaves: [{ path: '', kind: 'file', mode: 0o644, content: secret(SECRETS.variable) }],
        },
        {
          target: '/home/ada/engine/.claude',
          isMissing: true,
          leaves: [{ path: '', kind: 'folder', mode: 0o755, content: secret('') }],
        },
      ],
    },
    standIns: [{ kind: 'shadow', path: '/home/ada/engine/.claude', target: '/home/ada/engine/.claude' }],
  }),
  clone: attached(
    {
      ...plain,
      transport: {
        kind: 'volume',
        volume: VOLUME,
        fill: {
          from: ['env', '-i', '/bin/sh', '-c', 'tar -cf - packs'],
          script: 'tar -xf -\n',
          words: ['/home/ada/engine', 'paude/bcd234'],
          packs: `${plain.folder}/packs`,
        },
      },
    },
    { store: [folder('/home/ada/.cache/paude/clones/0123456789abcdef')] },
  ),
  'secret-env': attached({ ...plain, secretEnvironment: { TOKEN: secret(SECRETS.variable) } }),
  'run-once': attached(
    {
      ...plain,
      agent: 'command',
      homeVolume: '',
      network: { mode: 'none' },
      environment: { HOME: '/home/ada' },
      once: true,
      owner: '4711 815\npid:[4026531836]\n',
      out: [],
      terminal: false,
      stdin: false,
      seed: Object.fromEntries([
        ...Object.entries(plain.seed).filter(([name]) => name !== 'hook.sh'),
        ['command.sh', "set -- sh -c 'make test'\n"],
      ]),
    },
    { timeout: 60 },
  ),
  'run-on-a-terminal': attached({
    ...plain,
    agent: 'command',
    homeVolume: '',
    network: { mode: 'none' },
    environment: { HOME: '/home/ada', TERM: 'xterm-256color' },
    out: [],
    seed: { ...plain.seed, 'command.sh': 'set -- bash\n' },
  }),
  piped: attached({ ...plain, terminal: false, seed: { ...plain.seed, 'command.sh': "set -- claude -p 'explain this'\n" } }),
  'piped-detached': attached(
    {
      ...plain,
      terminal: false,
      stdin: false,
      out: ['conversation', 'events', 'stdout', 'stderr'],
      seed: { ...plain.seed, 'command.sh': "set -- claude -p 'explain this'\n" },
    },
    { attached: false },
  ),
  workspaces: attached({ ...plain, workspaces: true }),
  'home-forced': attached({ ...plain, hidden: ['/home/ada/engine/.local/state/paude'] }),
  'virtual-machine': attached({ ...plain, own: { ...OWN, link: 'volume' } }),
  rescue: attached(plain, { rescue: [exec(['make-image', '--for=paude'], { title: 'building the image' })] }),
}

/** On an engine nothing is read of its place. */
const session = { ...handleOfSpec(plain), cluster: { context: 'team', namespace: 'paude' } }
const lonely = { ...session, link: 'none' } as const
const older = { ...session, link: 'gate' } as const
const headless = { ...session, terminal: false }

/** What a backend refuses when its plan is made, which `can` does not tell. */
const UNKEPT: Readonly<Partial<Record<BackendName, readonly string[]>>> = { apple: ['ipv4', 'nasty-path'] }

/** Cases that a backend does not refuse. */
export const startsOf = (backend: Pick<Backend, 'can' | 'name'>): Readonly<Record<string, StartCase>> =>
  Object.fromEntries(
    Object.entries(cases)
      .map(([name, one]) => [name, { ...one, spec: fitted(backend, one.spec) }] as const)
      .filter(([name, { spec }]) => refusals(backend.can, spec).length === 0 && !UNKEPT[backend.name]?.includes(name)),
  )

/** What a start would make of the same wish on a backend that mounts no folder and lacks some of the defaults. */
function fitted({ can, name }: Pick<Backend, 'can' | 'name'>, spec: SessionSpec): SessionSpec {
  if (can.isolation === 'none') return unboxed(spec)
  if (can.mounts !== 'none') return spec
  const { transport, limits, security } = spec
  return {
    ...spec,
    init: name === 'kubernetes' ? '' : spec.init,
    transport:
      transport.kind === 'bind' && transport.mounts.length === 1 && transport.shadows.length === 0
        ? { kind: 'volume', volume: { ...VOLUME, root: spec.workspace }, fill: null }
        : transport,
    limits: can.limits.includes('pids') || limits.pids !== plain.limits.pids ? limits : { ...limits, pids: 0 },
    security: security.seccomp === 'default' ? { ...security, seccomp: 'engine' } : security,
    own: name === 'kubernetes' ? CLUSTER_OWN : { kind: 'apple', link: 'folder', selinux: false },
  }
}

/** The same wish where there is no box, as far as it can be one there; the others are refused. */
function unboxed(spec: SessionSpec): SessionSpec {
  const { network, limits, security, transport, homeVolume } = spec
  const isUsual = transport.kind === 'bind' && transport.mounts.length === 1 && transport.shadows.length === 0
  return {
    ...spec,
    network: network === walled ? { ...walled, mode: 'open', policy: { ...policy, mode: 'open' } } : network,
    limits: limits === plain.limits ? { ...limits, pids: 0 } : limits,
    security: security === HARDENED ? { readOnlyRoot: false, noNewPrivileges: false, seccomp: 'off' } : security,
    transport: isUsual ? { kind: 'host' } : transport,
    homeVolume: homeVolume === plain.homeVolume ? '' : homeVolume,
    own: { kind: 'host', program: '/usr/bin/zellij', link: 'none', selinux: false },
  }
}

const CLUSTER_OWN: Own = {
  kind: 'kubernetes',
  owner: '0123456789abcdef',
  link: 'service',
  selinux: false,
  cluster: {
    context: 'team',
    namespace: 'paude',
    pullSecrets: [],
    storageClass: '',
    homeSize: '5Gi',
    workspaceSize: '10Gi',
    requests: {},
    limits: {},
    nodeSelector: {},
    tolerations: [],
    runtimeClass: '',
    labels: {},
    annotations: {},
    serviceAccount: '',
    egressCidrs: [],
    podPatch: [],
  },
}

/** Plans of sessions that exist already, as far as the backend can do that. */
export function laterOf(backend: Backend): Readonly<Record<string, Plan>> {
  const { terminal, inside, wall } = backend
  const lacking = [
    ...(terminal === null
      ? ['resume', 'resume-attached', 'resume-network-none', 'resume-older', 'attach']
      : terminal.rejoin === null
        ? ['attach']
        : []),
    ...(wall === null ? ['change-policy'] : []),
    ...(inside === null ? ['exec', 'exec-piped'] : []),
  ]
  return Object.fromEntries(
    Object.entries(later).flatMap(([name, plan]) => (lacking.includes(name) ? [] : [[name, plan(backend)]])),
  )
}

const later: Readonly<Record<string, (backend: Backend) => Plan>> = {
  resume: (backend) => resumePlan(backend, session, { attached: false, credential: null }),
  'resume-attached': (backend) => resumePlan(backend, session, { attached: true, credential: secret(SECRETS.credential) }),
  'resume-network-none': (backend) => resumePlan(backend, lonely, { attached: false, credential: null }),
  attach: (backend) => attachPlan(backend, session),
  'change-policy': (backend) =>
    need(backend, 'wall').change(session, {
      stages: '0 0123456789ab\n1800000000 ba9876543210\n',
      files: { '0123456789ab/squid.conf': 'acl allowed dstdomain api.anthropic.com\n' },
    }),
  stop: ({ life }) => life.stop(session, 10),
  'stop-older': ({ life }) => life.stop(older, 10),
  'remove-older': (backend) => removePlan(backend, older, { home: false }),
  'resume-older': (backend) => resumePlan(backend, older, { attached: false, credential: null }),
  'stop-network-none': ({ life }) => life.stop(lonely, 0),
  remove: (backend) => removePlan(backend, session, { home: false }),
  'remove-volumes': (backend) => removePlan(backend, session, { home: true }),
  'remove-network-none': (backend) => removePlan(backend, lonely, { home: false }),
  exec: (backend) => execPlan(backend, session, ['sh', '-c', "echo it's"], { terminal: true, stdin: true }),
  'exec-piped': (backend) => execPlan(backend, headless, ['cat', '-n'], { terminal: false, stdin: true }),
}
