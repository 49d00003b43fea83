import { writeFileSync } from 'node:fs'
import { exitCode, PaudeError } from '../../src/errors.ts'
import type { Attach, Plan } from '../../src/plan/plan.ts'
import { admitClients } from '../../src/run/environment.ts'
import { execute } from '../../src/run/execute.ts'
import { attach } from '../../src/run/process.ts'

// A program of its own for the tests of signals: carries out the plan in argv and says how that ended.
const [, , words = '[]', heard = '', clients = '{}'] = process.argv
admitClients(JSON.parse(clients) as Record<string, number>)
const plan = JSON.parse(words) as Plan
// Before the listeners of the plan, which are called in the same breath: a step can wait for the file.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => writeFileSync(heard, ''))
try {
  const code = await execute(plan, {
    note: (text) => process.stderr.write(`note ${text}\n`),
    attach: async (step: Attach) => attach(step.argv, step),
    hold: () => Promise.reject(new Error('nothing is held here')),
    explain: ({ argv, outcome }) =>
      new PaudeError('command-failed', `${argv.join(' ')}: ${outcome.silent === undefined ? outcome.code : 'silent'}`),
    moving: { moves: false, show: () => undefined, clear: () => undefined },
    verbose: (text) => process.stderr.write(text),
  })
  process.stderr.write(`code ${code}\n`)
  process.exitCode = code
} catch (error) {
  const isOurs = error instanceof PaudeError
  process.stderr.write(`error ${isOurs ? error.code : String(error)}\n`)
  // What may be left is told by the commands that take it away.
  if (isOurs && error.message.includes('may be left behind')) process.stderr.write(`${error.message}\n`)
  if (isOurs && error.hint !== '') process.stderr.write(`${error.hint}\n`)
  process.exitCode = isOurs ? exitCode(error, 'agent') : 125
}
