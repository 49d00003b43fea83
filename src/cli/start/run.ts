import { readVariables } from '../../config/layers/read-flags.ts'
import { PaudeError } from '../../errors.ts'
import { alsoTaking, IN_FOREGROUND, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { startSession } from './start.ts'

export default verb({
  description: 'Run one command in a sandbox of its own',
  details: 'The sandbox is like that of an agent, but without a network unless you ask for one.',
  caller: 'agent',
  // The image is that of the agent.
  front: alsoTaking(IN_FOREGROUND, taking('agent')),
  starts: true,
  examples: [
    ['paude run -- make test', 'without a network'],
    ['paude run --network-allow example.org -- curl https://example.org', 'with one allowed host'],
    ['paude --timeout 60 run -- ./script.sh', 'end after a minute, with exit code 124'],
  ],
  args: {
    words: { type: 'positional', rest: true, description: 'Command and its arguments', required: true },
  },
  async run(context, { words }) {
    if (words.length === 0) throw new PaudeError('usage', 'paude run needs a command', { hint: 'paude run -- make test' })
    // Allowing a host says that a network is wanted; else none is the safer default.
    const said = context.flags.network ?? readVariables(context.host.env).network
    const network =
      said ?? ([...(context.flags.networkAllow ?? []), ...(context.flags.networkGroups ?? [])].length > 0 ? 'restricted' : 'none')
    return startSession(context, {
      run: { kind: 'command', argv: words },
      flags: { ...context.flags, network },
    })
  },
})
