import type { Remote } from '../box/remote.ts'
import type { Host } from '../host.ts'
import { apple } from './apple/apple.ts'
import type { Backend } from './backend.ts'
import { kubernetes } from './kubernetes/kubernetes.ts'
import { type BackendName, backendNames, type FarName } from './names.ts'
import { docker, dockerAt } from './oci/docker.ts'
import { podman, podmanAt } from './oci/podman.ts'
import { connectionOf } from './oci/podman-places.ts'
import { zellij } from './zellij/zellij.ts'

/** A name without its row does not compile. */
export const backends: Readonly<Record<BackendName, Backend>> = { docker, podman, kubernetes, apple, zellij }

/** The backend of a session or a wish: that of this machine, or the same kind on another one. */
export const backendAt = (name: BackendName, remote: Remote | null | undefined): Backend =>
  remote ? (name === 'podman' ? podmanAt : dockerAt)(remote) : backends[name]

/** Where an engine is that its client knows by a name; null where it knows none of that name. docker's client looks its contexts up itself. */
export const placeOf = (
  host: Pick<Host, 'env' | 'home'>,
  engine: FarName,
  known: string,
): Pick<Remote, 'at' | 'identity'> | null => (engine === 'podman' ? connectionOf(host, known) : { at: known })

/** In the order in which `auto` prefers them. */
export const allBackends: readonly Backend[] = backendNames.map((name) => backends[name])

/** What to install where there is none: it needs no daemon and no group. */
export const easiest: Backend = podman
