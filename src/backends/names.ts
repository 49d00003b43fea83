/** Every backend there is, in the order in which `auto` prefers them. Data alone, so that every room may read it. */
export const backendNames = ['docker', 'podman', 'kubernetes', 'apple', 'zellij'] as const

export type BackendName = (typeof backendNames)[number]

/** What a start is told: a backend, the first usable one, or an engine of another machine by its name in `[remotes]`. */
export type BackendWish = 'auto' | BackendName | RemoteWish
export type RemoteWish = `${FarName}@${string}`

/** Those whose client reaches engines of other machines, and how that is written. */
export const farNames = ['docker', 'podman'] as const
export type FarName = (typeof farNames)[number]
export const REMOTE_FORM = 'docker@NAME or podman@NAME'

/** A name below `[remotes]`. */
export const REMOTE_NAME = /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/

export function isRemoteWish(text: string): text is RemoteWish {
  const [engine = '', ...name] = text.split('@')
  return farNames.some((one) => one === engine) && REMOTE_NAME.test(name.join('@'))
}

/** The two parts of such a wish. */
export function partsOfWish(wish: RemoteWish): { readonly engine: FarName; readonly name: string } {
  const at = wish.indexOf('@')
  return { engine: wish.slice(0, at) as FarName, name: wish.slice(at + 1) }
}

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
