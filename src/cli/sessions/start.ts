import { findSession } from '../../session/life/find.ts'
import { continueSession } from '../../session/life/resume.ts'
import { dryRun, session } from '../args.ts'
import { alsoTaking, only, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { noteRunning } from './running.ts'

export default verb({
  description: 'Start a stopped session again',
  details: 'The conversation continues.',
  caller: 'agent',
  front: alsoTaking(PLANS, { ...taking('scrollback', 'profile'), ...only('--attach', 'detach-keys') }),
  examples: [
    ['paude start fix-login', 'go on in the background'],
    ['paude start fix-login --attach', 'go on here'],
  ],
  args: {
    session,
    attach: { type: 'boolean', letter: 'a', description: 'Attach this terminal to it' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const found = await findSession(context, given.session, 'ended')
    const [attached, dryRun] = [given.attach === true, given['dry-run'] === true]
    const code = await continueSession(context, found, { attached, dryRun })
    if (code === 0 && !attached && !dryRun) noteRunning(context, found)
    return code
  },
})
