import { expect, test } from 'bun:test'
import type { Can } from '../../src/box/can.ts'
import { refusals, type Wished } from '../../src/box/refusals.ts'
import { HARDENED } from '../../src/box/security.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { cases } from '../support/specs.ts'

const ALL: Can = {
  isolation: 'container',
  networks: ['none', 'open', 'restricted', 'record'],
  transports: ['bind', 'volume', 'host'],
  mounts: 'files and folders',
  limits: ['cpus', 'memory', 'pids'],
  hardening: ['readOnlyRoot', 'noNewPrivileges', 'seccomp'],
  hostPorts: true,
  sharedHome: true,
}
/** This machine itself, as a terminal multiplexer would have it. */
const HOST: Can = {
  isolation: 'none',
  networks: ['open'],
  transports: ['host'],
  mounts: 'none',
  limits: [],
  hardening: [],
  hostPorts: true,
  sharedHome: true,
}
/** A cluster: the project comes by a volume, and no place of this machine is there. */
const CLUSTER: Can = {
  ...ALL,
  isolation: 'pod',
  transports: ['volume'],
  mounts: 'none',
  limits: ['cpus', 'memory'],
  hostPorts: false,
}
/** A virtual machine that mounts folders. */
const MACHINE: Can = { ...ALL, isolation: 'vm', mounts: 'folders', hardening: ['readOnlyRoot'], hostPorts: false }

const spec = (name: string): Wished => cases[name]?.spec ?? never()
const RELAXED = { readOnlyRoot: false, noNewPrivileges: false, seccomp: 'off' } as const
const UNLIMITED = { cpus: 0, memory: 0, pids: 0 }
const bare: Wished = {
  network: spec('network-open').network,
  transport: { kind: 'host' },
  mounts: [],
  overlays: [],
  limits: UNLIMITED,
  security: RELAXED,
}
const inVolume: Wished = { ...bare, network: spec('plain').network, transport: spec('clone').transport }
/** A session whose provider listens on this machine, which no entry of the allowlist names. */
function atMachine(): Wished['network'] {
  const { network } = spec('plain')
  if (network.mode === 'none') return never()
  const provider = {
    host: HOST_NAME,
    port: 8080,
    scheme: 'http',
    way: 'bump',
    header: 'X-Api-Key',
    lead: '',
    prefix: '',
    api: '/v1',
  } as const
  return { ...network, policy: { ...network.policy, allow: [], injections: [provider] } }
}
const mount = (file: boolean) => ({ source: '/srv/data', target: '/data', readOnly: true, file })

const table: readonly (readonly [what: string, can: Can, wished: Wished, refused: readonly (string | RegExp)[]])[] = [
  ['everything, of what can do everything', ALL, spec('mounts'), []],
  ['a bare start on this machine', HOST, bare, []],
  ['a wall on this machine', HOST, { ...bare, network: spec('plain').network }, ['cannot enforce an allowlist']],
  [
    'recording on this machine',
    HOST,
    { ...bare, network: { ...spec('plain').network, mode: 'record' } as Wished['network'] },
    ['cannot enforce an allowlist'],
  ],
  ['no network on this machine', HOST, { ...bare, network: { mode: 'none' } }, ['cannot run a session without a network']],
  ['an open network where none is', { ...ALL, networks: ['none'] }, bare, ['cannot run a session with an open network']],
  [
    'a project that is mounted, in a cluster',
    CLUSTER,
    { ...inVolume, transport: spec('plain').transport },
    ['cannot mount your folder'],
  ],
  ['a project in a volume, in a cluster', CLUSTER, inVolume, []],
  ['a project on this machine, in a container', { ...ALL, transports: ['bind'] }, bare, ['cannot provide the project by host']],
  ['a mount in a cluster', CLUSTER, { ...inVolume, mounts: [mount(false)] }, [/^cannot mount \/srv\/data: it mounts nothing/]],
  [
    'an overlay in a cluster',
    CLUSTER,
    { ...inVolume, overlays: [{ path: '/w/node_modules', volume: 'v' }] },
    ['cannot give the sandbox a volume for /w/node_modules: the folder is not mounted'],
  ],
  ['a folder in a virtual machine', MACHINE, { ...inVolume, mounts: [mount(false)] }, []],
  [
    'a file in a virtual machine',
    MACHINE,
    { ...inVolume, mounts: [mount(true)] },
    [/^cannot mount \/srv\/data: it mounts only folders/],
  ],
  [
    'a provider on this machine, in a cluster',
    CLUSTER,
    { ...inVolume, network: atMachine() },
    [/^cannot reach ports of this machine/],
  ],
  [
    'a port of this machine, in a cluster',
    CLUSTER,
    { ...inVolume, network: spec('host-port').network },
    [/^cannot reach ports of this machine/],
  ],
  [
    'processes in a cluster',
    CLUSTER,
    { ...inVolume, limits: { cpus: 2, memory: 64, pids: 4096 } },
    ['cannot limit the number of processes'],
  ],
  [
    'all limits on this machine',
    HOST,
    { ...bare, limits: { cpus: 2, memory: 64, pids: 16 } },
    ['cannot limit the cores', 'cannot limit the memory', 'cannot limit the number of processes'],
  ],
  ['hardening on this machine', HOST, { ...bare, security: HARDENED }, [/read_only_root/, /no_new_privileges/, /seccomp/]],
  [
    'our filter in a virtual machine',
    MACHINE,
    { ...inVolume, security: { ...HARDENED, noNewPrivileges: false } },
    ['cannot harden a sandbox with seccomp'],
  ],
  ['whatever filter it has itself', MACHINE, { ...inVolume, security: { ...RELAXED, seccomp: 'engine' } }, []],
]

test.each(table)('%s', (_, can, wished, refused) => {
  const found = refusals(can, wished)
  expect(found.length).toBe(refused.length)
  for (const [at, words] of refused.entries()) {
    if (typeof words === 'string') expect(found[at]?.message).toBe(words)
    else expect(found[at]?.message).toMatch(words)
    expect(found[at]?.hint).not.toBe('')
  }
})

test('the way out that a hint names is one that the backend has', () => {
  const asking: Wished = { ...inVolume, network: { ...spec('plain').network, mode: 'ask' } as Wished['network'] }
  const hints = (networks: Can['networks']) =>
    refusals({ ...CLUSTER, networks }, asking).map(({ message, hint }) => `${message}; ${hint}`)
  expect(hints(['none', 'restricted', 'record'])).toEqual([
    'cannot ask you while a request waits; use --network restricted: paude network watch shows what is blocked, and allows it by one key',
  ])
  for (const networks of [['none', 'restricted'], ['none'], []] as const) expect(hints(networks).join()).not.toContain('open')
  expect(hints(['open']).join()).toContain('--network open')
})

test('what is to be changed where this machine cannot be reached is the entry, or the address of the provider', () => {
  const hint = (network: Wished['network']) => refusals(CLUSTER, { ...inVolume, network })[0]?.hint ?? ''
  expect(hint(spec('host-port').network)).toContain('network.allow')
  expect(hint(atMachine())).toContain('provider.base_url')
})

function never(): never {
  throw new Error('no such case')
}
