import { expect, test } from 'bun:test'
import TOML from '@iarna/toml'
import fc from 'fast-check'
import { withoutLongLists } from '../../src/config/files/long-lists.ts'
import { parseToml } from '../../src/config/files/parse.ts'

const hosts = Array.from({ length: 400 }, (_, at) => `h${at}.example.org`)
const list = (between = ', ', end = '') => `[${hosts.map((host) => `"${host}"`).join(between)}${end}]`
const asParser = (text: string): unknown => JSON.parse(JSON.stringify(TOML.parse(text)))

/** What is taken out, each with what the parser makes of it. */
const taken: Readonly<Record<string, string>> = {
  'on one line': `[network]\nallow = ${list()}\nmode = "open"\n`,
  'on a line each, with a comma at the end': `[network]\n  allow = ${list(',\n  ', ',\n')}\n`,
  'with a dotted key': `network.allow = ${list()}\n`,
  'several of them': `[network]\nallow = ${list()}\ndeny = ${list('\t,\n')}\n[limits]\npids = 5\n`,
  'in a list of tables': `[[a]]\nb = ${list()}\n[[a]]\nb = ${list()}\n`,
  'with signs of TOML in its strings': `a = ${list().replace('h7.', "#'={}, é 漢字 [")}\n`,
  'below __proto__': `[__proto__]\na = ${list()}\n`,
  'as __proto__': `__proto__ = ${list()}\n`,
}

test.each(Object.entries(taken))('a long list is read as ever: %s', (_, text) => {
  expect(withoutLongLists(text)).not.toBeNull()
  expect(parseToml('f', text)).toEqual(asParser(text))
  expect(JSON.stringify(parseToml('f', text))).toBe(JSON.stringify(asParser(text)))
})

/** What looks like one. */
const kept: Readonly<Record<string, string>> = {
  'in a long string': `a = """\nb = ${list()}\n"""\n`,
  'in a literal long string': `a = '''\nb = ${list()}\n'''\nc = 1\n`,
  'with a comment': `a = ${list().replace(', "h5.', ', # five\n"h5.')}\n`,
  'with an escape': String.raw`a = ${list().replace('h5.', '\\u0068.')}`,
  'with a list in it': `a = [${list()}, []]\n`,
  'with a number': `a = ${list().replace('"h5.example.org"', '5')}\n`,
  'with literal strings': `a = ${list().replaceAll('"', "'")}\n`,
  'with a long string': `a = ${list().replace('"h5.example.org"', '"""h5"""')}\n`,
  'with a bracket in a string': `a = ${list().replace('h5.', 'h]5.')}\n`,
}

test.each(Object.entries(kept))('what looks like a long list is read as ever: %s', (_, text) => {
  expect(parseToml('f', text)).toEqual(asParser(text))
})

test('the word that stands for a list is not taken from the text', () => {
  const text = `a = ${list()}\n`
  const short = withoutLongLists(text)
  expect(short?.restore(asParser(`${short.text}b = "x"\n`))).toBe(true)
  expect(short?.restore(asParser('a = ["x"]\n'))).toBe(false)
})

test.each([
  ['twice', `a = ${list(',\n')}\na = ${list()}\n`],
  ['without a comma', `a = ${list(',\n')}\nb = ${list().replace(', ', ' ')}\n`],
  ['unfinished', `a = ${list(',\n')}\nb = [`],
  ['after a fault', `= 5\na = ${list()}\n`],
  ['with a line end in a string', `a = ${list(',\n')}\nb = ${list().replace('h5.', 'h\n5.')}\n`],
  ['with a control character', `a = ${list().replace('h5.', 'h\u00015.')}\n`],
])('what is no TOML is told with its line: %s', (_, text) => {
  const line = () => {
    try {
      TOML.parse(text)
    } catch (error) {
      return (error as { line?: number }).line ?? -2
    }
    return -3
  }
  expect(line()).toBeGreaterThan(-1)
  expect(() => parseToml('f', text)).toThrow(`f:${line() + 1}: not valid TOML`)
})

test('texts of all kinds of pieces are read as the parser reads them, or refused as it refuses them', () => {
  const pieces = [
    '"""',
    "'''",
    '"',
    "'",
    '\n',
    '#',
    ']',
    '[',
    ', ',
    '\\',
    'a = ',
    'b.c = ',
    '[t]\n',
    '[[u]]\n',
    list(),
    list(',\n'),
    '\r\n',
    '= 1\n',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 }), (chosen) => {
      const text = chosen.join('')
      let expected: unknown
      try {
        expected = asParser(text)
      } catch {
        expect(() => parseToml('f', text)).toThrow()
        return
      }
      expect(parseToml('f', text)).toEqual(expected)
    }),
    { numRuns: 1500 },
  )
})
