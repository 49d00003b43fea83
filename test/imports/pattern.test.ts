import { expect, test } from 'bun:test'
import { matchesPattern } from '../../src/agents/imports.ts'

test.each([
  ['*', 'mcp:docs', true],
  ['**@team', 'fmt@team', true],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['a*b*b', 'ab', false],
  ['fmt@team', 'fmt@team2', false],
  ['a.b', 'axb', false],
])('%s and %s: %p', (pattern, name, matched) => expect(matchesPattern(pattern, name)).toBe(matched))

test('a pattern of many stars is answered at once', () => {
  const before = process.cpuUsage()
  expect(matchesPattern(`${'*a'.repeat(40)}b`, 'a'.repeat(200))).toBe(false)
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000) // microseconds, whatever else the machine does
})
