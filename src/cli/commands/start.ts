import { defineCommand } from 'citty'
import { dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { continueSession } from '../continue.ts'
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
      const found = await findSession(context, given.session, 'ended')
      return continueSession(context, found, { attached: given.attach === true, dryRun: given['dry-run'] === true })
    },
  })
