import type { Backend } from '../backends/backend.ts'
import type { Layer } from '../config/keys/settings.ts'
import type { Host } from '../host.ts'
import type { Effects } from '../run/execute.ts'
import type { Commands } from './verbs.ts'

/** What a command may touch besides its words. */
export type Context = {
  readonly host: Host
  readonly version: string
  /** Verbs, for those that speak of other verbs. */
  readonly commands: Commands
  /** Own flags that stood before the verb. */
  readonly flags: Layer
  /** The answer, on stdout: only on success. */
  readonly answer: (text: string) => void
  /** For people, on stderr. */
  readonly note: (text: string) => void
  readonly warn: (text: string) => void
  /** A question, on stderr: the cursor stays behind it. */
  readonly prompt: (text: string) => void
  readonly effects: (backend: Backend) => Effects
}
