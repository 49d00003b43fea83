/** What a backend can promise. `resolve` reads this and refuses rather than weakens. */
export type Capabilities = {
  readonly isolation: 'container' | 'vm' | 'pod' | 'none'
  readonly enforcesAllowlist: boolean
  readonly limits: readonly ('cpus' | 'memory' | 'pids')[]
}
