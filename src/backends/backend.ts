import type { Can } from '../box/can.ts'
import type { Handle, Listed, Part, State, Usage } from '../box/handle.ts'
import { type Remote, titleOf } from '../box/remote.ts'
import type { Own, SessionSpec } from '../box/spec.ts'
import type { WorkspaceVolume } from '../box/workspace-volume.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { ImageBuilding } from '../image/build.ts'
import type { ListedImage, Stage } from '../image/listed.ts'
import type { Metadata } from '../image/metadata.ts'
import type { RecipeBuilding } from '../image/project-build.ts'
import type { Argv, Gather, Plan } from '../plan/plan.ts'
import type { Query } from '../plan/query.ts'
import type { Way } from '../plan/way.ts'
import type { Secret } from '../secret.ts'
import type { Check } from './check.ts'
import type { BackendSettings } from './keys.ts'
import type { BackendName } from './names.ts'

/**
 * One way to run a box: what it can promise, and an object for each thing it does; null is a plain no. Pure: these functions return
 * plans, words and queries, and what they have to know of the machine is handed in.
 */
export type Backend = {
  readonly name: BackendName
  /** Where it is, for an engine on another machine. */
  readonly remote: Remote | null
  /** The program that is called; found in PATH. */
  readonly program: string
  /** Scripts of its own call it, with /bin/sh: what fails there is the backend's to explain. */
  readonly scripted?: true
  readonly can: Can
  /** What it alone is told of a start, from its own section of the configuration, and of this machine. */
  readonly own: (settings: BackendSettings, host: Host) => Own
  /** Who in a box is the caller outside, and owns what the caller owns. */
  readonly user: (host: Host) => { readonly uid: number; readonly gid: number }
  readonly life: Life
  readonly files: Files
  readonly inventory: Inventory
  readonly health: Health
  readonly terminal: Terminal | null
  readonly inside: Inside | null
  readonly ports: Ports | null
  readonly wall: Wall | null
  readonly images: Images | null
  /** Where it finds an image of paude's own that an engine of this machine makes and pushes; '' where it is there already, and for a backend with images of its own. */
  readonly published: (settings: BackendSettings, reference: string) => string
  readonly volumes: Volumes | null
}

/** From nothing to a box, and back. `session/life/plans.ts` composes a start of it. */
export type Life = {
  /** Everything but the agent's first breath. `rescue` brings images about that turn out to be missing. */
  readonly make: (spec: SessionSpec, rescue: Plan | undefined) => Plan
  /** Starts the agent of a made or stopped box by itself. */
  readonly begin: (box: Handle) => Plan
  /** What a stopped box needs before its agent; the secret is the proxy's. */
  readonly wake: (box: Handle, secret: Secret | null) => Plan
  readonly stop: (box: Handle, graceSeconds: number) => Plan
  /** File of the session's folder from which `wake` makes the agent anew, also when nothing but its workspace is there. null: the stopped box is kept. */
  readonly anew: string | null
  /** Takes away everything the box consists of but its HOME; never fails because a part is gone. */
  readonly remove: (box: Handle) => Plan
  /** Prints a line for each part but HOME that is still there; nothing, with exit code 0, once all are gone. */
  readonly remains: (box: Handle) => Argv
  /** Removes HOME volumes, where `box` is; fails while a session uses one. */
  readonly removeHomes: (box: Pick<Handle, 'cluster'>, volumes: readonly string[]) => Plan
  /** INT is the agent's; KILL ends all at once; TERM ends it within ten seconds, however it takes that; CONT does nothing, but fails until the box runs. */
  readonly signal: (box: Handle, signal: 'INT' | 'TERM' | 'CONT' | 'KILL') => Argv
  /** Keeps all programs of a running box from going on, and lets them; KILL ends such a box, too. null: it can only be stopped. */
  readonly pause: { readonly on: (box: Handle) => Argv; readonly off: (box: Handle) => Argv } | null
  readonly state: (box: Handle) => Query<State>
  /** Lasts until the agent ends, and prints its exit code. null: the state is asked again and again. */
  readonly wait: ((box: Handle) => Argv) | null
  /** What the agent has printed: of a time and its last lines where these are given. */
  readonly logs: (
    box: Handle,
    how: { readonly follow: boolean; readonly since?: string; readonly tail?: number | undefined },
  ) => Argv
}

/** The agent's streams: its terminal, or stdin and stdout where it has none. */
export type Terminal = {
  /** Whether `open` starts the agent, so that its first bytes are not lost; else `life.begin` goes before it. */
  readonly begins: boolean
  readonly open: (box: Handle, streams: { readonly stdin: boolean }) => Argv
  /** Whether what goes to streams that are no terminal is kept as well, for `life.logs`. */
  readonly keeps: boolean
  /** Joins a running agent. null: a client that was lost cannot be replaced. */
  readonly rejoin: ((box: Handle) => Argv) | null
}

