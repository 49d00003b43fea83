import { PaudeError } from '../../errors.ts'
import { nearest } from '../../text.ts'
import { READS } from '../front-flags.ts'
import { verb, verbOf } from '../verb.ts'
import { help, verbHelp } from './text.ts'

export default verb({
  description: 'Show this help, or that of a verb',
  front: READS,
  args: {
    verbs: {
      type: 'positional',
      many: true,
      description: 'Verb to explain, like run or network watch (default: all of paude)',
      offers: 'verbs',
    },
  },
  examples: [
    ['paude help run', 'flags and examples of a verb'],
    ['paude help network watch', 'and of a verb of network'],
  ],
  async run({ commands, answer }, { verbs: [first, second, ...more] }) {
    if (more.length > 0)
      throw new PaudeError('usage', `paude help: one word too many: ${JSON.stringify(more[0])}`, { hint: 'paude help' })
    if (first === undefined) {
      answer(help(commands))
      return 0
    }
    const name = commands.find(first)
    if (name === null) {
      const close = nearest(first, commands.names)
      throw new PaudeError('usage', `paude has no verb ${JSON.stringify(first)}`, {
        hint: close === null ? "paude help lists them; paude -- --help is the agent's own" : `did you mean paude help ${close}?`,
      })
    }
    const found = await commands.load(name)
    const inner = second === undefined ? found : verbOf(found, second)
    if (inner === undefined) {
      const close = nearest(second ?? '', 'verbs' in found ? Object.keys(found.verbs) : [])
      throw new PaudeError('usage', `paude ${name} has no verb ${JSON.stringify(second)}`, {
        hint: `paude help ${name}${close === null ? '' : ` ${close}`}`,
      })
    }
    answer(verbHelp(commands, ['paude', name, ...(second === undefined ? [] : [second])].join(' '), inner))
    return 0
  },
})
