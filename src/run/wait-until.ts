import { setTimeout as sleep } from 'node:timers/promises'
import { PaudeError } from '../errors.ts'
import type { Argv, Until } from '../plan/plan.ts'
import { commandLine } from '../plan/shell.ts'
import { shown } from '../text.ts'
import type { Effects } from './effects.ts'
import type { Interruption } from './interruption.ts'
import { askAllWords } from './last-words.ts'
import type { Outcome } from './process.ts'
import { ANSWER, question } from './question.ts'

type Waiting = { readonly effects: Effects; readonly interruption: Interruption }

/** Asks until the answer is the one that the step waits for. Throws at the answer that says it will never come, and when the time is over unless the step is tolerant. */
export async function waitUntil(step: Until, { effects, interruption }: Waiting): Promise<void> {
  const { ask, ready, never, title, every, most } = step
  const [isReady, isNever] = [new RegExp(ready, 'm'), never === undefined ? null : new RegExp(never.pattern, 'm')]
  const deadline = performance.now() + most * 1000
  let last = ''
  while (true) {
    const outcome = await question(ask, { signal: interruption.signal, most: ANSWER })
    const { code, stdout, stderr } = outcome
    interruption.check()
    if (code === 0 && isReady.test(stdout)) return
    if (isNever?.test(stdout)) throw await withLog(step, await neverError(step, outcome, effects))
    last = (code === 0 ? stdout : stderr).trim().split('\n').at(-1) ?? ''
    if (performance.now() + every * 1000 > deadline) break
    await sleep(every * 1000, undefined, { signal: interruption.signal }).catch(() => interruption.check())
  }
  if (step.tolerant) return
  if (step.why !== undefined) throw await withLog(step, await explained(step.why, effects))
  throw new PaudeError('command-failed', `not within ${most} s: ${title}${last === '' ? '' : ` (last answer: ${shown(last)})`}`, {
    hint: commandLine(ask),
  })
}

async function neverError({ ask, never, why }: Until, outcome: Outcome, effects: Effects): Promise<PaudeError> {
  if (never?.message !== undefined) return new PaudeError('command-failed', never.message, { hint: never.hint ?? '' })
  return why === undefined ? effects.explain({ argv: ask, outcome }) : await explained(why, effects)
}

const explained = async (argv: Argv, { explain }: Effects): Promise<PaudeError> =>
  explain({ argv, outcome: await question(argv, { most: ANSWER }) })

async function withLog({ log }: Until, error: PaudeError): Promise<PaudeError> {
  const words = log === undefined ? '' : await askAllWords(log)
  return words === '' ? error : new PaudeError(error.code, `${error.message}\nthe end of its output:\n${words}`, error)
}
