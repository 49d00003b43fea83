/** How an agent comes into an image. */
export type Install = {
  /** In the name and the label of the image. */
  readonly name: string
  /** What people call the program. */
  readonly title: string
  /** Release that paude is tested with: X.Y.Z. */
  readonly version: string
  /** Package of npm with the one binary for a processor, as node names it, and a libc; null where there is none. */
  readonly package: (arch: string, libc: 'glibc' | 'musl') => string | null
  /** Its path in the package. */
  readonly program: string
  /** Dockerfile of an image of paude's own. */
  readonly dockerfile: string
  /** Dockerfile that adds the agent to an image of yours, and changes nothing else there. */
  readonly thin: string
  /** Libraries that the binary needs of such an image, in the words of a distribution. */
  readonly libraries: string
  /** Whether it runs commands in bash alone. */
  readonly needsBash: boolean
}
