import { pushToSession } from '../../session/clone/push.ts'
import { findSession } from '../../session/life/find.ts'
import { session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Bring your current commit into a clone',
  details: 'It becomes host/BRANCH there. The branch of the agent stays as it is, until the agent merges.',
  front: ACTS,
  examples: [
    ['paude push', "into the clone of this directory's session"],
    ['paude push fix-login', 'then tell the agent: git merge host/main'],
  ],
  args: { session },
  async run(context, given) {
    const { ref, commit } = await pushToSession(context, await findSession(context, given.session))
    context.answer(`${ref}  ${commit.slice(0, 10)}`)
    return 0
  },
})
