import type { Backend } from './backend.ts'
import type { BackendName } from './names.ts'
import { docker } from './oci/docker.ts'
import { podman } from './oci/podman.ts'

/** A name without its row does not compile. */
export const backends: Readonly<Record<BackendName, Backend>> = { docker, podman }
