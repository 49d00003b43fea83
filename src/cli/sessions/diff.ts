import script from '../../session/clone/diff.sh' with { type: 'text' }
import { insideOf, requireClone } from '../../session/clone/inside.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession } from '../../session/life/find.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { colourful } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Show what an agent has changed in its clone',
  details: 'Everything since the clone began: committed or not, new files too. The git of the sandbox makes it.',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude diff', "of this directory's session"],
    ['paude diff fix-login -- --stat', 'with words for git diff'],
    ['paude diff fix-login -- --name-only', 'only which files'],
  ],
  args: {
    session,
    words: { type: 'positional', rest: true, description: 'Words for git diff' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const { base } = requireClone(found)
    const inside = await insideOf(context, found)
    const argv = inside(script, [base, colourful(context.host, 'stdout') ? 'always' : 'never', ...given.words])
    return await carryOut(context, found.backend, {
      plan: [{ kind: 'attach', argv, terminal: false, stdin: false }],
      dryRun: given['dry-run'] === true,
    })
  },
})
