import type { Argv } from '../plan/plan.ts'
import { shortened, shown } from '../text.ts'
import { question } from './question.ts'

/** The last lines of a log, each safe to show to a person; '' when it says nothing. */
export const lastWords = (log: string): string =>
  log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !STATISTICS.test(line))
    .slice(-4)
    .map((line) => `  ${shown(shortened(line))}`)
    .join('\n')

/** What squid counts behind its reason for ending. */
const STATISTICS = /^(CPU Usage|Maximum Resident Size|Page faults with physical i\/o): /

/** What a container said last on stderr; `logs` are the words that print its log. */
export const askLastWords = async (logs: Argv): Promise<string> =>
  await question(logs).then(
    ({ code, stderr }) => (code === 0 ? lastWords(stderr) : ''),
    () => '',
  )

/** The same where the log is on stdout. */
export const askAllWords = async (logs: Argv): Promise<string> =>
  await question(logs).then(
    ({ code, stdout }) => (code === 0 ? lastWords(stdout) : ''),
    () => '',
  )
