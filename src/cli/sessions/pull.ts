import type { Context } from '../../context.ts'
import { type Pulled, pullSession } from '../../session/clone/pull.ts'
import { findSession } from '../../session/life/find.ts'
import { firstOf, nameInside } from '../../text.ts'
import { json, session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Bring the commits of a clone into the project',
  details: 'They become refs of their own, refs/remotes/paude/SESSION/BRANCH. Nothing is checked out or merged.',
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
    if (given.json)
      context.answer(JSON.stringify({ session: found.record.id, brought, executed, changed: work.changed }, null, 2))
    else for (const one of brought) context.answer(line(one))
    if (brought.length === 0) context.note('nothing new: every commit of the clone is here')
    warnOfExecuted(context, executed)
    if (work.changed > 0)
      context.note(
        `${work.changed === 1 ? '1 file is' : `${work.changed} files are`} not committed in the clone: paude diff ${found.record.name || found.record.id} shows it`,
      )
    // A script knows what it does next.
    const own = brought.find(({ branch }) => branch === found.record.clone?.branch) ?? brought[0]
    if (own !== undefined && !given.json && context.host.terminal.stderr)
      context.note(`to look and merge: git log -p HEAD..${short(own)} && git merge ${short(own)}`)
    return 0
  },
})

const short = ({ ref }: Pulled['brought'][number]): string => ref.replace(/^refs\/remotes\//, '')

const line = ({ ref, before, commit, commits }: Pulled['brought'][number]): string =>
  `${ref.replace(/^refs\/remotes\//, '')}  ${before === null ? 'new' : `${before.slice(0, 10)}..${commit.slice(0, 10)}`}, ${commits === 1 ? '1 commit' : `${commits} commits`}`

/** Names what a merge would let this machine run: severe ones with who runs them, what builds run in one line. */
function warnOfExecuted({ note, warn }: Pick<Context, 'note' | 'warn'>, executed: Pulled['executed']): void {
  const severe = executed.filter(({ severity }) => severity !== 'shown')
  const shown = executed.filter(({ severity }) => severity === 'shown')
  const lines = severe.slice(0, 10).map(({ path, tool, why }) => `  ${nameInside(path)}: ${tool} ${why}`)
  if (severe.length > lines.length) lines.push(`  and ${severe.length - lines.length} more`)
  if (lines.length > 0) warn(`changed on these branches, and this machine acts on it once you merge:\n${lines.join('\n')}`)
  if (shown.length > 0) note(`changed, and builds or tests run it: ${firstOf(shown.map(({ path }) => nameInside(path)))}`)
}
