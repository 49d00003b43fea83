import { existsSync } from 'node:fs'
import { defineCommand } from 'citty'
import { endHolder, holderMark } from '../../hold/end.ts'
import { want } from '../../session/wanted.ts'
import { readSeconds } from '../args.ts'
import { carryOut, dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { warnOfPlanted } from '../planted.ts'

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
      const { backend, handle, record } = await findSession(context, given.session)
      const grace = Math.ceil(readSeconds(given.grace, 10, '--grace'))
      const dryRun = given['dry-run'] === true
      // Noted first: whatever comes between, `paude up` leaves it stopped.
      const note = existsSync(handle.folder) ? want(handle.folder, 'stopped') : []
      const holder = holderMark(handle.folder)
      const code = await carryOut(context, backend, { plan: [...note, ...backend.stop(handle, grace)], dryRun })
      if (!dryRun) {
        await endHolder(holder)
        await warnOfPlanted(context, record)
      }
      return code
    },
  })
