import { sessionLabels } from '../../box/labels.ts'
import type { Security, SessionSpec } from '../../box/spec.ts'
import type { Host } from '../../host.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Helper, Inside } from '../backend.ts'

/** A mark that one engine mounts. */
export const BRINGS: Inside['brings'] = { variables: [], mounts: ['/run/.containerenv'] }

export type OciName = 'docker' | 'podman'

/** What differs in spelling between docker and podman. Everything else is shared. */
export type Dialect = {
  readonly name: OciName
  /** The program that is called, and the words that say where its engine is. */
  readonly client: Argv
  /** Whether that engine is on another machine, which sees nothing of this one. */
  readonly elsewhere: boolean
  /** Whether the client sends what is in the file of a filter; else the engine reads it, each time that it makes a container. */
  readonly sendsFilter: boolean
  /** Flags every container of ours gets on this engine only. */
  readonly always: readonly string[]
  /** Flags that make the caller's uid the owner of what the agent writes. */
  readonly user: (spec: SessionSpec) => readonly string[]
  /** Flags only the proxy gets: the one part that has a way out. */
  readonly proxy: (spec: SessionSpec) => readonly string[]
  /** Flags that let the proxy's user be one of the caller's own, where the engine has user namespaces. */
  readonly helperUser: (spec: SessionSpec) => readonly string[]
  /** Log settings: bounded, and readable by `logs`. */
  readonly log: readonly string[]
  /** Gives the proxy a name for the user's own machine. */
  readonly hostName: readonly string[]
  /** Why a proxy does not reach that machine; '' where it does. */
  readonly apart: (host: Host) => string
  /** Whether a fresh volume belongs to the container's user at once. */
  readonly ownsVolumes: boolean
  /** Whether --mount can label a volume that it makes. */
  readonly labelsMounts: boolean
  /** Whether `volume create --label` reads a comma-separated list. */
  readonly splitsLabels: boolean
  /** Flags of `start --attach` that keep signals of the terminal from the agent: a closed one must not end it. */
  readonly keepSignals: readonly string[]
  /** The client's own detach keys, where the holder's shall be the only ones. */
  readonly detachKeys: string
  /** Flags by which `cp` copies what a link leads to. */
  readonly followsLinks: readonly string[]
  /** Words that remove containers however they depend on each other. */
  readonly removal: readonly string[]
  /** What a tmpfs needs to show nothing of what lies below it. */
  readonly hides: '' | ',notmpcopyup'
  /** Flags of every build. No --pull: a base that exists only on this machine must do. */
  readonly build: readonly string[]
  /** Flags of a container in which an image is looked into as a session's user would see it. */
  readonly probe: (uid: number) => readonly string[]
}

/** The engine's own builder. */
export const builder = ({ client, build }: Dialect): Argv => [...client, 'build', ...build]

/**
 * The hardening of a container: the proxy always has all of it, the agent what its session does not give up. Capabilities are never given
 * back: with them it could make a network of its own. `filter` is the file of the one for system calls, '' for the engine's own.
 */
export function hardeningFlags(filter: string, { readOnlyRoot, noNewPrivileges, seccomp }: Security): readonly string[] {
  const filters = {
    // It is read when the container is made: a start again needs it no more.
    default: filter === '' ? [] : [`--security-opt=seccomp=${filter}`],
    engine: [],
    off: ['--security-opt=seccomp=unconfined'],
  } as const
  // A new switch does not compile until it is handled here.
  const flags: Readonly<Record<keyof Security, readonly string[]>> = {
    noNewPrivileges: noNewPrivileges ? ['--security-opt=no-new-privileges'] : [],
    readOnlyRoot: readOnlyRoot ? ['--read-only'] : [],
    seccomp: filters[seccomp],
  }
  return ['--cap-drop=ALL', ...Object.values(flags).flat()]
}

/**
 * Shared memory that can be written to: podman 5 makes its own read-only with --read-only-tmpfs=false, and squid, browsers and
 * Python's multiprocessing end without it. On every engine it takes the place of what --shm-size sizes. `size` in bytes.
 */
export const sharedMemory = (size: number): string => `--tmpfs=/dev/shm:rw,noexec,nosuid,nodev,size=${size},mode=1777`

/** One field of an engine's comma-separated --mount value. */
const field = (key: string, value: string): string =>
  /[",\n]/.test(value) ? `"${key}=${value.replaceAll('"', '""')}"` : `${key}=${value}`

/** A host folder or file. --mount and not --volume: it fails on a missing source and takes colons. */
export const bind = (source: string, target: string, readOnly: boolean): string =>
  `--mount=type=bind,${field('src', source)},${field('dst', target)}${readOnly ? ',ro' : ''}`

/** An empty folder in the place of what is there. */
export const nothing = ({ hides }: Dialect, target: string): string =>
  `--mount=type=tmpfs,${field('dst', target)},tmpfs-size=65536,tmpfs-mode=0555,ro${hides}`

// `ro`: podman 4 does not know `readonly` on a volume.
export const volume = (name: string, target: string, readOnly = false): string =>
  `--mount=type=volume,src=${name},${field('dst', target)}${readOnly ? ',ro' : ''}`

/** A volume that is made with labels when it is not there yet (docker only). */
export const labelledVolume = (name: string, target: string, facts: Readonly<Record<string, string>>): string =>
  [volume(name, target), ...Object.entries(facts).map(([key, value]) => field('volume-label', `${key}=${value}`))].join(',')

/** Label of a volume that is made by itself. */
export const volumeLabel = ({ splitsLabels }: Dialect, key: string, value: string): string =>
  `--label=${splitsLabels ? field(key, value) : `${key}=${value}`}`

/** Labels from which a lost session folder is told again, as flags. */
export const labels = (spec: SessionSpec, role: 'agent' | 'proxy' | 'helper'): readonly string[] =>
  Object.entries(sessionLabels(spec, role)).map(([key, value]) => `--label=paude.${key}=${value}`)

/** What each container of ours may take but the box: where an engine cannot keep these, there is no proxy either. */
export const HELPER_LIMITS: readonly string[] = ['--pids-limit=64', '--memory=256m']

/** By these labels orphans are found. */
export const helperFlags = ({ container, created }: Helper): readonly string[] => [
  `--name=${container}`,
  `--label=paude.id=${container}`,
  '--label=paude.role=helper',
  `--label=paude.created=${created}`,
]

export function limitFlags({ limits: { cpus, memory, pids } }: SessionSpec): readonly string[] {
  return [
    ...(cpus > 0 ? [`--cpus=${cpus}`] : []),
    // Swap equal to memory: the limit is the limit.
    ...(memory > 0 ? [`--memory=${memory}`, `--memory-swap=${memory}`] : []),
    // Left out, it would be the engine's own default.
    `--pids-limit=${pids > 0 ? pids : -1}`,
  ]
}
