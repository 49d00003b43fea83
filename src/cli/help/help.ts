import { PaudeError } from '../../errors.ts'
import { nearest } from '../../text.ts'
import { READS } from '../front-flags.ts'
import { verb, wordOf } from '../verb.ts'
import { help, verbHelp } from './text.ts'

export default verb({
  description: 'Show this help, or that of a verb',
  front: READS,
  args: {
    verb: { type: 'positional', description: 'Verb to explain (default: all of paude)', offers: 'verbs' },
    word: { type: 'positional', description: 'One of its words, like network watch', offers: 'words' },
  },
  examples: [
    ['paude help run', 'flags and examples of a verb'],
    ['paude help network watch', 'and of one of its words'],
  ],
  async run({ commands, answer }, given) {
    if (given.verb === undefined) {
      answer(help(commands))
      return 0
    }
    const name = commands.find(given.verb)
    if (name === null) {
      const close = nearest(given.verb, commands.names)
      throw new PaudeError('usage', `paude has no verb ${JSON.stringify(given.verb)}`, {
        hint: close === null ? "paude help lists them; paude -- --help is the agent's own" : `did you mean paude help ${close}?`,
      })
    }
    const found = await commands.load(name)
    const word = given.word === undefined ? undefined : wordOf(found, given.word)
    if (given.word !== undefined && word === undefined) {
      const close = nearest(given.word, 'words' in found ? Object.keys(found.words) : [])
      throw new PaudeError('usage', `paude ${name} has no verb ${JSON.stringify(given.word)}`, {
        hint: `paude help ${name}${close === null ? '' : ` ${close}`}`,
      })
    }
    answer(
      word === undefined ? verbHelp(commands, `paude ${name}`, found) : verbHelp(commands, `paude ${name} ${given.word}`, word),
    )
    return 0
  },
})
