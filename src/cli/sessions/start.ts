import { PaudeError } from '../../errors.ts'
import { continueSession } from '../../session/life/resume.ts'
import { dryRun, sessions } from '../args.ts'
import { alsoTaking, only, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { eachSession } from './each.ts'
import { noteRunning } from './running.ts'

export default verb({
  description: 'Start stopped sessions again',
  details: 'Conversations continue.',
  caller: 'agent',
  front: alsoTaking(PLANS, { ...taking('scrollback', 'profile'), ...only('--attach', 'detach-keys') }),
  examples: [
    ['paude start fix-login', 'go on in the background'],
    ['paude start fix-login --attach', 'go on here'],
    ['paude start one two', 'several at once'],
  ],
  args: {
    sessions,
    attach: { type: 'boolean', letter: 'a', description: 'Attach this terminal to it' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const [attached, dryRun] = [given.attach === true, given['dry-run'] === true]
    if (attached && given.sessions.length > 1)
      throw new PaudeError('usage', 'one terminal can be attached to one session', { hint: 'name one, or leave --attach out' })
    return await eachSession(context, { words: given.sessions, preferred: 'ended', caller: 'agent' }, async (found) => {
      const code = await continueSession(context, found, { attached, dryRun })
      if (code === 0 && !attached && !dryRun) noteRunning(context, found)
      return code
    })
  },
})
