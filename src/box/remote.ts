/** An engine on another machine: an address like `ssh://you@build.example.org`, or the name of a context of docker's client. */
export type Remote = {
  /** As the configuration calls it; '' for one that only the environment of the client names. */
  readonly name: string
  readonly at: string
  /** File of the ssh key with which podman's client logs in; absent where it has a way of its own. */
  readonly identity?: string | undefined
}

/** The same with what a session needs to know of that machine. */
export type RemotePlace = Remote & {
  /** What the engine calls itself; absent where it has no such word. */
  readonly engine?: string
  /** Folder over there below which the engine keeps its volumes. */
  readonly volumes: string
  /** Whether it runs without root over there. */
  readonly rootless: boolean
}

/** Where a session is on such an engine, and the image whose programs change its files there. */
export type FarSession = Omit<RemotePlace, 'rootless'> & { readonly helper: string }

/** The name of a context of docker's client. */
export const CONTEXT = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,100}$/

/** No word of ssh's own: a host never begins with a dash, and no password stands here. */
const ADDRESS = /^(ssh:\/\/([A-Za-z0-9_][\w.+-]*@)?|tcp:\/\/)([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(:\d{1,5})?\/?$/

/** podman's client has to be told the socket over there, and takes one that ssh has brought here. */
const PODMAN_ADDRESS =
  /^(ssh:\/\/([A-Za-z0-9_][\w.+-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\/[\w.+-]+)+|tcp:\/\/([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]):\d{1,5}\/?|unix:\/\/(\/[\w.+-]+)+)$/

/** Whether a text is the address of a machine whose engine docker's client reaches. */
export const isRemoteAddress = (text: string): boolean => ADDRESS.test(text)

/** The same of podman's client. */
export const isPodmanAddress = (text: string): boolean => PODMAN_ADDRESS.test(text)

/** What people read in place of the name of a backend. */
export const titleOf = (backend: string, remote: Remote | null | undefined): string =>
  remote ? `${backend}@${remote.name || remote.at}` : backend

/** Files of a session over there: a volume, since nothing of this machine is seen from there. */
export const filesVolume = (id: string): string => `${id}-files`

/** The same of the copy of the user's own set-up of the agent. */
export const importedVolume = (id: string): string => `${id}-imported`
