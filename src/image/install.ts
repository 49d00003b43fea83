/** Programs in a package of npm. */
export type Release = {
  readonly package: string
  /** Path of the program in the package. */
  readonly program: string
  /** Behind the version, where a package has its processors in versions of its own; absent for nothing. */
  readonly suffix?: string
  /** Further programs, by their names in the build's context. */
  readonly also?: Readonly<Record<string, string>>
  /** Where the program is no file alone. */
  readonly tree?: Tree
}

/** Folders and files that come into the build's context in place of one program. */
export type Tree = {
  /** Below the folder of what was fetched. */
  readonly folders: readonly string[]
  /** Further packages to fetch, each with its version. */
  readonly packages: readonly string[]
}

/** How an agent comes into an image. */
export type Install = {
  /** In the name and the label of the image. */
  readonly name: string
  /** What people call the program. */
  readonly title: string
  /** Release that paude is tested with: X.Y.Z; '' where the installation decides. */
  readonly version: string
  /** What npm has of it for a processor, as node names it, and a libc, or null where there is none; null where steps of the build bring it. */
  readonly release: ((arch: string, libc: 'glibc' | 'musl') => Release | null) | null
  /** What its own `--version` and `-v` or `-V` print of a release. */
  readonly says: (version: string) => string
  /** The words that it takes for `--version`. */
  readonly asked: readonly string[]
  /** Dockerfile of an image of paude's own. */
  readonly dockerfile: string
  /** Dockerfile that adds the agent to an image of yours, and changes nothing else there. */
  readonly thin: string
  /** Further files of both contexts, by name; absent for none. */
  readonly files?: Readonly<Record<string, string>>
  /** Libraries that the binary needs of such an image, in the words of a distribution. */
  readonly libraries: string
  /** Whether it runs commands in bash alone. */
  readonly needsBash: boolean
}
