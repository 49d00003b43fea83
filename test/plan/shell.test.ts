import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { commandLine, quote } from '../../src/plan/shell.ts'
import { anyWord } from '../support/words.ts'

const printWords = (line: string): readonly string[] =>
  Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${line}`])
    .stdout.toString()
    .split('\0')
    .slice(0, -1)

test('a shell reads every word back as it was', () => {
  fc.assert(
    fc.property(fc.array(anyWord, { minLength: 1, maxLength: 30 }), (words) => {
      expect(printWords(commandLine(words))).toEqual(words)
    }),
    { numRuns: 80 },
  )
})

test.each([
  ['', "''"],
  ['plain-word_1.2/3:4,5@6%7+8=9', 'plain-word_1.2/3:4,5@6%7+8=9'],
  ["it's", `'it'\\''s'`],
  ['$HOME `id` $(id)', "'$HOME `id` $(id)'"],
  ['~', "'~'"],
  ['*', "'*'"],
  ['a\nb', "'a\nb'"],
  ['!!', "'!!'"],
])('%j is written as %s', (word, written) => {
  expect(quote(word)).toBe(written)
})
