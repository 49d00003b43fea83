import { isUnanswered, PaudeError } from '../errors.ts'
import type { Query } from '../plan/query.ts'
import { commandLine } from '../plan/shell.ts'
import type { Effects } from './effects.ts'
import type { Outcome } from './process.ts'
import { question } from './question.ts'

/** For `catch`: that an engine refuses an answer is null; that it does not answer at all stays an error, since then nobody can tell. */
export function refusedIsNull(error: unknown): null {
  if (isUnanswered(error)) throw error
  return null
}

const underWay = new Map<string, Promise<Outcome>>()

/**
 * Runs a program that only tells, and not again while it runs already: several checks ask the same. Not for what is asked after a
 * change, since the answer may be older than that.
 */
export function captureOnce(argv: Query<unknown>['argv']): Promise<Outcome> {
  const key = argv.join('\0')
  const running = underWay.get(key) ?? question(argv).finally(() => underWay.delete(key))
  underWay.set(key, running)
  return running
}

/** Asks a program; its failure is explained and thrown. Output of a failed call is never parsed; what cannot be read is an error too. */
export async function ask<T>(
  { argv, parse }: Query<T>,
  { explain }: Pick<Effects, 'explain'>,
  run: (argv: Query<T>['argv']) => Promise<Outcome> = question,
): Promise<T> {
  const outcome = await run(argv)
  if (outcome.code !== 0) throw explain({ argv, outcome })
  try {
    return parse(outcome.stdout)
  } catch (error) {
    // What another program prints is input, also that of a wrapper in an engine's place.
    if (error instanceof PaudeError) throw error
    throw new PaudeError('command-failed', `paude cannot read the answer of ${argv[0]}`, {
      hint: `see what it prints: ${commandLine(argv)}`,
      cause: error,
    })
  }
}

/** Several questions of a kind side by side: what all of them answer. */
export const askAll = async <T>(
  queries: readonly Query<readonly T[]>[],
  effects: Pick<Effects, 'explain'>,
  run?: (argv: Query<T>['argv']) => Promise<Outcome>,
): Promise<readonly T[]> => (await Promise.all(queries.map((query) => ask(query, effects, run)))).flat()
