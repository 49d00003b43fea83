import type { Context } from '../../context.ts'
import { exitCode, PaudeError } from '../../errors.ts'
import { patiently } from '../../run/patience.ts'
import { watchBeside } from '../../session/life/alarm-here.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/new-executables.ts'
import { watchProvider } from '../../session/life/provider-watch.ts'
import { readWaitFor, waitForNames } from '../../session/life/wait.ts'
import type { Found } from '../../session/record/found.ts'
import { printable } from '../../text.ts'
import { readTimeout } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Wait until sessions have ended, have answered or need you',
  details: 'Exit code 0 if they reached the state, 3 if one never will.',
  front: READS,
  examples: [
    ['paude wait', 'until the session of this directory has ended'],
    ['paude wait one two --any --timeout 600', 'for the first of two, ten minutes at most'],
    ['paude wait fix-login --for done,waiting,error', 'until its agent has answered, asks or failed'],
  ],
  args: {
    sessions: {
      type: 'positional',
      many: true,
      offers: 'sessions',
      description: 'Sessions (default: the one of this directory)',
    },
    for: {
      type: 'string',
      valueHint: 'STATE',
      offers: waitForNames,
      description: `What to wait for: ${waitForNames.join(', ')}; several with commas (default: exited)`,
    },
    any: { type: 'boolean', description: 'Wait for the first session only' },
    all: { type: 'boolean', description: 'Wait for every session (default)' },
    timeout: { type: 'string', valueHint: 'SECONDS', description: 'Give up after this time, with exit code 124 (default: none)' },
    json: { type: 'boolean', description: 'Print one JSON object per line' },
  },
  async run(context, given) {
    const reach = readWaitFor(given.for ?? 'exited')
    if (given.any && given.all) throw new PaudeError('usage', '--any and --all cannot be combined', { hint: 'leave one out' })
    const seconds = readTimeout(given.timeout)
    const words = given.sessions.length === 0 ? [undefined] : [...new Set(given.sessions)]
    let worst = 0
    // One of several that does not get there is named, and the others are waited for all the same.
    const failed = (name: string | undefined, error: unknown): void => {
      if (words.length === 1 || !(error instanceof PaudeError) || ['interrupted', 'timeout'].includes(error.code)) throw error
      context.warn(printable(`${name}: ${error.message}${error.hint === '' ? '' : `; ${error.hint}`}`))
      worst = Math.max(worst, exitCode(error, 'management'))
    }
    const found: Found[] = []
    for (const word of words) {
      const one = await findOrNever(context, word).catch((error: unknown) => {
        // Known before anything is waited for, and no end of the others makes it right.
        if (!given.any) throw error
        failed(word, error)
      })
      if (one !== undefined) found.push(one)
    }
    if (found.length === 0) return worst
    // Of a session with a screen its holder knows, and `sessions` tells.
    const unlook = found
      .filter(({ handle }) => !handle.terminal)
      .map((each) => watchProvider(each, (fault) => fault !== '' && context.warn(printable(`${each.handle.id}: ${fault}`))))
    unlook.push(...found.map((each) => watchBeside(context, each)))
    const left = new Set(found.map(({ handle }) => handle.id))
    const late = () => `${[...left].join(', ')} did not reach ${(given.for ?? 'exited').replaceAll(',', ' or ')}`
    const act = async (signal: AbortSignal) => {
      const waits = found.map(async (each) => {
        const reached = await reach(context, each, signal)
        signal.throwIfAborted()
        const { id } = each.handle
        left.delete(id)
        context.answer(
          given.json ? JSON.stringify({ id, ...reached }) : [id, reached.state, reached.exitCode ?? ''].join(' ').trimEnd(),
        )
      })
      if (given.any) {
        await Promise.any(waits).catch((error: AggregateError) => Promise.reject(error.errors[0]))
        worst = 0
      } else
        await Promise.all(
          waits.map((one, at) =>
            one.catch((error: unknown) => {
              signal.throwIfAborted()
              failed(found[at]?.handle.id, error)
            }),
          ),
        )
    }
    await patiently(seconds, act, late).finally(() => {
      for (const each of found) warnOnce(context, each)
      for (const stop of unlook) stop()
    })
    return worst
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
