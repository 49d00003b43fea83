import type { Context } from '../../context.ts'
import { insideOf, requireClone } from '../../session/clone/inside.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession } from '../../session/life/find.ts'
import { filledWords } from '../../session/record/began.ts'
import { colourful } from '../streams/output.ts'

type Given = {
  readonly session?: string | undefined
  readonly words: readonly string[]
  readonly 'dry-run'?: boolean | undefined
}

/** Shows what a script prints that runs git in the clone of a session, with words of the user's for git. */
export async function showOfClone(context: Context, script: string, given: Given): Promise<number> {
  const found = await findSession(context, given.session)
  const { base } = requireClone(found)
  const inside = await insideOf(context, found)
  const colour = colourful(context.host, 'stdout') ? 'always' : 'never'
  const argv = inside(script, [base, ...filledWords(found.handle.folder), colour, ...given.words])
  return await carryOut(context, found.backend, {
    plan: [{ kind: 'attach', argv, terminal: false, stdin: false }],
    dryRun: given['dry-run'] === true,
  })
}
