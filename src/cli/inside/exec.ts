import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { execPlan } from '../../session/life/command.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import { isStopped } from '../../session/record/intent.ts'
import { streamsOf } from '../../session/resolve/streams.ts'
import { dryRun, session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { furtherArgs, furtherOf } from './further.ts'

export default verb({
  description: 'Run a command in a running session',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude exec -- git status', 'one command in the session of this directory'],
    ['paude exec fix-login -- make test', 'in another session'],
    ['paude exec b7k -- env', 'what the agent sees'],
    ['paude exec --workdir packages/api -- npm test', 'in a folder below that of the session'],
    ['paude exec --timeout 60 -- make test', 'ended after a minute, with exit code 124'],
  ],
  args: {
    session,
    ...furtherArgs,
    words: { type: 'positional', rest: true, description: 'Command and its arguments', required: true },
    'dry-run': dryRun,
  },
  async run(context, given) {
    if (given.words.length === 0)
      throw new PaudeError('usage', 'paude exec needs a command', {
        hint: 'paude exec -- ls -la, or paude exec SESSION -- ls -la',
      })
    const how = furtherOf(context, given)
    const { backend, handle } = await findSession(context, given.session, 'running')
    const plan = execPlan(backend, handle, given.words, { ...streamsOf(context.host), ...how })
    // An engine would say it in its own words first.
    if (!given['dry-run'] && isStopped(handle.folder)) await requireRunning(context, { backend, handle })
    const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
    if (code !== 0) await requireRunning(context, { backend, handle })
    return code
  },
})
