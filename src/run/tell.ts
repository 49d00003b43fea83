import { buildStep, tellingEnd } from './build-step.ts'
import type { Effects } from './effects.ts'

type Telling = { readonly said: (text: string) => void; readonly end: (how: 'done' | 'failed' | 'interrupted') => void }

/** Characters of a build's output of which the end is shown when it fails. */
const LOG = 64 * 1024

/** Characters that a builder prints at most to say which step begins. */
const STEP_LINE = 80

/** Tells a person of a step that takes a while: where something moves a line that counts, else a line when it begins. */
export function tell(title: string, { note, moving, verbose }: Effects): Telling {
  if (verbose !== null || !moving.moves) note(title)
  if (verbose !== null) return { said: verbose, end: () => undefined }
  const began = performance.now()
  let log = ''
  let step = ''
  // The seconds are those of this step.
  moving.clear()
  moving.show(title)
  return {
    said: (text) => {
      log = (log + text).slice(-LOG)
      // What begins a line may have come in two pieces.
      const reached = buildStep(log.slice(-text.length - STEP_LINE))
      if (reached === null || reached === step) return
      step = reached
      moving.show(`${title} (${step})`)
    },
    end: (how) => {
      moving.clear()
      if (how === 'done' && moving.moves) note(`${title}: ${Math.round((performance.now() - began) / 1000)} s`)
      if (how === 'failed' && log.trim() !== '')
        note(`${title} failed; the end of its output:\n  ${tellingEnd(log).join('\n  ')}`)
    },
  }
}
