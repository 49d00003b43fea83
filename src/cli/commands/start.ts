import { join } from 'node:path'
import { defineCommand } from 'citty'
import { claude } from '../../agents/claude.ts'
import { PaudeError } from '../../errors.ts'
import { write } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { LEFT } from '../../run/process.ts'
import { mountCheck } from '../../session/mount-check.ts'
import { carryOut, dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  attach: { type: 'boolean', description: 'Attach this terminal to it' },
  'dry-run': dryRun,
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'start', description: 'Start a stopped session again; the conversation continues' },
    args,
    async run({ args: given }) {
      const { backend, handle, record } = await findSession(context, given.session)
      const credential = record.credential === '' ? null : claude.credential(context.host)
      if (record.credential !== '' && credential?.variable !== record.credential)
        throw new PaudeError('usage', `session ${record.id} was started with ${record.credential}, which is not set now`, {
          hint: `export ${record.credential} and start it again: the value is kept nowhere`,
        })
      const attached = given.attach === true
      // The engine looks the paths up again: the box compares them with what is looked at now.
      const recheck =
        context.host.platform === 'linux' && record.mounts.length > 0
          ? [write(join(handle.folder, 'seed', 'mounts.sh'), mountCheck(record.mounts), 0o644)]
          : []
      const plan = [...recheck, ...backend.resume(handle, { attached, credential: credential?.value ?? null })]
      if (given['dry-run']) return carryOut(context, backend, { plan, dryRun: true })
      const before = await ask(backend.state(handle), context.effects(backend))
      if (before.status === 'running')
        throw new PaudeError('name-taken', `session ${record.id} runs already`, { hint: `paude attach ${record.id}` })
      const code = await execute(plan, context.effects(backend))
      if (!attached) {
        context.answer(record.id)
        return code
      }
      if (code !== LEFT) return code
      context.note(`detached, the session goes on: paude attach ${record.id}`)
      return 0
    },
  })
