import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { openKeys } from '../streams/keys.ts'

/** One line from the terminal that is not shown while it is typed. Interrupted, or at the end of the input, it is an error. */
export async function readHidden({ prompt }: Pick<Context, 'prompt'>, question: string): Promise<string> {
  // Before the question: from then on nothing is echoed.
  const keys = openKeys()
  prompt(question)
  let line = ''
  try {
    for (;;) {
      const key = await keys.next()
      if (key === '\r' || key === '\n') return line.trim()
      if (key === '\x03' || (key === '\x04' && line === '')) throw new PaudeError('interrupted', 'interrupted')
      if (key === '\x7f' || key === '\b') line = line.slice(0, -1)
      else if (key === '\x15') line = ''
      else if (key >= ' ' && !key.startsWith('\x1b')) line += key
    }
  } finally {
    keys.pause()
    process.stderr.write('\n')
  }
}
