import { describe, expect, test } from 'bun:test'
import TOML from '@iarna/toml'
import fc from 'fast-check'
import { parseToml } from '../../src/config/files/parse.ts'
import { withEntry } from '../../src/config/files/toml-edit.ts'

const parse = (text: string) => parseToml('', text)
const listOf = (text: string) => (parse(text) as { network?: { allow?: string[] } }).network?.allow ?? []
const add = (text: string, value = 'b.example') =>
  withEntry(text, { path: ['network', 'allow'], list: listOf(text), value }, parse)

describe('a value is added to a list', () => {
  test.each([
    ['of an empty file', '', '[network]\nallow = ["b.example"]\n'],
    ['of a file without the section', 'backend = "podman"\n', 'backend = "podman"\n\n[network]\nallow = ["b.example"]\n'],
    [
      'of a section without the key',
      '# mine\n[network] # wall\nmode = "restricted"\n[limits]\npids = 9\n',
      '# mine\n[network] # wall\nmode = "restricted"\nallow = ["b.example"]\n[limits]\npids = 9\n',
    ],
    ['that is empty', '[network]\nallow = [ ]\n', '[network]\nallow = ["b.example"]\n'],
    ['on one line', '[network]\nallow = ["a.example"] # why\n', '[network]\nallow = ["a.example", "b.example"] # why\n'],
    [
      'on lines of its own',
      '[network]\nallow = [\n  "a.example", # why ]\n  # "c"\n]\n',
      '[network]\nallow = [\n  "a.example", # why ]\n  # "c"\n  "b.example",\n]\n',
    ],
    ['with a dotted key', 'network.allow = ["a.example"]\n', 'network.allow = ["a.example", "b.example"]\n'],
    ['with signs in strings', '[network]\nallow = [\'a]\', "x\\"]"]\n', '[network]\nallow = ["a]", "x\\"]", "b.example"]\n'],
  ])('%s', (_, before, after) => expect(add(before)).toBe(after))

  test('or not, where it or its comments would have to be rewritten', () => {
    expect(add('network = { mode = "open" }\n')).toBeNull()
    expect(add('[network]\nallow = [\n  "a.example" # why\n]\n')).toBeNull()
  })

  test('and whatever the file says, nothing else changes', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            '[network]',
            '[limits]',
            'allow = ["a"]',
            'allow = [',
            '  "c", # ]',
            ']',
            'mode = "x"',
            '# note',
            '',
            'pids = 1',
            "t = '''",
            "'''",
            'network.allow = []',
          ),
        ),
        fc.string(),
        (lines, value) => {
          const before = lines.join('\n')
          let table: Record<string, unknown>
          try {
            table = TOML.parse(before) as Record<string, unknown>
          } catch {
            return
          }
          const after = add(before, value)
          if (after === null) return
          const [one, other] = [table, TOML.parse(after) as Record<string, unknown>].map(
            (each) => each['network'] as Record<string, unknown> | undefined,
          )
          expect(other?.['allow']).toEqual([...((one?.['allow'] as string[] | undefined) ?? []), value])
          const bare = (found: unknown) => ({
            ...(found as object),
            network: { ...((found as { network?: object }).network ?? {}), allow: 0 },
          })
          expect(bare(TOML.parse(after))).toEqual(bare(table))
          for (const line of lines.filter((text) => text.startsWith('#'))) expect(after).toContain(line)
        },
      ),
      { numRuns: 500 },
    ))
})
