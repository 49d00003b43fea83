/** What an engine knows of an image without starting it. */
export type Metadata = {
  /** Names by digest, to pin; may be empty for what was built here. */
  readonly digests: readonly string[]
  /** As Go names it: amd64, arm64. */
  readonly architecture: string
  readonly os: string
  /** Bytes. */
  readonly size: number
  readonly layers: number
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
  /** '' when the image names none. */
  readonly stopSignal: string
  readonly healthcheck: boolean
}
