import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { nearest } from '../../text.ts'
import type { CommandContext } from '../context.ts'
import { help, subVerbHelp, verbHelp } from './text.ts'

const args = {
  verb: { type: 'positional', description: 'Verb to explain (default: all of paude)', required: false },
  word: { type: 'positional', description: 'One of its words, like network watch', required: false },
} as const

export default (context: CommandContext) =>
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
      if (given.word === undefined) {
        context.answer(await verbHelp(context, found.name, found.verb))
        return 0
      }
      const text = await subVerbHelp(context, found, given.word)
      if (text === null) {
        const close = nearest(given.word, found.verb.words ?? [])
        throw new PaudeError('usage', `paude ${found.name} has no word ${JSON.stringify(given.word)} to tell of`, {
          hint: `paude help ${found.name}${close === null ? '' : ` ${close}`}`,
        })
      }
      context.answer(text)
      return 0
    },
  })
