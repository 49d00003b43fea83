import { PaudeError } from '../../errors.ts'
import { nearest } from '../../text.ts'
import { READS } from '../front-flags.ts'
import { habit } from '../start/habits.ts'
import { isOfAgent } from '../start/near-misses.ts'
import { textWidth } from '../streams/layout.ts'
import { type CommandContext, verb, verbOf } from '../verb.ts'
import { help, helpAll, helpFlags, verbHelp } from './text.ts'

export default verb({
  description: 'Show help, also for a verb, a flag or a key',
  front: READS,
  args: {
    topics: {
      type: 'positional',
      many: true,
      description: 'Verb (run, network watch), key (network.allow), flags, keys, or all',
      offers: 'topics',
    },
  },
  examples: [
    ['paude help run', 'flags and examples of a verb'],
    ['paude help network watch', 'flags and examples of a verb of network'],
    ['paude help network.allow', 'a key: its meaning, default, values, flag and variable'],
    ['paude help flags', 'all flags'],
    ['paude help all', 'all verbs and all flags'],
  ],
  async run(context, { topics: [first, second, ...more] }) {
    if (more.length > 0)
      throw new PaudeError('usage', `paude help: one word too many: ${JSON.stringify(more[0])}`, { hint: 'paude help' })
    context.answer(await helpOf(context, first, second))
    return 0
  },
})

async function helpOf(
  { host, commands }: CommandContext,
  first: string | undefined,
  second: string | undefined,
): Promise<string> {
  const width = textWidth(host)
  if (first === undefined) return help(width)
  const name = commands.find(first)
  if (name !== null) {
    const found = await commands.load(name)
    const inner = second === undefined ? found : verbOf(found, second)
    if (inner === undefined) {
      const close = nearest(second ?? '', 'verbs' in found ? Object.keys(found.verbs) : [])
      throw new PaudeError('usage', `paude ${name} has no verb ${JSON.stringify(second)}`, {
        hint: `paude help ${name}${close === null ? '' : ` ${close}`}`,
      })
    }
    return verbHelp(commands, {
      called: ['paude', name, ...(second === undefined ? [] : [second])].join(' '),
      verb: inner,
      width,
    })
  }
  if (second !== undefined)
    throw new PaudeError('usage', `paude help: one word too many: ${JSON.stringify(second)}`, { hint: `paude help ${first}` })
  if (first === '') throw new PaudeError('usage', 'paude help: the name is empty', { hint: 'list the verbs: paude help all' })
  if (first === 'all') return helpAll(commands, width)
  if (first === 'flags') return helpFlags(width)
  // What checks the keys of files is loaded only when one is asked about.
  const { helpKeys, keyHelp } = await import('./key-help.ts')
  const text = keyHelp(first, width)
  if (text !== null) return text
  const meant = habit(first)
  if (meant !== null) throw new PaudeError('usage', `paude has no verb ${JSON.stringify(first)}`, { hint: meant })
  const close = isOfAgent(first, host) ? null : nearest(first, [...commands.names, ...helpKeys])
  throw new PaudeError('usage', `paude has no verb and no key ${JSON.stringify(first)}`, {
    hint:
      close === null
        ? "list the verbs: paude help all; the keys: paude help keys; the agent's help: paude -- --help"
        : `did you mean paude help ${close}?`,
  })
}
