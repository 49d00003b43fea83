import type { Place } from './cluster.ts'
import type { FarSession } from './remote.ts'
import type { Own, SessionSpec } from './spec.ts'
import type { WorkspaceVolume } from './workspace-volume.ts'

/** What is needed to speak of a session that exists. */
export type Handle = {
  readonly id: string
  /** `command` for one command in a box. */
  readonly agent: string
  readonly folder: string
  readonly terminal: boolean
  /** Where box and proxy meet; `none` has no proxy. `service`: in pods of a cluster. `gate`: made by an older paude, with a volume and a container for the canaries. */
  readonly link: 'none' | 'folder' | 'volume' | 'service' | 'gate'
  readonly homeVolume: string
  readonly directory: string
  /** Volumes in place of folders of the project, which belong to it as HOME does. */
  readonly overlays: readonly string[]
  /** Where the workspace is a volume of the session. */
  readonly volume?: WorkspaceVolume | undefined
  /** Where it is, for a session on a cluster. */
  readonly cluster?: Place | undefined
  /** Where it is, for a session on an engine of another machine. */
  readonly remote?: FarSession | undefined
  /** Service account of the cluster whose token the agent has. */
  readonly account?: string | undefined
  /** Whose its objects on a cluster are, as their label says. */
  readonly mark?: string | undefined
}

/** The handle of a session that is being made. */
export const handleOfSpec = ({
  id,
  agent,
  folder,
  terminal,
  network,
  homeVolume,
  directory,
  proxyImage,
  own,
  transport,
  overlays,
}: SessionSpec): Handle => ({
  id,
  agent,
  folder,
  terminal,
  link: network.mode === 'none' ? 'none' : own.link,
  homeVolume,
  directory,
  overlays: overlays.map(({ volume }) => volume),
  ...(transport.kind === 'volume' ? { volume: transport.volume } : {}),
  ...placeOf(own),
  ...farOf(own, proxyImage),
})

/** Where a session of a cluster is, whose it is and whose token it has there. */
export function placeOf(own: Own): { readonly cluster?: Place; readonly account?: string; readonly mark?: string } {
  if (own.kind !== 'kubernetes') return {}
  const { context, namespace, serviceAccount } = own.cluster
  return {
    cluster: { context, namespace },
    ...(serviceAccount === '' ? {} : { account: serviceAccount }),
    ...(own.owner === '' ? {} : { mark: own.owner }),
  }
}

/** Where a session of another machine's engine is. */
export function farOf(own: Own, helper: string): { readonly remote?: FarSession } {
  if (own.kind !== 'oci' || own.remote === undefined) return {}
  const { rootless: _, ...remote } = own.remote
  return { remote: { ...remote, helper } }
}

export type Status = 'created' | 'running' | 'paused' | 'exited'

/** Whether a session has an agent that lives: a paused one goes on where it was. */
export const isUp = ({ status }: { readonly status: Status | 'gone' }): boolean => status === 'running' || status === 'paused'

export type Listed = {
  readonly id: string
  readonly name: string
  readonly agent: string
  readonly workspace: string
  readonly status: Status
  /** Exit code of an exited agent, else null. */
  readonly exitCode: number | null
  /** As in `State`, where a list tells it. */
  readonly outOfMemory?: true
  /** ISO time. */
  readonly created: string
  readonly network: string
  /** Where a label names it; '' for a session without one. */
  readonly homeVolume?: string
  /** Where it was found, for a session on a cluster. */
  readonly cluster?: Place
}

export type Part = {
  readonly kind: 'container' | 'volume'
  readonly reference: string
  readonly session: string
  readonly role: string
  readonly running: boolean
  /** ISO time of its session's start; '' when it bears none. */
  readonly created: string
  /** Of a HOME volume: the project it belongs to; else ''. */
  readonly workspace: string
  /** Where it is, and of whom by its label; for what others may have beside it. */
  readonly shared?: { readonly cluster: Place; readonly owner: string } | undefined
}

export type State = {
  readonly status: Status
  readonly exitCode: number
  /** It was ended because it reached its limit of memory; absent where the backend does not say so. */
  readonly outOfMemory?: true
}

/** What the box of a session uses now, without its proxy. */
export type Usage = {
  readonly session: string
  /** Cores: 1.5 is all of one and half of another. */
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  readonly processes: number
}
