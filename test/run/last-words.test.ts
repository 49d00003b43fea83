import { expect, test } from 'bun:test'
import { lastWords } from '../../src/run/last-words.ts'

test('of a long log the last four lines are shown, without the empty ones', () => {
  expect(lastWords('one\ntwo\n\nthree\n four \nfive\n\n')).toBe('  two\n  three\n  four\n  five')
})

test("squid's own figures do not hide its reason", () => {
  const figures = [
    'CPU Usage: 0.02 seconds = 0.01 user + 0.01 sys',
    'Maximum Resident Size: 77 KB',
    'Page faults with physical i/o: 0',
  ]
  expect(lastWords(['FATAL: no', 'a', ...figures, 'b', 'c'].join('\n'))).toBe('  FATAL: no\n  a\n  b\n  c')
})

test('a log that says nothing has no last words', () => {
  expect(lastWords('\n \n')).toBe('')
})

test('no character of them moves a cursor, and a long line is shortened', () => {
  expect(lastWords('\u001b]0;title\u0007 red \u202e')).toBe('  \\u{1b}]0;title\\u{7} red \\u{202e}')
  expect(lastWords('x'.repeat(5000)).length).toBeLessThan(300)
})
