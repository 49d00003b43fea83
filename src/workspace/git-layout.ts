/** Where git keeps what belongs to a working tree; all paths real. */
export type GitLayout = {
  /** Lies outside the project and must be mounted too, writable, at its own path; null when the project holds everything. */
  readonly commonDirectory: string | null
  /** What git calls GIT_DIR: HEAD and index. */
  readonly gitDirectory: string
  /** What git calls GIT_COMMON_DIR: hooks, config and objects. The same as gitDirectory except in a linked worktree. */
  readonly repository: string
}
