import type { Remote } from '../box/remote.ts'
import { apple } from './apple/apple.ts'
import type { Backend } from './backend.ts'
import { kubernetes } from './kubernetes/kubernetes.ts'
import { type BackendName, backendNames } from './names.ts'
import { docker, dockerAt } from './oci/docker.ts'
import { podman } from './oci/podman.ts'
import { zellij } from './zellij/zellij.ts'

/** A name without its row does not compile. */
export const backends: Readonly<Record<BackendName, Backend>> = { docker, podman, kubernetes, apple, zellij }

/** The backend of a session or a wish: that of this machine, or the same kind on another one. */
export const backendAt = (name: BackendName, remote: Remote | null | undefined): Backend =>
  remote ? dockerAt({ name: remote.name, at: remote.at }) : backends[name]

/** In the order in which `auto` prefers them. */
export const allBackends: readonly Backend[] = backendNames.map((name) => backends[name])

/** What to install where there is none: it needs no daemon and no group. */
export const easiest: Backend = podman