export type Inside = {
  /** Runs a further program in a running box; `folder` is '' for wherever the part is. */
  readonly exec: (
    box: Handle,
    words: readonly string[],
    how: {
      readonly part: 'agent' | 'proxy'
      readonly terminal: boolean
      readonly stdin: boolean
      readonly folder: string
      /** Flags of `variableFlags`; none where `variables` is `by-file`. */
      readonly variables?: readonly string[]
    },
  ) => Argv
  /** How further variables get to such a program: by the client's flags and environment, or by a file in the box. */
  readonly variables: 'by-client' | 'by-file'
  /** Pattern of what its client says on stderr behind the last word of a program that failed; null for nothing. */
  readonly noise: string | null
  /** Where the backend itself mounts something in a box, and variables that it sets there. The self-test expects them. */
  readonly brings: {
    readonly mounts: readonly string[]
    /** The ones of these that may be written. */
    readonly writable?: readonly string[]
    readonly variables: readonly string[]
  }
}

/** How a port of the box's loopback comes to this machine. A backend that listens by itself becomes another kind. */
export type Ports = {
  readonly kind: 'relay'
  /** A program whose stdin and stdout are one connection; `name` is what it is ended by. */
  readonly relay: (box: Handle, to: { readonly port: number; readonly name: string }) => Argv
  /** Ends all relays of a name when its own stdin ends, however that comes. */
  readonly leash: (box: Handle, name: string) => Argv
}

/**
 * How seed, policy and out/ get from the session's folder to the box and back. `carried`: the backend sends what the spec says and a policy
 * later, and nothing that a box writes lies on this machine. `here`: there is no box, so the backend lays out what it needs.
 */
export type Files = {
  readonly way: 'mounted' | 'carried' | 'here'
  /**
   * Prints a file or folder of a box that does not run as a tar stream, whose one root is its name; in one that runs its own programs do it.
   * null: nothing is reached there. There is no way in: podman 4 also writes over what the box has read-only, the project's guards among it.
   */
  readonly outAtRest: ((box: Handle, path: string) => Argv) | null
  /** Brings a copy of the user's own set-up into a box whose agent has not begun. null: it is mounted. */
  readonly bring: ((box: Handle, copy: Pick<Gather, 'store' | 'name'>) => Plan) | null
}

/** The box talks to its own loopback; what stands behind that is the backend's. */
export type Wall = {
  /** Has the proxy take up a policy that lies in its folder, or refuse it; `stages` as `stageLines` writes them. `files` are all of it, for a proxy that mounts no folder. */
  readonly change: (box: Handle, policy: { readonly stages: string; readonly files: Readonly<Record<string, string>> }) => Plan
  /** Has the proxy of a running box put other credentials in the place of these, counted from 0: a line each. null: it keeps those of the start. */
  readonly renew: ((box: Handle, places: readonly number[], values: Secret) => Plan) | null
  /** Keeps it where the next start finds it, where that is not the session's folder. */
  readonly keep: (box: Handle, files: Readonly<Record<string, string>>) => Plan
  /** A program that tells the proxy with each line of its stdin for how many seconds somebody is there to answer. null: a file of its folder does. */
  readonly there: ((box: Handle) => Argv) | null
  /** The proxy's log: first what the canaries of the box found, then its requests. */
  readonly requests: (box: Handle, how: { readonly follow: boolean }) => Argv
  /** What stands where a proxy of this image would: prints its hosts file, and ends when its own stdin ends. null: no proxy reaches this machine. */
  readonly neighbour: ((image: string) => Argv) | null
  /** Names under which a hosts file has the address at which a proxy reaches this machine, the best first. */
  readonly thisMachine: readonly string[]
  /** Why no proxy of this user's engine reaches this machine, whatever its hosts file says; '' where it does. No engine is asked. */
  readonly apart: (host: Host) => string
  /** A server where the proxies are, for the self-test. null: it listens on this machine. */
  readonly beside: Beside | null
}

