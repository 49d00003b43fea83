import type { Backend } from './backends/backend.ts'
import type { Layer } from './config/keys/settings.ts'
import type { Host } from './host.ts'
import type { Effects } from './run/effects.ts'
import type { Progress } from './run/progress.ts'

/** A session that a word may mean. */
export type Candidate = { readonly id: string; readonly name: string; readonly created: string; readonly folder: string }

/** What an act may use besides its words: the machine, the flags before the verb, and the two streams for people. */
export type Context = {
  readonly host: Host
  readonly version: string
  /** Own flags that stood before the verb. */
  readonly flags: Layer
  /** The answer, on stdout: only on success. */
  readonly answer: (text: string) => void
  /** For people, on stderr. */
  readonly note: (text: string) => void
  readonly warn: (text: string) => void
  /** A question, on stderr: the cursor stays behind it. */
  readonly prompt: (text: string) => void
  /** What goes on now: one line on stderr that moves, and goes when anything else is printed. */
  readonly moving: Progress
  /** The id of the one that you mean: asks on a terminal, and else refuses, with what each does. `what` says how many fit. */
  readonly choose: (what: string, candidates: readonly Candidate[]) => Promise<string>
  readonly effects: (backend: Backend) => Effects
}
