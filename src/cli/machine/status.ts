import { quotedLines } from '../../text.ts'
import { json } from '../args.ts'
import { LOOKS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { lookStatus } from './look-status.ts'
import { statusLines } from './status-lines.ts'

export default verb({
  description: 'Show how things stand: engine, configuration, images, sessions',
  front: LOOKS,
  examples: [
    ['paude status', 'what a start here would use, and what there is already'],
    ['paude status --json | jq -r .backend.name', 'the engine, for scripts'],
  ],
  args: { json },
  async run(context, { json }) {
    const status = await lookStatus(context)
    context.answer(json ? quotedLines(status) : statusLines(status, Date.now()).join('\n'))
    return status.backend.name === '' || status.fault !== '' ? 1 : 0
  },
})
