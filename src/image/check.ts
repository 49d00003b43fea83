import type { Metadata } from '../backends/oci/inspect.ts'
import type { Probe } from '../backends/oci/probe.ts'
import { checkMetadata } from './check-metadata.ts'
import { checkProbe } from './check-probe.ts'

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
}

/** Judges an image for a session of this agent. */
export const checkImage = (image: CheckedImage): readonly Check[] => [
  ...checkMetadata(image),
  ...(image.probe === null ? [] : checkProbe(image.probe, image.agent)),
]

/** 1 when something would keep a session from working, else 0. */
export const checkExitCode = (checks: readonly Check[]): 0 | 1 =>
  checks.some(({ ok, severity }) => !ok && severity === 'error') ? 1 : 0
