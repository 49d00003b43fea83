import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** `failures`: the names of the tests that failed, where the report has them. */
export type Tally = {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly string[]
}

/**
 * Counts a run of `bun test` from its JUnit report. Files that could not be loaded are in no report,
 * so each expected file that is not named there counts as one failed test, and so does an unexplained exit code.
 * `files` is null when only a part was asked for.
 */
export function tallyOf(report: string, files: readonly string[] | null, exitCode: number): Tally {
  const head = /<testsuites [^>]*>/.exec(report)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const lost = (files ?? []).filter((file) => !report.includes(`file="${file}"`)).length
  const failed = count('failures') + lost
  const skipped = count('skipped')
  return {
    passed: count('tests') - count('failures') - skipped,
    failed: Math.max(failed, exitCode === 0 && files?.length !== 0 ? 0 : 1),
    skipped,
    failures: [...report.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<failure/g)].map(([, name, group]) =>
      plain(`${group} > ${name}`),
    ),
  }
}

/** The five entities that a report in XML has. */
const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')

export const readReport = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

export const sum = (tallies: readonly Tally[]): Tally =>
  tallies.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  }))

/** Ends a suite: its closing line, or the same in the file that PAUDE_TALLY names, for the one who adds suites up. */
export function close(tally: Tally): number {
  const file = process.env['PAUDE_TALLY']
  if (file) writeFileSync(file, JSON.stringify(tally))
  else console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
  return tally.failed === 0 ? 0 : 1
}
