import type { Install } from './install.ts'
import type { Metadata } from './metadata.ts'
import type { Probe } from './probed.ts'

/** One line of `paude image check`; the ids are those of the documentation. */
export type Check = {
  readonly id: `K${number}`
  readonly title: string
  readonly severity: 'error' | 'warning' | 'note'
  readonly ok: boolean
  /** What was found. */
  readonly message: string
  /** What to change, often a line for the image's Dockerfile; '' when there is nothing to do. */
  readonly fix: string
}

export type CheckedImage = {
  readonly reference: string
  /** Of the engine, as node or Go names it. */
  readonly architecture: string
  readonly metadata: Metadata
  /** null when no container was started (`--quick`). */
  readonly probe: Probe | null
  /** The agent's program. */
  readonly agent: string
  /** How paude would add it; null where the image must bring it along. */
  readonly install: Install | null
}
