import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { findSession } from '../../session/life/find.ts'
import { stopSession } from '../../session/life/stop.ts'
import { dryRun, readSeconds } from '../args.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  grace: { type: 'string', valueHint: 'SECONDS', description: 'Time the agent gets to finish (default: 10)' },
  'dry-run': dryRun,
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'stop', description: 'Stop a session and keep it: paude start continues it' },
    args,
    async run({ args: given }) {
      const found = await findSession(context, given.session, 'running')
      const grace = Math.ceil(readSeconds(given.grace, 10, '--grace'))
      const dryRun = given['dry-run'] === true
      const code = await stopSession(context, found, { grace, dryRun })
      if (!dryRun) context.answer(found.handle.id)
      return code
    },
  })
