import { PaudeError } from '../../errors.ts'
import { goOn } from '../../session/life/alarm.ts'
import { continueSession } from '../../session/life/resume.ts'
import { isPausedByAlarm } from '../../session/record/alarm.ts'
import { dryRun, sessions } from '../args.ts'
import { alsoTaking, only, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { eachSession } from './each.ts'
import { noteRunning } from './running.ts'

export default verb({
  description: 'Start stopped sessions again',
  details: 'Conversations continue. A session that paude paused goes on.',
  caller: 'agent',
  front: alsoTaking(PLANS, { ...taking('scrollback', 'profile'), ...only('--attach', 'detach-keys') }),
  examples: [
    ['paude start fix-login', 'continue in the background'],
    ['paude start fix-login --attach', 'continue in this terminal'],
    ['paude start one two', 'several'],
  ],
  args: {
    sessions,
    attach: { type: 'boolean', letter: 'a', description: 'Attach this terminal to it' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const [attached, dryRun] = [given.attach === true, given['dry-run'] === true]
    if (attached && given.sessions.length > 1)
      throw new PaudeError('usage', 'a terminal can show only one session', { hint: 'name one session, or leave --attach out' })
    return await eachSession(context, { words: given.sessions, preferred: 'ended', caller: 'agent' }, async (found) => {
      if (isPausedByAlarm(found.handle.folder)) {
        if (attached)
          throw new PaudeError('usage', `session ${found.record.id} is paused, not stopped`, {
            hint: `paude start ${found.record.id}, then paude attach ${found.record.id}`,
          })
        if (await goOn(context, found, dryRun)) {
          if (!dryRun) context.answer(found.record.id)
          return 0
        }
      }
      const code = await continueSession(context, found, { attached, dryRun })
      if (code === 0 && !attached && !dryRun) noteRunning(context, found)
      return code
    })
  },
})
