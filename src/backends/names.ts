/** Every backend there is, in the order in which `auto` prefers them. Data alone, so that every room may read it. */
export const backendNames = ['docker', 'podman', 'kubernetes', 'apple', 'zellij'] as const

export type BackendName = (typeof backendNames)[number]

/** What a start is told: a backend, the first usable one, or an engine of another machine by its name in `[remotes]`. */
export type BackendWish = 'auto' | BackendName | RemoteWish
export type RemoteWish = `docker@${string}`

/** Those whose client reaches engines of other machines, and how that is written. */
export const farNames = ['docker'] as const
export const REMOTE_FORM = 'docker@NAME'
export const reachesFar = (name: BackendName): boolean => farNames.some((one) => one === name)

/** A name below `[remotes]`. */
export const REMOTE_NAME = /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/

export const isRemoteWish = (text: string): text is RemoteWish =>
  text.startsWith('docker@') && REMOTE_NAME.test(text.slice('docker@'.length))

/** The client of each, as PATH knows it. */
export const programs: Readonly<Record<BackendName, string>> = {
  docker: 'docker',
  podman: 'podman',
  kubernetes: 'kubectl',
  apple: 'container',
  zellij: 'zellij',
}

/**
 * Seconds without a word after which a question to it is given up, by program. Far beyond what a busy one takes: docker answers within a
 * second at a load of twenty; podman waits while an image is laid out; kubectl ends by itself before that.
 */
export const patience: Readonly<Record<string, number>> = {
  [programs.docker]: 15,
  [programs.podman]: 30,
  [programs.kubernetes]: 60,
  // Its service is given ten seconds by itself.
  [programs.apple]: 30,
  [programs.zellij]: 15,
}

/** Those that put a wall around the agent. The others run it on this machine itself, and only you can choose them. */
export const isolatingNames = backendNames.filter((name) => name !== 'zellij')
