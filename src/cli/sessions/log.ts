import script from '../../session/clone/log.sh' with { type: 'text' }
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { showOfClone } from './clone-git.ts'

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
  run: (context, given) => showOfClone(context, script, given),
})
