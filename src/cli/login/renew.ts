import { processMark } from '../../host.ts'
import { renewDue } from '../../session/life/renew.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Renew the credentials of running sessions that are due',
  details:
    'A shell that paude starts by itself asks for it, where a credential says every so many seconds. Prints the seconds until the next time; exit code 1 if no session needs one.',
  front: ACTS,
  examples: [],
  args: { shell: { type: 'positional', description: 'Process of the shell that asks', required: true } },
  async run(context, given) {
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined)
    const wait = await renewDue(context, processMark(Number.parseInt(given.shell, 10)))
    if (wait === null) return 1
    context.answer(String(wait < 1000 ? Math.max(0.05, wait / 1000) : Math.ceil(wait / 1000)))
    return 0
  },
})
