import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession, insistOnRunning } from '../../session/life/find.ts'
import { execPlan } from '../../session/life/plans.ts'
import { streamsOf } from '../../session/resolve/streams.ts'
import { dryRun } from '../args.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  words: { type: 'positional', description: 'Command and its words', required: true },
  'dry-run': dryRun,
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'exec', description: 'Run a command in a running session: paude exec [SESSION] -- COMMAND…' },
    args,
    async run({ args: given, rawArgs }) {
      if (rawArgs.length === 0)
        throw new PaudeError('usage', 'paude exec needs a command', {
          hint: 'paude exec -- ls -la, or paude exec SESSION -- ls -la',
        })
      const { backend, handle } = await findSession(context, given.session, 'running')
      const plan = execPlan(backend, handle, rawArgs, streamsOf(context.host))
      const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
      if (code !== 0) await insistOnRunning(context, { backend, handle })
      return code
    },
  })
