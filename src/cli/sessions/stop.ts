import { findSession } from '../../session/life/find.ts'
import { stopSession } from '../../session/life/stop.ts'
import { dryRun, readSeconds, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Stop a session and keep it',
  details: 'paude start continues it.',
  front: PLANS,
  examples: [
    ['paude stop', 'the session of this directory'],
    ['paude stop fix-login --grace 60', 'with a minute to finish'],
  ],
  args: {
    session,
    grace: { type: 'string', valueHint: 'SECONDS', description: 'Time the agent gets to finish (default: 10)' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const found = await findSession(context, given.session, 'running')
    const grace = Math.ceil(readSeconds(given.grace, 10, '--grace'))
    const dryRun = given['dry-run'] === true
    const code = await stopSession(context, found, { grace, dryRun })
    if (!dryRun) context.answer(found.handle.id)
    return code
  },
})
