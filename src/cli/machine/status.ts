import { quotedLines } from '../../text.ts'
import { json } from '../args.ts'
import { LOOKS } from '../front-flags.ts'
import { fit } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { lookStatus } from './look-status.ts'
import { statusLines } from './status-lines.ts'

export default verb({
  description: 'Show the status of this directory',
  front: LOOKS,
  examples: [
    ['paude status', 'the session of this directory, and what a start here uses'],
    ['paude status --all', 'also what paude keeps on this machine'],
    ['paude status --json | jq -r .backend.name', 'the engine, for scripts'],
  ],
  args: { json, all: { type: 'boolean', description: 'Also show engines, images, other sessions and disk' } },
  async run(context, { json, all }) {
    const whole = all === true || json === true
    const status = await lookStatus(context, whole)
    context.answer(
      json
        ? quotedLines(status)
        : statusLines(status, { now: Date.now(), all: whole, width: fit(context.host).width }).join('\n'),
    )
    return status.backend.name === '' || status.fault !== '' ? 1 : 0
  },
})
