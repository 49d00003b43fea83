import script from '../../session/clone/diff.sh' with { type: 'text' }
import ownIndex from '../../session/clone/own-index.sh' with { type: 'text' }
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { showOfClone } from './clone-git.ts'

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
  run: (context, given) => showOfClone(context, ownIndex + script, given),
})
