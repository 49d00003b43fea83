import { join } from 'node:path'
import type { Policy } from '../network/allow.ts'
import type { Argv, CopyTree, Gather } from '../plan/plan.ts'
import type { Secret } from '../secret.ts'
import type { Cluster } from './cluster.ts'
import type { RemotePlace } from './remote.ts'
import { SHADOWS, type StandIn } from './stand-ins.ts'
import type { WorkspaceVolume } from './workspace-volume.ts'

/** What is to run, in full: absolute paths, nothing left to decide. */
export type SessionSpec = {
  /** `paude-` and six random characters. */
  readonly id: string
  /** The user's name for it; '' when none was given. */
  readonly name: string
  readonly agent: string
  /** Version of paude that made it. */
  readonly version: string
  /** ISO time. */
  readonly created: string
  /** References; present, or made by the rescue of the start. */
  readonly image: string
  readonly proxyImage: string
  /** File of this machine that is the first program of the box. */
  readonly init: string
  /** Project root on the host, mounted at the same path. */
  readonly workspace: string
  /** Working directory, at or below the workspace. */
  readonly directory: string
  readonly user: { readonly uid: number; readonly gid: number; readonly home: string }
  /** What root of the box must be outside, which its first program makes sure of; null where the box has the caller's own uid. */
  readonly rootIs: number | null
  /** How the project gets in. */
  readonly transport: Transport
  /** Further places of this machine that the user asked for. */
  readonly mounts: readonly (Mount & { readonly file: boolean })[]
  /** What is mounted read-only where the box could plant something, or reach something. */
  readonly standIns: readonly StandIn[]
  /** Folders of the project in whose place the box has volumes. */
  readonly overlays: readonly Overlay[]
  /** Folders of the project in whose place the box sees an empty one. */
  readonly hidden: readonly string[]
  /** Whether there is a /workspaces for names that lead to the project: the root cannot be written to. */
  readonly workspaces: boolean
  /** Named volume that is the agent's HOME, kept per project; '' for a HOME that goes with the box. */
  readonly homeVolume: string
  readonly environment: Readonly<Record<string, string>>
  /** Set by the user with --env: may be secret, so never in argv. */
  readonly secretEnvironment: Readonly<Record<string, Secret>>
  readonly network: Network
  readonly limits: Limits
  readonly security: Security
  /** What its backend alone is told. */
  readonly own: Own
  /** A one-shot command: the engine removes the box when it ends. */
  readonly once: boolean
  /** What it prints is a secret, so the engine keeps none of it. */
  readonly unlogged?: true
  readonly terminal: boolean
  /** Whether the box gets a stdin at all. */
  readonly stdin: boolean
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number
  /** Folder of the session on the host. */
  readonly folder: string
  /** Files of seed/, by name. */
  readonly seed: Readonly<Record<string, string>>
  /** Places of the box besides where a file of seed/ is, read-only: place to name. */
  readonly system: Readonly<Record<string, string>>
  /** Brings the copy of the user's own set-up of the agent up to date, which the box sees read-only; null where it has none. */
  readonly imported: Gather | null
  /** Files of out/ that the box may write: nothing but their content is the box's. */
  readonly out: readonly string[]
  /** Text of the file that names the paude which removes it at its end; '' for a session in the background. */
  readonly owner: string
  /** Text of the file that says how the project looked; what was in its files may be secret. */
  readonly kept: Secret
  /** Text of session.json. */
  readonly record: string
}

export type Mount = { readonly source: string; readonly target: string; readonly readOnly: boolean }

/** A folder of the project, at the same path in the box, and the volume that is there in its place. */
export type Overlay = { readonly path: string; readonly volume: string }

/** Where a box has the nth of them besides, so that it can see that the one is the other. */
export const overlayAt = (n: number): string => `/paude/overlays/${n}`

/** How the project gets into the box and back. The guards, which keep what this machine may act on read-only, belong to `bind` alone. */
export type Transport =
  /** The project itself at its own path, with its guards behind it. */
  | {
      readonly kind: 'bind'
      readonly mounts: readonly Mount[]
      readonly copies: readonly Copy[]
      readonly shadows: readonly Shadow[]
    }
  /** A clone in a volume of the session, or an empty volume; what comes back is looked at first. */
  | {
      readonly kind: 'volume'
      readonly volume: WorkspaceVolume
      readonly fill: Fill | null
      /** The volume is there, with what the session has in it. */
      readonly kept?: true
    }
  /** The agent runs on this machine, where the project is. */
  | { readonly kind: 'host' }

/** How the volume of a clone is filled: what a program of this machine prints goes to a script where the volume is. */
export type Fill = {
  readonly from: Argv
  readonly script: string
  readonly words: readonly string[]
  /** Folder of the session in which that program leaves the packs for an engine that shares this machine's files; '' where they go through the stream. */
  readonly packs: string
}

/** Folder of a session with the packs of its clone, while that is filled. */
export const PACKS = 'packs'

/** File of a session's folder with what filling its clone printed. No box reaches it. */
export const FILLED = 'filled'