/** A program that listens for the proxies of other sessions, as a part of one that runs: it goes with that one. */
export type Beside = {
  readonly serve: (spec: SessionSpec, program: { readonly words: readonly string[]; readonly ports: readonly number[] }) => Plan
  /** Lets the proxy of another session get there, by its id, as far as its allowlist does. */
  readonly admit: (box: Handle, session: string) => Plan
  /** Its own address, and those that its names lead to. */
  readonly addresses: (box: Handle) => Query<{ readonly own: string; readonly names: readonly string[] }>
  /** Its two names for a proxy whose resolver looks in these domains: all ports of a provider's host are the provider's. */
  readonly hosts: (box: Handle, domains: readonly string[]) => readonly [server: string, provider: string]
  /** What it has printed. */
  readonly printed: (box: Handle) => Argv
  /** A port of another session's proxy that answers its own agent, and one of every proxy that answers everybody whom no policy keeps away. */
  readonly ports: { readonly neighbour: number; readonly own: number }
  /** Variables of a box with the place of what governs all boxes, which no box may reach. */
  readonly governor: { readonly address: string; readonly port: string }
}

export type Images = {
  /** The image's id; fails when it is not there. */
  readonly id: (reference: string) => Query<string>
  /** Succeeds when the image is there. */
  readonly has: (reference: string) => Argv
  readonly inspect: (reference: string) => Query<Metadata>
  /** What paude built, newest first. */
  readonly list: Query<readonly ListedImage[]>
  /** Left behind by paude's own builds. */
  readonly stages: Query<readonly Stage[]>
  /** Names and ids of the images that containers of anybody have, running or not. */
  readonly used: Query<ReadonlySet<string>>
  readonly pull: (reference: string) => Plan
  readonly build: (building: ImageBuilding) => Plan
  /** Takes the first program of every box out of an image of the proxy, into a folder of this machine that belongs to `user`. */
  readonly init: (
    reference: string,
    to: { readonly folder: string; readonly user: { readonly uid: number; readonly gid: number } },
  ) => Plan
  /** The image of a project's own recipe. */
  readonly make: (building: RecipeBuilding) => Plan
  /** Pushes an image under another name; without a failure it has that name here too. */
  readonly push: (reference: string, as: string) => Plan
  /** Without force: one that a container needs stays. */
  readonly remove: (reference: string) => Argv
  /** Prints what a shell script says in an image. */
  readonly run: (reference: string, script: string, as: Helper) => Argv
  /** The same with a session's hardening; prints what `readProbe` reads. */
  readonly probe: (
    reference: string,
    who: { readonly uid: number; readonly gid: number; readonly agent: string },
    as: Helper,
  ) => Argv
}

/** Workspaces that are volumes. */
export type Volumes = {
  /**
   * Runs a shell script where the volume of a session is, without network and without its box, in a container that is gone afterwards.
   * Without `writes` nothing of the volume can change.
   */
  readonly run: (
    box: Pick<Handle, 'id' | 'folder' | 'cluster' | 'remote'>,
    volume: WorkspaceVolume,
    how: {
      readonly script: string
      readonly words: readonly string[]
      readonly stdin?: true
      readonly writes?: true
      /** Of the container, for `end`. */
      readonly name?: string
    },
  ) => Argv
  /** Ends and removes that container: it outlives the client that is killed. */
  readonly end: (name: string) => Argv
}

/** A container without a session, which is an orphan when it is left behind: its name, and the moment as ISO time. */
export type Helper = { readonly container: string; readonly created: string }

/** Everything that bears our label, whoever started it: on this machine's engine, or where the known sessions are, which `boxes` reads. */
export type Inventory = {
  readonly sessions: (boxes: () => readonly Handle[]) => readonly Query<readonly Listed[]>[]
  readonly parts: (boxes: () => readonly Pick<Handle, 'cluster'>[]) => readonly Query<readonly Part[]>[]
  readonly volumes: (boxes: () => readonly Handle[]) => readonly Query<readonly Part[]>[]
  /** What each of these running boxes uses now. null: it does not tell. */
  readonly usage: ((boxes: readonly Pick<Handle, 'id'>[]) => Query<readonly Usage[]>) | null
  /** Which of these ended boxes reached their limit of memory; fails when one is gone. null: its list tells that. */
  readonly outOfMemory: ((boxes: readonly Pick<Handle, 'id'>[]) => Query<readonly string[]>) | null
  /** Prints all that the backend would tell of a session and its parts: no secret may be in it. */
  readonly told: (box: Handle) => readonly Argv[]
  /** `mark`: nothing is removed but what bears it, since nothing else says whose it is. */
  readonly removeParts: (
    parts: readonly (Pick<Part, 'kind' | 'reference' | 'shared'> & { readonly mark?: string | undefined })[],
  ) => Plan
}

