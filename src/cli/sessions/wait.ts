import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { patiently } from '../../run/patience.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/planted.ts'
import { watchProvider } from '../../session/life/provider-watch.ts'
import { goalNames, readGoal } from '../../session/life/wait.ts'
import type { Found } from '../../session/record/found.ts'
import { printable } from '../../text.ts'
import { readTimeout } from '../args.ts'

const args = {
  sessions: { type: 'positional', description: 'Sessions (default: the one of this directory)', required: false },
  for: {
    type: 'string',
    valueHint: 'STATE',
    description: `What to wait for: ${goalNames.join(', ')}; several with commas (default: exited)`,
  },
  any: { type: 'boolean', description: 'Until the first one got there' },
  all: { type: 'boolean', description: 'Until every one got there (default)' },
  timeout: { type: 'string', valueHint: 'SECONDS', description: 'Give up after this time, with exit code 124 (default: none)' },
  json: { type: 'boolean', description: 'One JSON object a line' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'wait', description: 'Wait for sessions: exit code 0 when they got there, 3 when one never will' },
    args,
    async run({ args: given, rawArgs }) {
      const goal = readGoal(given.for ?? 'exited')
      if (given.any && given.all)
        throw new PaudeError('usage', '--any and --all contradict each other', { hint: 'leave one out' })
      const seconds = readTimeout(given.timeout)
      const found = await Promise.all((rawArgs.length === 0 ? [undefined] : rawArgs).map((word) => findOrNever(context, word)))
      // Of a session with a screen its holder knows, and `sessions` tells.
      const unlook = found
        .filter(({ handle }) => !handle.terminal)
        .map((each) => watchProvider(each, (fault) => fault !== '' && context.warn(printable(`${each.handle.id}: ${fault}`))))
      const waiting = patiently(seconds, async (signal) => {
        const waits = found.map(async (each) => {
          const reached = await goal(context, each, signal)
          signal.throwIfAborted()
          const { id } = each.handle
          context.answer(
            given.json ? JSON.stringify({ id, ...reached }) : [id, reached.state, reached.exitCode ?? ''].join(' ').trimEnd(),
          )
        })
        if (given.any) await Promise.any(waits).catch((error: AggregateError) => Promise.reject(error.errors[0]))
        else await Promise.all(waits)
      })
      await waiting.finally(() => {
        for (const each of found) warnOnce(context, each)
        for (const stop of unlook) stop()
      })
      return 0
    },
  })

/** A session that is gone cannot get anywhere: not the same as a wrong word. */
async function findOrNever(context: Context, word: string | undefined): Promise<Found> {
  try {
    return await findSession(context, word, 'running')
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code !== 'not-found') throw error
    throw new PaudeError('never', error.message, { hint: error.hint, cause: error })
  }
}
