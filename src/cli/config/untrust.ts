import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { revokeHere } from '../../project/standing.ts'
import { insistPrivate } from '../../state.ts'

const args = {
  path: { type: 'positional', description: 'File or folder (default: the project around this directory)', required: false },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'untrust', description: 'Trust the configuration of a project no longer' },
    args,
    run({ args: given }) {
      insistPrivate(context.host)
      return revokeHere(context, given.path)
    },
  })
