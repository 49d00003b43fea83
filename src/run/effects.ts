import type { PaudeError } from '../errors.ts'
import type { Argv, Attach, Hold } from '../plan/plan.ts'
import type { Attached, Outcome } from './process.ts'
import type { Progress } from './progress.ts'

/** What the executor needs besides the plan. */
export type Effects = {
  /** One line for a person, on stderr. */
  readonly note: (text: string) => void
  /** Turns a failed call into a sentence; knows the engines' words. */
  readonly explain: (failure: { argv: Argv; outcome: Outcome }) => PaudeError
  /** Starts a program of the box on our streams. What it prints reaches a terminal as painting alone. */
  readonly attach: (step: Attach) => Promise<Attached>
  /** Has a process of its own keep the agent's terminal. Attached, what is returned ends with the agent or when the user leaves. */
  readonly hold: (step: Hold) => Promise<Attached>
  /** Called when the agent gets our streams: what came before may have taken minutes. */
  readonly began?: () => void
  /** What goes on now, for a step that takes a while: one line that moves. */
  readonly moving: Progress
  /** Takes what builds and pulls print, as it comes; null shows the moving line instead, and the end of it when they fail. */
  readonly verbose: ((text: string) => void) | null
}
