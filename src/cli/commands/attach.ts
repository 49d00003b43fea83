import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { carryOut, dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { enterScreen, resetTerminal } from '../terminal.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  'dry-run': dryRun,
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'attach', description: 'Attach this terminal to a running session; Ctrl-P Ctrl-Q detaches' },
    args,
    async run({ args: given }) {
      const { backend, handle } = await findSession(context, given.session)
      const plan = backend.attach(handle)
      if (given['dry-run']) return carryOut(context, backend, { plan, dryRun: true })
      const { terminal } = context.host
      if (!terminal.stdin || !terminal.stdout)
        throw new PaudeError('unsupported', 'attach needs a terminal on stdin and stdout', {
          hint: `paude logs ${handle.id} shows what the session printed`,
        })
      enterScreen(context.host)
      // 1: the client. 2: the state, since the client's own code does not tell a detach from an end.
      const code = await execute(plan, context.effects(backend)).finally(() => resetTerminal(context.host))
      const state = await ask(backend.state(handle), context.effects(backend)).catch(() => null)
      if (state === null)
        throw new PaudeError('not-found', `session ${handle.id} is gone`, { hint: 'paude sessions lists what is there' })
      if (state.status === 'running') {
        context.note(`detached, the session goes on: paude attach ${handle.id}`)
        return 0
      }
      if (state.status === 'created' || code === 125)
        throw new PaudeError('not-found', `session ${handle.id} does not run`, { hint: `paude start ${handle.id}` })
      context.note(`session ${handle.id} ended with exit code ${state.exitCode}`)
      return state.exitCode
    },
  })
