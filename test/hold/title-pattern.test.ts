import { expect, test } from 'bun:test'
import type { AgentState } from '../../src/events/activity.ts'
import { nextState } from '../../src/hold/activity.ts'

const START: AgentState = { activity: 'starting', kind: '', message: '', since: 'then' }
const after = (titles: readonly string[]) =>
  titles.reduce<AgentState>((before, title) => nextState(before, `0;${title}`, { titleSigns: /^\* /u, now: 'now' }), START)
    .activity

test('an agent whose title matches works, and one whose title no longer does is done', () => {
  expect(after(['ready'])).toBe('idle')
  expect(after(['ready', '* thinking'])).toBe('working')
  expect(after(['* thinking', 'ready'])).toBe('done')
  expect(after(['* thinking', 'ready', 'ready again'])).toBe('done')
})

test('a pattern is tried on the beginning of a title alone', () => {
  const long = nextState(START, `0;${' '.repeat(5000)}* `, { titleSigns: /\* /u, now: 'now' })
  expect(long.activity).toBe('idle')
})
