import { quote } from '../../plan/shell.ts'
import { type Pulled, pullSession } from '../../session/clone/pull.ts'
import { findSession } from '../../session/life/find.ts'
import { quotedLines } from '../../text.ts'
import { json, session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { warnOfExecuted } from './warn-of-executed.ts'

export default verb({
  description: 'Bring the commits of a clone into the project',
  details: 'They become refs of their own, paude/SESSION and paude-SESSION/BRANCH. Nothing is checked out or merged.',
  front: ACTS,
  examples: [
    ['paude pull', "the branches of this directory's session"],
    ['paude pull fix-login', 'then git merge paude/fix-login'],
    ['paude pull fix-login --branch try', 'one branch alone'],
  ],
  args: {
    session,
    branch: { type: 'string', letter: 'b', valueHint: 'BRANCH', description: 'This branch of the clone alone' },
    json,
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const pulled = await pullSession(context, found, given.branch)
    const { brought, executed, work } = pulled
    if (given.json) context.answer(asJson(found.record.id, pulled))
    else for (const one of brought) context.answer(line(one))
    if (brought.length === 0) context.note('nothing new: every commit of the clone is here')
    warnOfExecuted(context, executed)
    if (work.changed > 0)
      context.note(
        `${work.changed === 1 ? '1 file is' : `${work.changed} files are`} not committed in the clone: paude diff ${found.record.name || found.record.id} shows it`,
      )
    // A script knows what it does next.
    const own = brought.find(({ branch }) => branch === found.record.clone?.branch) ?? brought[0]
    if (own !== undefined && !given.json && context.host.terminal.stderr) context.note(toMerge(own))
    return 0
  },
})

export const asJson = (session: string, { brought, executed, work }: Pulled): string =>
  quotedLines({ session, brought, executed, changed: work.changed })

const short = ({ ref }: Pick<Pulled['brought'][number], 'ref'>): string => ref.replace(/^refs\/remotes\//, '')

/** The sandbox chose the name of the branch, and a shell of yours may read this line. */
export const toMerge = (one: Pick<Pulled['brought'][number], 'ref'>): string =>
  `to look and merge: git log -p ${quote(`HEAD..${short(one)}`)} && git merge ${quote(short(one))}`

export const line = ({ ref, before, commit, commits, old }: Pulled['brought'][number]): string =>
  [
    `${short({ ref })}  ${before === null ? 'new' : `${before.slice(0, 10)}..${commit.slice(0, 10)}`}`,
    ...(old === null ? [] : ['forced']),
    `${commits === 1 ? '1 commit' : `${commits} commits`}`,
    ...(old === null ? [] : [`before: ${old}`]),
  ].join(', ')
