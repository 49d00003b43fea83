import type { Context } from '../../context.ts'
import type { Request } from '../../network/log.ts'
import { type Proposal, proposal, proposalText } from '../../network/proposal.ts'
import { policyOf } from '../../session/resolve/policy.ts'
import { printable } from '../../text.ts'
import { json as jsonFlag, session } from '../args.ts'
import { only } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { overruled } from './overruled.ts'
import { findWithNetwork, readRequests } from './requests.ts'
import { draftScope, requireItsProject } from './scope.ts'
import { writeScopes } from './write-scopes.ts'

export const proposeList = verb({
  description: 'Print an allowlist of everything that a session requested, for review',
  front: { takes: only('--project', 'profile'), acts: '--project' },
  args: {
    session,
    project: { type: 'boolean', description: "Write it into the project's paude.toml" },
    json: jsonFlag,
  },
  examples: [
    ['paude network propose', 'print exact hosts, sorted by group'],
    ['paude network propose --project', "write them into the project's paude.toml"],
  ],
  async run(context, { session: word, json, project }) {
    const found = await findWithNetwork(context, word)
    if (project) requireItsProject(context, found.record)
    const requests = await readRequests(context, found)
    const proposed = proposal(requests, policyOf(found.record))
    const code = project ? await writeProposal(context, proposed) : 0
    if (json) context.answer(JSON.stringify(proposed, null, 2))
    else if (proposed.entries.length === 0)
      context.note(`the session requested nothing new: all of it is allowed already${elsewhere(requests, found.record.id)}`)
    else if (!project) {
      context.answer(proposalText(proposed))
      context.note(
        `the agent requested these hosts: review every line before you write it into your config.toml or the project's paude.toml`,
      )
    }
    if (proposed.impossible.length > 0 && !json)
      context.note(`an entry cannot allow an IP address or a short name: ${proposed.impossible.map(printable).join(', ')}`)
    return code
  },
})

/** What no proposal holds, and was blocked all the same: denied, not found, at a private address. */
const elsewhere = (requests: readonly Request[], id: string): string =>
  requests.some(({ decision }) => decision === 'blocked') ? `; blocked hosts: paude network blocked ${id}` : ''

/** Into the project's paude.toml. What is denied by now stays so: nobody has said otherwise. */
async function writeProposal(context: Context, proposed: Proposal): Promise<number> {
  const all = proposed.entries.map(({ entry }) => entry)
  const inVain = await overruled(context, all)
  for (const sentence of inVain.values()) context.note(`left out: ${sentence}`)
  const entries = all.filter((entry) => !inVain.has(entry))
  if (entries.length === 0) return 0
  const code = await writeScopes(context, ['project'], { verb: 'allow', entries }, draftScope)
  context.note('the agent requested these hosts: review every line when paude trust shows it')
  return code
}
