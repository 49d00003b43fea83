import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { findSession } from '../../session/life/find.ts'
import type { Found } from '../../session/record/found.ts'

/**
 * The session that a word names, or that of this directory; null where none is named and none belongs here: then a start here is asked
 * about. `has` is what a session has of its own, `command` the verb that shows it.
 */
export async function sessionOrStart(
  context: Context,
  word: string | undefined,
  { has, command }: { readonly has: string; readonly command: string },
): Promise<Found | null> {
  const found = await findSession(context, word, 'running').catch((error: unknown) => {
    if (word !== undefined || !(error instanceof PaudeError) || error.code !== 'not-found') throw error
    return null
  })
  if (found !== null && Object.keys(context.flags).length > 0)
    throw new PaudeError(
      'usage',
      `flags before the verb are for a start here, but session ${found.record.id} has its own ${has}`,
      {
        hint: `leave them out: ${command} ${found.record.id}`,
      },
    )
  return found
}
