import type { Network, Security, Transport } from './spec.ts'

/** What a backend can promise. `refusals` holds a wish against it: what cannot be kept is refused, never weakened. */
export type Can = {
  /** `none` is this machine itself: nobody gets it without naming it. */
  readonly isolation: 'container' | 'vm' | 'pod' | 'none'
  readonly networks: readonly Network['mode'][]
  readonly transports: readonly Transport['kind'][]
  /** Further places of this machine, which the user asked for. */
  readonly mounts: 'files and folders' | 'folders' | 'none'
  readonly limits: readonly ('cpus' | 'memory' | 'pids')[]
  readonly hardening: readonly (keyof Security)[]
  /** Whether a box may reach ports of this machine, under HOST_NAME. */
  readonly hostPorts: boolean
  /** Whether running sessions share a HOME; else it is in one of them at a time. */
  readonly sharedHome: boolean
}
