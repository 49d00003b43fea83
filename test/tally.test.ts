import { describe, expect, test } from 'bun:test'
import { failedIn, patternOf, type Tally, tallyOf, together, worthAgain } from '../scripts/tally.ts'

const CASE = {
  good: '<testcase name="fine" classname="a group" time="0.1" file="test/e2e/a.test.ts" line="4" assertions="1" />',
  plan: '<testcase name="the &lt;plan&gt; (mode)" classname="inner &gt; a group" time="0.1" file="test/e2e/a.test.ts" line="3" assertions="1">\n<failure type="AssertionError">x</failure></testcase>',
  hook: '<testcase name="(unnamed)" classname="a group" time="0.1" file="test/e2e/a.test.ts" assertions="1">\n<failure type="AssertionError">x</failure></testcase>',
}
const report = (...cases: readonly string[]) =>
  `<testsuites name="bun test" tests="${cases.length}" failures="${cases.filter((one) => one.includes('<failure')).length}" skipped="0">${cases.join('\n')}</testsuites>`

const PLAN = '(fail) a group > inner > the <plan> (mode) [12.10ms]'
const HOOK = '(fail) a group > (unnamed) [1.00ms]'
const tally = (cases: readonly string[], log: string): Tally =>
  tallyOf({ report: report(...cases), log: `said of it\n${log}\n` }, null, log === '' ? 0 : 1)

describe('what failed beside the others', () => {
  const asked = failedIn(report(CASE.plan, CASE.hook))
  const first = tally([CASE.good, CASE.plan, CASE.hook], `${PLAN}\n${HOOK}`)

  test('is read from the report with its groups from the outermost on', () => {
    expect(failedIn(report(CASE.good, CASE.plan))).toEqual([
      { file: 'test/e2e/a.test.ts', group: 'a group inner', name: 'the <plan> (mode)' },
    ])
  })

  test('is played again by a pattern that fits it alone', () => {
    const pattern = new RegExp(patternOf(failedIn(report(CASE.plan, CASE.hook))))
    expect('a group inner the <plan> (mode)').toMatch(pattern)
    for (const other of ['a group inner the <plan> (mode) too', 'a group fine', 'a group inner the <plan> mode'])
      expect(other).not.toMatch(pattern)
  })

  test('is not played again when it is too much, when no test is among it, or when a file could not be loaded', () => {
    expect(worthAgain(report(CASE.good, CASE.plan, CASE.hook), first)).toHaveLength(2)
    const many = report(...Array.from({ length: 4 }, () => CASE.plan))
    expect(worthAgain(many, tallyOf({ report: many, log: '' }, null, 1))).toEqual([])
    const alone = report(CASE.hook)
    expect(worthAgain(alone, tallyOf({ report: alone, log: '' }, null, 1))).toEqual([])
    const lost = report(CASE.plan)
    expect(worthAgain(lost, tallyOf({ report: lost, log: '' }, ['test/e2e/b.test.ts'], 1))).toEqual([])
    const crashed = report(CASE.good)
    expect(worthAgain(crashed, tallyOf({ report: crashed, log: '' }, null, 139))).toEqual([])
  })

  test('counts as passed and is told when it passes the second time', () => {
    expect(together(first, tally([CASE.plan.replace(/>\n.*/s, ' />')], ''), asked)).toEqual({
      passed: 3,
      failed: 0,
      skipped: 0,
      failures: [],
      unsteady: first.failures,
    })
  })

  test('stays failed when it fails again, or when the second run says nothing of it', () => {
    expect(together(first, tally([CASE.plan], PLAN.replace('12.10', '99.00')), asked)).toMatchObject({
      passed: 2,
      failed: 1,
      failures: [expect.stringContaining('the <plan> (mode)')],
      unsteady: [expect.stringContaining('(unnamed)')],
    })
    const crashed = tallyOf({ report: '', log: '' }, null, 139)
    expect(together(first, crashed, asked)).toMatchObject({ failed: 1, failures: first.failures, unsteady: [] })
    const two = [...asked, ...failedIn(report(CASE.plan))]
    expect(together(first, tally([CASE.good], ''), two)).toMatchObject({ failed: 2, failures: first.failures, unsteady: [] })
  })
})
