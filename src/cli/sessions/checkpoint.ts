import { makeCheckpoint, momentName } from '../../session/clone/checkpoint.ts'
import { findSession } from '../../session/life/find.ts'
import { session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Keep the present state of a clone by a name',
  details:
    'The commit it is on, changes that are not committed, and new files that git does not ignore. Nothing is copied twice.',
  front: ACTS,
  examples: [
    ['paude checkpoint', "this directory's session, by the time"],
    ['paude checkpoint fix-login before-refactoring', 'by a name'],
  ],
  args: {
    session,
    name: { type: 'positional', required: false, description: 'Name of the checkpoint (default: the time)' },
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const name = given.name ?? momentName(new Date())
    await makeCheckpoint(context, found, name)
    context.answer(name)
    return 0
  },
})
