import { stopSession } from '../../session/life/stop.ts'
import { calledOn } from '../../session/record/called.ts'
import { dryRun, readSeconds, sessions } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { afterSession } from './ask-review.ts'
import { eachSession } from './each.ts'

export default verb({
  description: 'Stop sessions and keep them',
  details: 'To continue one: paude start.',
  front: PLANS,
  examples: [
    ['paude stop', 'the session of this directory'],
    ['paude stop fix-login --grace 60', 'with a minute to finish'],
    ['paude stop one two', 'several'],
  ],
  args: {
    sessions,
    grace: { type: 'string', letter: 't', valueHint: 'SECONDS', description: 'Time for the agent to finish (default: 10)' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const grace = Math.ceil(readSeconds(given.grace, 10, '--grace'))
    const dryRun = given['dry-run'] === true
    return await eachSession(context, { words: given.sessions, preferred: 'running' }, async (found) => {
      const code = await stopSession(context, found, { grace, dryRun, onFindings: (review) => afterSession(context, review) })
      if (!dryRun) context.answer(calledOn(context.host, found.record))
      return code
    })
  },
})
