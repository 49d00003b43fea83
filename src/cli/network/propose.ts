import { proposal, proposalText } from '../../network/proposal.ts'
import { policyOf } from '../../session/policy.ts'
import type { Context } from '../context.ts'
import { printable } from '../output.ts'
import { findWithNetwork, readRequests } from './requests.ts'

/** `paude network propose [SESSION]`: the list that would have let through what a session asked for. */
export async function proposeList(context: Context, word: string | undefined, json: boolean): Promise<number> {
  const found = await findWithNetwork(context, word)
  const proposed = proposal(await readRequests(context, found), policyOf(found.record))
  if (json) context.answer(JSON.stringify(proposed, null, 2))
  else if (proposed.entries.length === 0) context.note('nothing was asked for that is not allowed already')
  else {
    context.answer(proposalText(proposed))
    context.note(
      `read every line before you put it into your config.toml or the project's paude.toml: the agent asked for these, you did not`,
    )
  }
  if (proposed.impossible.length > 0 && !json)
    context.note(`no entry can allow an address or what has no full name: ${proposed.impossible.map(printable).join(', ')}`)
  return 0
}
