/** Every backend there is, in the order in which `auto` prefers them. Data alone, so that every room may read it. */
export const backendNames = ['docker', 'podman', 'kubernetes'] as const

export type BackendName = (typeof backendNames)[number]

/** The client of each, as PATH knows it. */
export const programs: Readonly<Record<BackendName, string>> = { docker: 'docker', podman: 'podman', kubernetes: 'kubectl' }
