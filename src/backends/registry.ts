import type { Backend } from './backend.ts'
import { docker } from './oci/docker.ts'
import { podman } from './oci/podman.ts'

/** Every backend there is, in the order in which `auto` prefers them. */
export const backends = { docker, podman } satisfies Record<string, Backend>

export type BackendName = keyof typeof backends

export const backendNames = Object.keys(backends) as readonly BackendName[]
