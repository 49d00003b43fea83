import { readLines } from '../../box/limits.ts'
import { PaudeError } from '../../errors.ts'
import { findSession } from '../../session/life/find.ts'
import { askHolder } from '../../session/life/holder.ts'
import { session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Show the screen of a session, once',
  front: READS,
  examples: [
    ['paude screen fix-login', 'as text'],
    ['paude screen --html', 'as a web page with colours'],
    ['paude screen --scrollback 200', 'with 200 lines that have scrolled off'],
  ],
  args: {
    session,
    text: { type: 'boolean', description: 'Print plain text (the default)' },
    ansi: { type: 'boolean', description: 'Print colours for a terminal' },
    html: { type: 'boolean', description: 'Print HTML with colours' },
    scrollback: {
      type: 'string',
      valueHint: 'LINES',
      description: 'Also show this many lines that have scrolled off (default: 0)',
    },
  },
  async run(context, given) {
    const chosen = (['text', 'ansi', 'html'] as const).filter((format) => given[format] === true)
    if (chosen.length > 1)
      throw new PaudeError('usage', `--${chosen.join(' and --')} cannot be combined`, { hint: 'leave one of them out' })
    const scrollback = readLines(given.scrollback ?? '0', '--scrollback')
    const found = await findSession(context, given.session, 'running')
    const picture = await askHolder(context, found, { ask: 'screen', format: chosen[0] ?? 'text', scrollback })
    // Asked for with its colours, so not through the filter that takes them away.
    writeAll(1, picture === '' ? '' : `${picture}\n`)
    return 0
  },
})
