import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import { execPlan } from '../../session/life/plans.ts'
import { streamsOf } from '../../session/resolve/streams.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Run a command in a running session',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude exec -- git status', 'one command in the session of this directory'],
    ['paude exec fix-login -- make test', 'in another session'],
    ['paude exec b7k -- env', 'what the agent sees'],
    ['paude exec --workdir packages/api -- npm test', 'in a folder below that of the session'],
  ],
  args: {
    session,
    workdir: {
      type: 'string',
      letter: 'w',
      valueHint: 'DIR',
      description: 'Folder of the command in the sandbox (default: the directory of the session)',
    },
    words: { type: 'positional', rest: true, description: 'Command and its arguments', required: true },
    'dry-run': dryRun,
  },
  async run(context, given) {
    if (given.words.length === 0)
      throw new PaudeError('usage', 'paude exec needs a command', {
        hint: 'paude exec -- ls -la, or paude exec SESSION -- ls -la',
      })
    const { backend, handle } = await findSession(context, given.session, 'running')
    const plan = execPlan(backend, handle, given.words, { ...streamsOf(context.host), folder: given.workdir ?? '' })
    const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
    if (code !== 0) await requireRunning(context, { backend, handle })
    return code
  },
})
