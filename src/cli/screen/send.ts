import { PaudeError } from '../../errors.ts'
import { keyBytes } from '../../hold/keys.ts'
import { findSession } from '../../session/life/find.ts'
import { typeInto } from '../../session/life/holder.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

/** Characters; a socket takes more, a prompt does not. */
const LONGEST = 1_000_000

export default verb({
  description: 'Type into a session',
  front: ACTS,
  examples: [
    ['paude send fix-login continue', 'a prompt, and Enter'],
    ['paude send fix-login --key escape', 'one key'],
    ['paude send fix-login --key down,enter', 'the second answer of a question'],
  ],
  args: {
    session: { type: 'positional', description: 'Session', required: true, offers: 'sessions' },
    text: { type: 'positional', description: 'Text to type, followed by Enter; - reads it from stdin' },
    key: { type: 'string', valueHint: 'KEY[,KEY…]', description: 'Type keys instead of a text: enter, escape, up, ctrl-c, y, …' },
    'no-enter': { type: 'boolean', description: 'Type the text without Enter' },
  },
  async run(context, given) {
    const text = given.text === '-' ? (await Bun.stdin.text()).replace(/\n$/, '') : (given.text ?? '')
    const keys = given.key === undefined ? '' : keyBytes(given.key)
    if ((text === '') === (keys === ''))
      throw new PaudeError('usage', 'paude send needs either a text or --key', {
        hint: 'paude send SESSION "a prompt", or paude send SESSION --key escape',
      })
    if (text.length > LONGEST)
      throw new PaudeError('usage', `the text is longer than ${LONGEST} characters`, {
        hint: 'write it into a file of the project, and name the file in your prompt',
      })
    const found = await findSession(context, given.session)
    await typeInto(context, found, { text, keys, enter: text !== '' && given['no-enter'] !== true })
    return 0
  },
})
