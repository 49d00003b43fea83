import { defineCommand } from 'citty'
import { capture, lines } from '../../run/process.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { readable } from '../readable.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  follow: { type: 'boolean', description: 'Go on as more is printed' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'logs', description: 'Show what a session printed, as readable text' },
    args,
    async run({ args: given }) {
      const { backend, handle } = await findSession(context, given.session)
      if (given.follow) {
        for await (const line of lines(backend.logs(handle, { follow: true }))) {
          const text = readable(line)
          if (text !== '') context.answer(text)
        }
        return 0
      }
      const argv = backend.logs(handle, { follow: false })
      const outcome = await capture(argv)
      if (outcome.code !== 0) throw context.effects(backend).explain({ argv, outcome })
      context.answer(readable(outcome.stdout + outcome.stderr))
      return 0
    },
  })
