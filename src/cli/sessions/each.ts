import type { Context } from '../../context.ts'
import { type Caller, exitCode, PaudeError } from '../../errors.ts'
import { findSession } from '../../session/life/find.ts'
import type { Found } from '../../session/record/found.ts'
import { printable } from '../../text.ts'

type Each = {
  /** As typed; none means the session of this directory. */
  readonly words: readonly string[]
  readonly preferred?: 'running' | 'ended'
  readonly caller?: Caller
}

/**
 * Does the same with several sessions, one after the other: one that fails is named and does not keep the others from their turn.
 * Returns the worst exit code. A single session fails as it always did.
 */
export async function eachSession(
  context: Context,
  { words, preferred, caller = 'management' }: Each,
  act: (found: Found) => Promise<number>,
): Promise<number> {
  const [first, ...more] = [...new Set(words)]
  if (more.length === 0) return await act(await findSession(context, first, preferred))
  let worst = 0
  for (const word of [first, ...more]) {
    try {
      worst = Math.max(worst, await act(await findSession(context, word, preferred)))
    } catch (error) {
      if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
      const named = error.message.startsWith(`session ${word} `) ? '' : `${word}: `
      context.warn(printable(`${named}${error.message}${error.hint === '' ? '' : `; ${error.hint}`}`))
      worst = Math.max(worst, exitCode(error, caller))
    }
  }
  return worst
}
