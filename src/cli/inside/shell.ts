import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import { execPlan } from '../../session/life/plans.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'

/** bash where the image has it. */
const SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash || exec sh']

export default verb({
  description: 'Open a shell in a running session',
  details: 'It runs behind the same wall.',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude shell', 'look around in the box'],
    ['paude shell fix-login', 'in the box of another session'],
  ],
  args: {
    session,
    'dry-run': dryRun,
  },
  async run(context, given) {
    const { backend, handle } = await findSession(context, given.session, 'running')
    const { stdin, stdout } = context.host.terminal
    if (!given['dry-run'] && !(stdin && stdout))
      throw new PaudeError('unsupported', 'shell needs a terminal on stdin and stdout', {
        hint: `paude exec ${handle.id} -- COMMAND runs one command without`,
      })
    const plan = execPlan(backend, handle, SHELL, { terminal: true, stdin: true })
    const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
    if (code !== 0) await requireRunning(context, { backend, handle })
    return code
  },
})
