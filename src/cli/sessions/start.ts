import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { findSession } from '../../session/life/find.ts'
import { continueSession } from '../../session/life/resume.ts'
import { dryRun } from '../args.ts'

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
