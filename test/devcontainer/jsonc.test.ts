import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PaudeError } from '../../src/errors.ts'
import { parseJsonc } from '../../src/project/devcontainer/jsonc.ts'

const faultOf = (text: string): string => {
  try {
    parseJsonc('/p/devcontainer.json', text)
    return ''
  } catch (error) {
    if (error instanceof PaudeError) return error.message
    throw error
  }
}

describe('JSON with comments', () => {
  test('may have comments, trailing commas and a byte order mark', () => {
    const text = '\ufeff// first\n{ /* in\nbetween */ "a": "// no comment", "b": [1, 2,], } // last'
    expect(parseJsonc('f', text)).toEqual({ a: '// no comment', b: [1, 2] })
  })

  test.each([
    ['{\n  "a": 1,\n  "b" 2\n}', ':3: not valid JSON: expected ":"'],
    ['{\n\n\n"a": "b\n}', ':4: not valid JSON: unterminated string'],
    ['{"a": 1}\n/* open', ':2: not valid JSON: unterminated comment'],
    ['{\n"a": [1,\n2,\n}', ':4: not valid JSON: expected a value'],
    ['', ':1: not valid JSON: expected a value'],
    ['{"a": {', ':1: not valid JSON: expected "}"'],
    ['{"a": 1}\n{"b": 2}', ':2: not valid JSON: text after the end'],
    ['{"a": 1}, {"b": 2}', ':1: not valid JSON: text after the end'],
    ['{"a": 1}] [', ':1: not valid JSON: text after the end'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, ': not valid JSON: nested too deeply'],
  ])('that is broken is refused with the place: %p', (text, message) => {
    expect(faultOf(text)).toStartWith(`/p/devcontainer.json${message}`)
  })

  test('finds the line of a fault behind as many lines as a file may have', () => {
    expect(faultOf(`${'\n'.repeat(65_000)}{"a" 1}`)).toContain('/p/devcontainer.json:65001:')
  })

  test('whatever stands in it is read or refused, never a crash', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '//',
      '/*',
      '*/',
      '\n',
      '\\',
      'null',
      '\ufeff',
      '${',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((parts) => parts.join('')),
        ),
        (text) => {
          const fault = faultOf(text)
          expect(fault === '' || fault.startsWith('/p/devcontainer.json')).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('what JSON is, is read as JSON reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseJsonc('f', text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })
})