/** A file of the project in whose place the box has a copy that it may write; the file itself stays as it is. */
export type Copy = { readonly target: string; readonly content: Secret }

/** The copies of a box, each with the file of this machine that is mounted in its place. */
export const copiesOf = ({ transport, folder }: Pick<SessionSpec, 'transport' | 'folder'>) =>
  transport.kind === 'bind' ? transport.copies.map((copy, n) => ({ ...copy, source: copyFile(folder, n) })) : []

/** Files of the project in whose place the box has copies. */
export const copiedOf = (transport: Transport): readonly string[] =>
  transport.kind === 'bind' ? transport.copies.map(({ target }) => target) : []

/** A file or folder of the project in whose place the box writes to a copy, what that begins with, and whether nothing was there. */
export type Shadow = { readonly target: string; readonly leaves: CopyTree['leaves']; readonly isMissing: boolean }

/** The shadows of a box, each with the place of this machine that is mounted. */
export const shadowsOf = ({ transport, folder }: Pick<SessionSpec, 'transport' | 'folder'>) =>
  transport.kind === 'bind' ? transport.shadows.map((shadow, n) => ({ ...shadow, source: shadowPlace(folder, n) })) : []

/** Files and folders of the project that are shadowed. */
export const shadowedOf = (transport: Transport): readonly string[] =>
  transport.kind === 'bind' ? transport.shadows.map(({ target }) => target) : []

/** The nth shadow; `.was` after it is how it began. */
export const shadowPlace = (folder: string, n: number): string => join(folder, SHADOWS, String(n))

/** Where a box has the nth shadow besides its place in the project, so that it can see that the one is the other. */
export const shadowAt = (n: number): string => `/paude/shadows/${n}`

/** Folder of a session's folder with its copies. */
export const COPIES = 'copies'

/** The nth copy; `.was` after it is its content at the start. */
export const copyFile = (folder: string, n: number): string => join(folder, COPIES, String(n))

/** Where a box has the nth copy besides its place in the project, so that it can see that the one is the other. */
export const copyAt = (n: number): string => `/paude/copies/${n}`

/** All places of this machine that a box sees, in the order in which they are mounted. */
export const mountsOf = ({ transport, mounts }: Pick<SessionSpec, 'transport' | 'mounts'>): readonly Mount[] => [
  ...(transport.kind === 'bind' ? transport.mounts : []),
  ...mounts,
]

/**
 * What one kind of backend alone is told, from its section of the configuration and from this machine. By kind and not by name, since
 * several backends may be told the same and a box knows no names of backends; each backend makes its own (`Backend.own`).
 */
export type Own =
  | OciOwn
  | {
      readonly kind: 'kubernetes'
      readonly cluster: Cluster
      /** Of whom it is, where sessions of others are beside it: a label; '' for nobody. */
      readonly owner: string
      /** The proxy is a pod of its own. */
      readonly link: 'service'
      readonly selinux: boolean
    }
  | {
      readonly kind: 'apple'
      /** Sockets lie in a folder of the session, and are carried between the virtual machines. */
      readonly link: 'folder'
      readonly selinux: boolean
    }
  /** The agent runs on this machine itself; `program` is what keeps its terminal. */
  | { readonly kind: 'host'; readonly program: string; readonly link: 'none'; readonly selinux: boolean }

/** The same of one kind. */
export type OwnOf<Kind extends Own['kind']> = Extract<Own, { readonly kind: Kind }>

type OciOwn = {
  readonly kind: 'oci'
  /** Further flags of the agent's box; checked when they were read. */
  readonly extraFlags: readonly string[]
  /** Bytes of the agent's /dev/shm. */
  readonly sharedMemory: number
  /** Where box and proxy meet: a folder of the session, or a volume where the engine runs on a virtual machine. */
  readonly link: 'folder' | 'volume'
  /** Whether this machine has SELinux, which keeps containers of different levels apart. */
  readonly selinux: boolean
  /** Where the engine is, on another machine. */
  readonly remote?: RemotePlace | undefined
}

/** `open` has no wall but keeps proxy, log and credentials outside; `none` has only loopback and no proxy. */
export type Network =
  | { readonly mode: 'none' }
  | {
      readonly mode: 'open' | 'restricted' | 'ask' | 'record'
      readonly policy: Policy
      /** Path below the policy folder to content. */
      readonly policyFiles: Readonly<Record<string, string>>
      readonly credential: Secret | null
    }

/** What of the hardening of the agent's box holds. Capabilities, user and wall are no part of it: they always do. */
export type Security = {
  readonly readOnlyRoot: boolean
  readonly noNewPrivileges: boolean
  /** The filter of system calls: `default` is paude's, `engine` the one that the engine gives every box. */
  readonly seccomp: 'default' | 'engine' | 'off'
}

export type Limits = {
  /** Cores; 0 means no limit. */
  readonly cpus: number
  /** Bytes; 0 means no limit. */
  readonly memory: number
  /** Processes; 0 means no limit. */
  readonly pids: number
}
