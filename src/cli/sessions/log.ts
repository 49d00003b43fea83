import { insideOf, requireClone } from '../../session/clone/inside.ts'
import script from '../../session/clone/log.sh' with { type: 'text' }
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession } from '../../session/life/find.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { colourful } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Show the commits of a clone',
  details: 'All that its branches have since the clone began. For what a session printed: paude logs.',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude log', "of this directory's session"],
    ['paude log fix-login -- --oneline', 'with words for git log'],
  ],
  args: {
    session,
    words: { type: 'positional', rest: true, description: 'Words for git log' },
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
