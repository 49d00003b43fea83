import { defineCommand } from 'citty'
import { nearest } from '../../config/nearest.ts'
import { PaudeError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { help, verbHelp } from '../help.ts'

const args = {
  verb: { type: 'positional', description: 'Verb to explain (default: all of paude)', required: false },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'help', description: "Show paude's help, or that of a verb" },
    args,
    async run({ args: given }) {
      if (given.verb === undefined) {
        context.answer(help(context))
        return 0
      }
      const found = context.commands.find(given.verb)
      if (found === null) {
        const close = nearest(given.verb, Object.keys(context.commands.verbs))
        throw new PaudeError('usage', `paude has no verb ${JSON.stringify(given.verb)}`, {
          hint: close === null ? "paude help lists them; paude -- --help is Claude's own" : `did you mean paude help ${close}?`,
        })
      }
      context.answer(await verbHelp(context, found.name, found.verb))
      return 0
    },
  })
