import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { findSession, insistOnRunning } from '../../session/life/find.ts'
import { execPlan } from '../../session/life/plans.ts'
import { dryRun } from '../args.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  'dry-run': dryRun,
} as const

/** bash where the image has it. */
const SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash || exec sh']

export default (context: Context) =>
  defineCommand({
    meta: { name: 'shell', description: 'Open a shell in a running session, behind the same wall' },
    args,
    async run({ args: given }) {
      const { backend, handle } = await findSession(context, given.session, 'running')
      const { stdin, stdout } = context.host.terminal
      if (!given['dry-run'] && !(stdin && stdout))
        throw new PaudeError('unsupported', 'shell needs a terminal on stdin and stdout', {
          hint: `paude exec ${handle.id} -- COMMAND runs one command without`,
        })
      const plan = execPlan(backend, handle, SHELL, { terminal: true, stdin: true })
      const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
      if (code !== 0) await insistOnRunning(context, { backend, handle })
      return code
    },
  })
