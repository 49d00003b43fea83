import { HOST_NAME } from '../network/names.ts'
import type { Can } from './can.ts'
import { switches } from './security.ts'
import type { Limits, Security, SessionSpec } from './spec.ts'

/** What a backend cannot keep of a wish: the end of a sentence that begins with its name, and what to do. */
export type Refusal = {
  readonly message: string
  readonly hint: string
  /** What the hint would give up. */
  readonly of?: keyof Limits | keyof Security
}

export type Wished = Pick<SessionSpec, 'network' | 'transport' | 'mounts' | 'overlays' | 'limits' | 'security'>

/**
 * Pure: everything of a wish that a backend cannot keep. A limit or a switch that nobody asked for is given up aloud before
 * (`session/resolve/lowered.ts`).
 */
export const refusals = (can: Can, wished: Wished): readonly Refusal[] => [
  ...ofNetwork(can, wished),
  ...ofTransport(can, wished),
  ...ofMounts(can, wished),
  ...ofPlaces(can, wished),
  ...ofLimits(can, wished),
  ...ofHardening(can, wished),
]

function ofNetwork({ networks, hostPorts }: Can, { network }: Wished): readonly Refusal[] {
  const { mode } = network
  if (!networks.includes(mode))
    return [
      mode === 'open'
        ? { message: 'cannot run a session with an open network', hint: 'leave --network open out' }
        : { message: WITHOUT[mode], hint: networkHint(networks, mode) },
    ]
  if (mode === 'none' || hostPorts) return []
  const reaches = (places: readonly { readonly host: string }[]) => places.some(({ host }) => host === HOST_NAME)
  const message = `cannot reach ports of this machine: ${HOST_NAME}`
  // A provider here is allowed by itself: no entry could be taken out.
  if (reaches(network.policy.injections))
    return [{ message, hint: 'choose another provider.base_url, or a backend that reaches this machine' }]
  return reaches(network.policy.allow) ? [{ message, hint: 'remove that entry from network.allow' }] : []
}

const WITHOUT = {
  none: 'cannot run a session without a network',
  restricted: 'cannot enforce an allowlist',
  record: 'cannot enforce an allowlist',
  ask: 'cannot ask you while a request waits',
} as const

/** What is named is something that the backend has. */
function networkHint(networks: Can['networks'], mode: keyof typeof WITHOUT): string {
  if (mode === 'ask' && networks.includes('restricted'))
    return 'use --network restricted: paude network watch shows what is blocked, and allows it by one key'
  const narrow = (['restricted', 'none'] as const).find((one) => networks.includes(one))
  if (narrow !== undefined) return `use --network ${narrow}, or choose another backend`
  return networks.includes('open')
    ? 'choose a backend that can, or use --network open to run without an allowlist'
    : 'choose a backend that can'
}

const ofTransport = ({ transports }: Can, { transport }: Wished): readonly Refusal[] =>
  transports.includes(transport.kind)
    ? []
    : [
        {
          message: transport.kind === 'bind' ? 'cannot mount your folder' : `cannot provide the project by ${transport.kind}`,
          hint: transports.includes('volume')
            ? 'use --workspace clone, or --workspace none for an empty folder'
            : 'choose another backend',
        },
      ]

const ofMounts = (can: Can, { mounts }: Wished): readonly Refusal[] =>
  mounts
    .filter(({ file }) => can.mounts === 'none' || (can.mounts === 'folders' && file))
    .map(({ source, file }) => ({
      message: `cannot mount ${source}: it mounts ${can.mounts === 'none' ? 'nothing of this machine' : 'only folders'}`,
      hint: file && can.mounts === 'folders' ? 'mount its folder instead' : 'leave the mount out, or choose another backend',
    }))

/** What needs a place of this machine besides the mounts that were asked for. */
const ofPlaces = ({ mounts }: Can, { overlays }: Wished): readonly Refusal[] =>
  mounts !== 'none'
    ? []
    : [
        ...overlays.map(({ path }) => ({
          message: `cannot give the sandbox a volume for ${path}: the folder is not mounted`,
          hint: 'leave --overlay and workspace.overlay out',
        })),
      ]

const ofLimits = ({ limits: known }: Can, { limits }: Wished): readonly Refusal[] =>
  (Object.keys(limits) as readonly (keyof Limits)[])
    .filter((name) => limits[name] > 0 && !known.includes(name))
    .map((name) => ({ message: `cannot limit ${NAMES[name]}`, hint: `use --${name} none`, of: name }))

const NAMES = { cpus: 'the cores', memory: 'the memory', pids: 'the number of processes' } as const

const ofHardening = ({ hardening }: Can, { security }: Wished): readonly Refusal[] =>
  switches
    // `engine` asks for what the backend has, whatever that is.
    .filter((name) => security[name] === true || security[name] === 'default')
    .filter((name) => !hardening.includes(name))
    .map((name) => ({
      message: `cannot harden a sandbox with ${KEYS[name]}`,
      hint: `set security.${KEYS[name]} = ${GIVEN_UP[name]}`,
      of: name,
    }))

const KEYS = { readOnlyRoot: 'read_only_root', noNewPrivileges: 'no_new_privileges', seccomp: 'seccomp' } as const
const GIVEN_UP = { readOnlyRoot: 'false', noNewPrivileges: 'false', seccomp: '"engine"' } as const
