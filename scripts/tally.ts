import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** `failures`: of each test that failed its name, and below it the end of what was said of it, where the log has them. */
export type Tally = {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly string[]
}

/** Of what a test said before it failed, so many lines at most are repeated, and so much of each. */
const REPEATED = { lines: 45, characters: 200 }

/**
 * Counts a run of `bun test` from its JUnit report, and takes from its log what failed. Files that could not be loaded are in no report,
 * so each expected file that is not named there counts as one failed test, and so does an unexplained exit code.
 * `files` is null when only a part was asked for.
 */
export function tallyOf(
  { report, log }: { readonly report: string; readonly log: string },
  files: readonly string[] | null,
  exitCode: number,
): Tally {
  const head = /<testsuites [^>]*>/.exec(report)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const lost = (files ?? []).filter((file) => !report.includes(`file="${file}"`))
  const failed = count('failures') + lost.length
  const skipped = count('skipped')
  return {
    passed: count('tests') - count('failures') - skipped,
    failed: Math.max(failed, exitCode === 0 && files?.length !== 0 ? 0 : 1),
    skipped,
    failures: [...failuresOf(log), ...lost.map((file) => `${file} is in no report`)],
  }
}

/** What failed, with the end of what was said of it: the log is thousands of lines long, and often only its end is kept. */
function failuresOf(log: string): readonly string[] {
  const failures: string[] = []
  let lines: string[] = []
  for (const line of Bun.stripANSI(log).split('\n')) {
    if (/^\d+ tests? (failed|skipped):/.test(line)) break
    const [, verdict, name] = /^\((pass|fail|skip|todo)\) (.*)/.exec(line) ?? []
    if (verdict === undefined) lines.push(line)
    else {
      const said = lines.slice(-REPEATED.lines).map((one) => `    ${one.slice(0, REPEATED.characters)}`)
      if (verdict === 'fail') failures.push([name, ...said].join('\n'))
      lines = []
    }
  }
  return failures
}

export const readReport = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

export const sum = (tallies: readonly Tally[]): Tally =>
  tallies.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  }))

/** Ends a suite: what failed and its closing line, or the same in the file that PAUDE_TALLY names, for the one who adds suites up. */
export function close(tally: Tally): number {
  const file = process.env['PAUDE_TALLY']
  if (file) writeFileSync(file, JSON.stringify(tally))
  else
    console.log(
      `${tally.failures.map((failure) => `\nfailed: ${failure}\n`).join('')}\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`,
    )
  return tally.failed === 0 ? 0 : 1
}
