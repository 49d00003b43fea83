/** Every backend there is, in the order in which `auto` prefers them. Data alone, so that every room may read it. */
export const backendNames = ['docker', 'podman'] as const

export type BackendName = (typeof backendNames)[number]
