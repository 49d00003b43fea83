import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * `failures`: of each test that failed its name, and below it the end of what was said of it, where the log has them. `unsteady`: the same
 * of those that failed beside the others and passed when they were played again.
 */
export type Tally = {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly string[]
  readonly unsteady: readonly string[]
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
    unsteady: [],
  }
}

/** One test that failed, or the clean-up of a group of them, which has no name. */
export type Failed = { readonly file: string; readonly group: string; readonly name: string }

/** A hook of a group is in the report as a test of this name. */
const HOOK = '(unnamed)'

/** More failures than these are no accident of a busy machine. */
const AGAIN = 3

/** The failures of a report that are played again; none where they are too many, or where not all of what failed is a test. */
export function worthAgain(report: string, { failed }: Tally): readonly Failed[] {
  const all = failedIn(report)
  const tests = all.filter(({ name }) => name !== HOOK)
  return all.length === failed && tests.length > 0 && tests.length <= AGAIN ? all : []
}

export function failedIn(report: string): readonly Failed[] {
  return [...report.matchAll(/<testcase ([^>]*[^/])>\s*<failure/g)].map(([, head = '']) => {
    const of = (key: string) => unescaped(new RegExp(`(?:^| )${key}="([^"]*)"`).exec(head)?.[1] ?? '')
    // The report has the innermost group first.
    return { file: of('file'), group: of('classname').split(' > ').toReversed().join(' '), name: of('name') }
  })
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (all, code, name) =>
    code === undefined ? (ENTITIES[name] ?? all) : String.fromCodePoint(Number(code)),
  )

/** For the runner: these tests and no others. A hook that failed after its tests is played with those of its group that failed. */
export const patternOf = (failed: readonly Failed[]): string =>
  `^(${failed.flatMap(({ group, name }) => (name === HOOK ? [] : [RegExp.escape(`${group} ${name}`.trimStart())])).join('|')})$`

/** What two runs say together: the second played again what failed in the first. One that it did not find stays failed. */
export function together(first: Tally, second: Tally, asked: readonly Failed[]): Tally {
  const found = second.passed + second.failed >= asked.filter(({ name }) => name !== HOOK).length
  const failed = found ? Math.min(second.failed, first.failed) : first.failed
  const again = new Set(second.failures.map(nameOf))
  const stays = (failure: string) => failed > 0 && (!found || again.size === 0 || again.has(nameOf(failure)))
  return {
    ...first,
    passed: first.passed + first.failed - failed,
    failed,
    failures: first.failures.filter(stays),
    unsteady: first.failures.filter((failure) => !stays(failure)),
  }
}

/** Without what was said of it, and how long it took. */
const nameOf = (failure: string): string => (failure.split('\n')[0] ?? '').replace(/ \[[\d.]+ms\]$/, '')

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
    unsteady: [...a.unsteady, ...b.unsteady],
  }))

const told = (what: string, tests: readonly string[]): string => tests.map((test) => `\n${what}: ${test}\n`).join('')

/** Ends a suite: what failed and its closing line, or the same in the file that PAUDE_TALLY names, for the one who adds suites up. */
export function close(tally: Tally): number {
  const file = process.env['PAUDE_TALLY']
  if (file) writeFileSync(file, JSON.stringify(tally))
  else
    console.log(
      `${told('passed only when played again', tally.unsteady)}${told('failed', tally.failures)}\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`,
    )
  return tally.failed === 0 ? 0 : 1
}
