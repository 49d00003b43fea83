import { defineCommand } from 'citty'
import { readVariables } from '../../config/layers/read-flags.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { startSession } from './start.ts'

const args = {
  words: { type: 'positional', description: 'Command and its words', required: true },
} as const

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'run',
      description: 'Run one command in the same box as the agent, without network unless told: paude run -- COMMAND…',
    },
    args,
    async run({ rawArgs }) {
      if (rawArgs.length === 0) throw new PaudeError('usage', 'paude run needs a command', { hint: 'paude run -- make test' })
      // Allowing a host says that a network is wanted; else none is the safer default.
      const said = context.flags.network ?? readVariables(context.host.env).network
      const network =
        said ??
        ([...(context.flags.networkAllow ?? []), ...(context.flags.networkGroups ?? [])].length > 0 ? 'restricted' : 'none')
      return startSession(context, {
        run: { kind: 'command', argv: rawArgs },
        flags: { ...context.flags, network },
      })
    },
  })
