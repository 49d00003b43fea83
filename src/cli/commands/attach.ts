import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { carryOut, dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { warnOfPlanted } from '../planted.ts'
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
      const { backend, handle, record } = await findSession(context, given.session)
      const plan = backend.attach(handle)
      if (given['dry-run']) return carryOut(context, backend, { plan, dryRun: true })
      const { terminal } = context.host
      if (!terminal.stdin || !terminal.stdout)
        throw new PaudeError('unsupported', 'attach needs a terminal on stdin and stdout', {
          hint: `paude logs ${handle.id} shows what the session printed`,
        })
      const effects = context.effects(backend)
      const gone = new PaudeError('not-found', `session ${handle.id} is gone`, { hint: 'paude sessions lists what is there' })
      // Asked before as well: docker's client answers for a stopped session with 1, which may as well be an agent's code.
      const before = await ask(backend.state(handle), effects).catch((error: unknown) => {
        throw error instanceof PaudeError && error.code === 'not-found' ? gone : error
      })
      if (before.status !== 'running')
        throw new PaudeError('not-found', `session ${handle.id} does not run`, {
          hint: before.status === 'paused' ? `${backend.program} unpause ${handle.id}` : `paude start ${handle.id}`,
        })
      enterScreen(context.host)
      await execute(plan, effects).finally(() => resetTerminal(context.host))
      // The client's own code does not tell a detach from an end.
      const state = await ask(backend.state(handle), effects).catch(() => null)
      if (state === null) throw gone
      if (state.status === 'running') {
        context.note(`detached, the session goes on: paude attach ${handle.id}`)
        return 0
      }
      context.note(`session ${handle.id} ended with exit code ${state.exitCode}`)
      await warnOfPlanted(context, record)
      return state.exitCode
    },
  })
