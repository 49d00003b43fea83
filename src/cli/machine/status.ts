import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { quotedLines } from '../../text.ts'
import { lookStatus } from './look-status.ts'
import { statusLines } from './status-lines.ts'

const args = { json: { type: 'boolean', description: 'Print one JSON document' } } as const

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'status',
      description: 'Show what a start here would use: engine, configuration, images; and what there is already',
    },
    args,
    async run({ args: { json } }) {
      const status = await lookStatus(context)
      context.answer(json ? quotedLines(status) : statusLines(status, Date.now()).join('\n'))
      return status.backend.name === '' || status.fault !== '' ? 1 : 0
    },
  })
