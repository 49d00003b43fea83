import { relative } from 'node:path'
import { quotedLines } from '../../text.ts'
import { json, lastOne, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { configText } from './config-text.ts'
import { type FoundConfig, findConfig } from './find-config.ts'

/** Changes that are shown to a person. */
const MOST = 200

export default verb({
  description: "Show what a session changed of the agents' configuration",
  details:
    'The session has its own copy of .claude, .mcp.json, CLAUDE.md and the like. It shows what your files would become, and names what would run programs on your machine.',
  front: READS,
  examples: [
    ['paude config-changes', "of this directory's session, or of the last one"],
    ['paude config-changes b7k --json', 'the same for a script'],
    ['paude config-changes --last', 'of the last session that is gone'],
  ],
  args: { session, last: lastOne, json },
  async run(context, given) {
    const found = await findConfig(context, given.session, given.last === true)
    if (given.json) context.answer(quotedLines(asJson(found)))
    else for (const change of found.changes.slice(0, MOST)) context.answer(configText(found.record, change, change.risks))
    if (given.json) return 0
    if (found.changes.length > MOST) context.note(`${found.changes.length - MOST} more changes: add --json to see all`)
    context.note(
      found.record.shadows.length === 0
        ? `session ${found.record.id} has no copy of the agents' configuration: paude review ${found.record.id}`
        : found.changes.length === 0
          ? "the session changed nothing of the agents' configuration"
          : `to bring files back: paude sync-config ${found.record.id}`,
    )
    return 0
  },
})

const asJson = ({ record, changes }: FoundConfig) => ({
  session: record.id,
  project: record.workspace,
  changes: changes.map(({ path, state, isHereToo, risks, fault }) => ({
    path: relative(record.workspace, path),
    state,
    changedHereToo: isHereToo,
    risks,
    cannotBring: fault === '' ? null : fault,
  })),
})
