import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { lineFinder, tomlEntries } from '../../src/config/files/toml-entries.ts'
import { anyWord } from '../support/words.ts'

const TEXT = `# top = 1
a = "x # no" # comment
b.c = [ # list
  "]", '[', # more ] "
  { d = 1 },
]
'quoted key' = """
[not.a.header]
e = 1\\""" still """

[ f . "g h" ]
i = 1979-05-27 07:32:00
j = { k = { l = true } }
[[m]]
n = 'o'`

test('keys and headers are found where they stand, and nothing in strings, lists or comments', () => {
  const { entries, headers } = tomlEntries(TEXT)
  expect(entries.map(({ path, line, value, end }) => [path.join('/'), line, TEXT.slice(value, end)])).toEqual([
    ['a', 2, '"x # no"'],
    ['b/c', 3, TEXT.slice(TEXT.indexOf('[ # list'), TEXT.indexOf("'quoted") - 1)],
    ['quoted key', 7, TEXT.slice(TEXT.indexOf('"""'), TEXT.indexOf('\n\n[ f'))],
    ['f/g h/i', 12, '1979-05-27 07:32:00'],
    ['f/g h/j', 13, '{ k = { l = true } }'],
    ['m/n', 15, "'o'"],
  ])
  expect(headers.map(({ path, line }) => [path.join('/'), line])).toEqual([
    ['f/g h', 11],
    ['m', 14],
  ])
})

test.each([
  [['a'], 2],
  [['b', 'c', '2', 'd'], 3],
  [['f', 'g h', 'j', 'k'], 13],
  [['f', 'g h', 'none'], 11],
  [['f'], 11],
  [['nowhere'], null],
])('the line of %j is %p', (path, line) => {
  expect(lineFinder(TEXT)(path)).toBe(line)
})

test('it comes to an end on any text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyWord, fc.constantFrom('[', ']', '{', '"""', "'", '=', '.', '#', '\n')), { maxLength: 20 }),
      (parts) => {
        const text = parts.join('')
        for (const { start, end } of tomlEntries(text).entries) expect(end).toBeGreaterThan(start)
      },
    ),
    { numRuns: 2000 },
  )
})
