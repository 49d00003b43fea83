import { SESSION_ID } from '../../box/session-id.ts'
import { PaudeError } from '../../errors.ts'
import { serveClone } from '../../session/clone/serve.ts'
import { findSession } from '../../session/life/find.ts'
import { nameInside } from '../../text.ts'
import { ACTS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'
import { warnOfExecuted } from './warn-of-executed.ts'

export default verb({
  description: 'Answer git for the remote of a session',
  details: 'git starts it by itself, as git-remote-paude.',
  front: ACTS,
  examples: [],
  args: {
    remote: { type: 'positional', description: 'Name of the remote', required: true },
    url: { type: 'positional', description: 'What its URL says behind paude::', required: true },
  },
  async run(context, { url }) {
    // The configuration of a repository says it.
    if (!SESSION_ID.test(url))
      throw new PaudeError('usage', `paude::${nameInside(url)} names no session`, { hint: 'paude remote add SESSION' })
    const found = await findSession(context, url)
    await serveClone(context, found, {
      lines: stdinLines(),
      say: (text) => void writeAll(1, text),
      told: (executed) => warnOfExecuted(context, executed),
    })
    return 0
  },
})

/** Characters of a line: git says a word and a name. */
const LONGEST = 64 * 1024

async function* stdinLines(): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of Bun.stdin.stream()) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > LONGEST) throw new PaudeError('usage', 'git says a line that does not end', { hint: 'git fetch' })
    yield* parts
  }
}