/** Whether it can be used, and what to do when it cannot. */
export type Health = {
  /** Versions that paude is tested with, the oldest first: what is older is refused, and what is newer is told by `doctor`. */
  readonly tested: readonly [oldest: string, ...newer: string[]]
  /** Its tests only ever ran against a program that imitates it. */
  readonly imitated?: true
  /** Where its releases say what they fixed: a table of our own would age inside the binary. */
  readonly fixes: string
  /** Why this machine can never run it, as the end of a sentence; '' where it can. */
  readonly unfit: (host: Host) => string
  /** Where its client would find another engine of this machine than the one that it looks for, as a sentence; '' for nowhere. */
  readonly others?: (host: Host) => string
  /** Where it is reached, besides its program: what a start looks at before it starts a process. */
  readonly reach: (host: Host) => Reach
  /** Variables that say which of several is meant: a service at login gets them from the one who sets it up. */
  readonly variables: readonly string[]
  readonly version: (settings: BackendSettings) => Query<Engine>
  /** The same in a fraction of the time, perhaps without `runtime`. */
  readonly brief: (host: Host, settings: BackendSettings) => Query<Engine>
  /** What a start has to know of another machine; null for an engine that is here. */
  readonly far: Query<Far> | null
  /** How the calls of one command share a connection to that machine; without it each one connects by itself. */
  readonly way?: (host: Pick<Host, 'env'>) => Way | null
  /** null for one that runs its boxes on a machine that nobody here looks after. */
  readonly info: Query<EngineInfo> | null
  /** Further questions whose answers are checks. */
  readonly checks: (settings: BackendSettings) => readonly Query<readonly Check[]>[]
  /** What somebody must be allowed to use it, as an object that an administrator applies; null where nobody grants rights one by one. */
  readonly rights: ((settings: BackendSettings, to: Grantee) => string) | null
  /** What it needs of a Linux machine that is its own. */
  readonly machine: (machine: Machine) => readonly Check[]
  /** What makes it usable: a command, or a sentence. */
  readonly mend: Readonly<Record<'missing' | 'down' | 'denied' | 'silent', string>>
  readonly explain: (failure: Failure) => PaudeError
}

/** What a start has to know of the machine that an engine is on. */
export type Far = {
  /** Folder over there below which the engine keeps its volumes. */
  readonly volumes: string
  /** What the engine calls itself: no other one has the same word. '' where it has none. */
  readonly engine: string
  /** As node names it. */
  readonly arch: string
  readonly selinux: boolean
  readonly rootless: boolean
}

/** Who is granted rights. */
export type Grantee = { readonly kind: 'User' | 'Group'; readonly name: string }

export type Failure = {
  readonly argv: readonly string[]
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `elsewhere`: its client goes to another machine by itself, since `unset` says so. */
export type Reach =
  | { readonly look: 'program' }
  | { readonly look: 'elsewhere'; readonly remote: Remote; readonly unset: string }
  | { readonly look: 'socket' | 'file'; readonly path: string }

/** This machine as the checks of a backend see it. `ready` and `info` are the backend's own; null where it did not say. */
export type Machine = {
  readonly host: Host
  readonly text: (path: string) => string
  readonly there: (path: string) => boolean
  readonly ready: boolean
  readonly info: EngineInfo | null
}

export type Engine = {
  readonly version: string
  readonly client: string
  readonly rootless: boolean
  readonly architecture: string
  /** What starts its containers, like `runc 1.2.8`; '' when it does not say. */
  readonly runtime: string
}

/** What an engine tells about the machine it runs on. */
export type EngineInfo = {
  /** Where it keeps images. */
  readonly root: string
  /** Its time in ms since 1970; null when it does not say. */
  readonly clock: number | null
  readonly rootless: boolean
  /** Whether it separates containers by SELinux. */
  readonly selinux: boolean
  /** Version of the control groups; '' when it does not say. */
  readonly groups: string
  readonly limits: readonly ('cpu' | 'memory' | 'pids')[]
}

const LACKING = {
  terminal: 'cannot show what an agent does',
  inside: 'cannot run another program in a sandbox',
  ports: 'cannot forward ports of a sandbox',
  wall: 'has no wall, so it keeps no log of requests',
  images: 'has no images',
  volumes: 'reads the workspace of a session only while it runs',
} as const

/** What a backend does, or a refusal that names what it does not. */
export function need<Key extends keyof typeof LACKING>(
  backend: Pick<Backend, 'name' | Key> & { readonly remote?: Remote | null },
  key: Key,
): NonNullable<Backend[Key]> {
  const found = backend[key]
  if (found === null)
    throw new PaudeError('unsupported', `${titleOf(backend.name, backend.remote)} ${LACKING[key]}`, {
      hint: 'paude backends',
    })
  return found as NonNullable<Backend[Key]>
}
