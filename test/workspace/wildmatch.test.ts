import { expect, spyOn, test } from 'bun:test'
import fc from 'fast-check'
import { wildmatch } from '../../src/workspace/wildmatch.ts'

test.each([
  ['/a/b', '/a/b', true],
  ['/a/b', '/a/bc', false],
  ['/a/*', '/a/b', true],
  ['/a/*', '/a/b/c', false],
  ['/a/**', '/a/b/c', true],
  ['/a/**', '/a', false],
  ['**/x/.git', '/x/.git', true],
  ['**/x/.git', '/a/b/x/.git', true],
  ['**/x/.git', '/a/bx/.git', false],
  ['/a/**/c', '/a/c', true],
  ['/a/**/c', '/a/b/b/c', true],
  ['/a**/c', '/ab/c', true],
  ['/a**/c', '/ab/b/c', false],
  ['/?', '/x', true],
  ['?', '/', false],
  ['/[a-c]x', '/bx', true],
  ['/[!a-c]x', '/bx', false],
  ['/[^a]', '/b', true],
  ['/a[!b]c', '/a/c', false],
  ['/\\*', '/*', true],
  ['/\\*', '/a', false],
  ['[', '[', true],
  ['', '', true],
  ['', 'a', false],
])('%s and %s: %p', (pattern, text, fits) => expect(wildmatch(pattern, text)).toBe(fits))

test('case counts unless told', () => {
  expect(wildmatch('/Work/**', '/work/x')).toBe(false)
  expect(wildmatch('/Work/**', '/work/x', { ignoreCase: true })).toBe(true)
})

test('no pattern takes more steps than both lengths give together', () => {
  // A step is a place in the pattern that the text so far may have reached, which goes into a set.
  const step = spyOn(Set.prototype, 'add')
  try {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('*', '**/', '?', 'a', '/', '[a', '[!a]', '\\'), { maxLength: 200 }), (parts) => {
        const [pattern, text] = [parts.join(''), `${'a/'.repeat(200)}b`]
        step.mockClear()
        wildmatch(pattern, text)
        // Each place is reached from two at most, twice.
        expect(step.mock.calls.length).toBeWithin(1, 4 * (pattern.length + 1) * (text.length + 1))
      }),
      { numRuns: 200 },
    )
  } finally {
    step.mockRestore()
  }
})
