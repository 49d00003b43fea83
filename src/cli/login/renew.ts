import { renewAll } from '../../session/life/renew.ts'
import { ACTS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Renew the credentials of running sessions',
  details: 'paude starts it by itself, where a credential says every so many seconds.',
  front: ACTS,
  examples: [],
  args: {},
  async run(context) {
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined)
    await renewAll(context, () => writeAll(1, 'ready\n'))
    return 0
  },
})
