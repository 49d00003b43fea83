import { expect, test } from 'bun:test'
import { printable, printableOutput, quoted, quotedLines, shown } from '../../src/text.ts'

/** What moves a cursor, turns a line round or is not seen at all. */
const UNSEEN = [
  ...['\u0000', '\u001b', '\u007f', '\u009b', '\u00ad', '\u034f', '\u061c', '\u115f', '\u180e', '\u200b', '\u200c', '\u200d'],
  ...['\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2060', '\u2064', '\u2066', '\u2069', '\u206f', '\u3164'],
  ...['\ufe0f', '\ufeff', '\uffa0', '\ufff9', '\u{e0001}', '\u{e0041}', '\u{e0100}'],
]

test.each(UNSEEN.map((letter) => [letter.codePointAt(0)?.toString(16), letter]))('U+%s is seen', (_, letter = '') => {
  const text = `a${letter}b.org`
  for (const said of [printable(text), shown(text), quoted(text), quotedLines([text])]) expect(said).not.toContain(letter)
  expect(JSON.parse(quoted(text))).toBe(text)
  expect(JSON.parse(quotedLines({ text }))).toEqual({ text })
})

test('letters of every script and pictures made of several stay as they are', () => {
  const text = 'straße 日本語 ру́сский ⚠️ 👩🏽‍💻 é\u0301 {"a": 1}'
  expect(printable(text)).toBe(text)
})

test('of output that others print lines and returns stay, colours go, and nothing else of a terminal is left', () => {
  expect(printableOutput('#5 10%\r#5 100%\r\n\x1b[1;32mok\x1b[0m\tdone ⚠️\n')).toBe('#5 10%\r#5 100%\r\nok\tdone ⚠️\n')
  const hostile = '\x1b]52;c;eA==\x07\x1b]0;title\x1b\\\x1b[2J\x1b[1A\x1b\x1b[0m]52;\u009b2J\u009d0;x\u009c\x0e\b\u202e'
  expect(printableOutput(hostile)).not.toMatch(/[\p{Cc}\u202e]/u)
})
