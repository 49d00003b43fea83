import { rollBack } from '../../session/clone/checkpoint.ts'
import { findSession } from '../../session/life/find.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Make a clone what it was at a checkpoint',
  details: 'What it is now becomes a checkpoint first, so a rollback can be undone. Ignored files stay as they are.',
  front: ACTS,
  examples: [
    ['paude rollback fix-login before-refactoring', 'files, branch and HEAD'],
    ['paude rollback --force fix-login before-refactoring', 'while the agent works, and without a question'],
  ],
  args: {
    session: { type: 'positional', required: true, description: 'Session with a clone', offers: 'sessions' },
    name: { type: 'positional', required: true, description: 'Name of the checkpoint' },
    force: { type: 'boolean', letter: 'f', description: 'Also while the agent may be at work; asks nothing' },
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const { id, name } = found.record
    const force = given.force === true
    if (
      !force &&
      canAsk(context) &&
      !['y', 'yes'].includes(readAnswer(context, `roll ${name || id} back to ${given.name}? [y/N]: `))
    )
      return 1
    const before = await rollBack(context, found, { name: given.name, force, now: new Date() })
    context.answer(before)
    context.note(`rolled back; to undo it: paude rollback ${name || id} ${before}`)
    return 0
  },
})
