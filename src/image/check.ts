import { checkMetadata } from './check-metadata.ts'
import { checkProbe } from './check-probe.ts'
import type { Check, CheckedImage } from './checked.ts'

/** Judges an image for a session of this agent. */
export const checkImage = (image: CheckedImage): readonly Check[] => [
  ...checkMetadata(image),
  ...(image.probe === null ? [] : checkProbe(image.probe, image)),
]

/** 1 when something would keep a session from working, else 0. */
export const checkExitCode = (checks: readonly Check[]): 0 | 1 =>
  checks.some(({ ok, severity }) => !ok && severity === 'error') ? 1 : 0
