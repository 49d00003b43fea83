import { describe, expect, test } from 'bun:test'
import TOML from '@iarna/toml'
import fc from 'fast-check'
import { addToList } from '../../src/config/edit.ts'

const add = (text: string, value = 'b.example') => addToList(text, 'network.allow', value)

describe('a value is added to a list', () => {
  test.each([
    ['of an empty file', '', '[network]\nallow = ["b.example"]\n'],
    ['of a file without the section', 'backend = "podman"\n', 'backend = "podman"\n\n[network]\nallow = ["b.example"]\n'],
    [
      'of a section without the key',
      '# mine\n[network] # wall\nmode = "restricted"\n[limits]\npids = 9\n',
      '# mine\n[network] # wall\nallow = ["b.example"]\nmode = "restricted"\n[limits]\npids = 9\n',
    ],
    ['that is empty', '[network]\nallow = [ ]\n', '[network]\nallow = ["b.example"]\n'],
    ['on one line', '[network]\nallow = ["a.example"] # why\n', '[network]\nallow = ["a.example", "b.example"] # why\n'],
    [
      'on lines of its own',
      '[network]\nallow = [\n  "a.example", # why ]\n  # "c"\n]\n',
      '[network]\nallow = [\n  "a.example", # why ]\n  "b.example",\n  # "c"\n]\n',
    ],
    [
      'on lines, without a last comma',
      '[network]\nallow = [\n  "a.example" # why\n]\n',
      '[network]\nallow = [\n  "a.example", # why\n  "b.example",\n]\n',
    ],
    ['with a dotted key', 'network.allow = ["a.example"]\n', 'network.allow = ["a.example", "b.example"]\n'],
    ['with signs in strings', '[network]\nallow = [\'a]\', "x\\"]"]\n', '[network]\nallow = [\'a]\', "x\\"]", "b.example"]\n'],
  ])('%s', (_, before, after) => expect(add(before)).toBe(after))

  test('that holds it already, and nothing changes', () =>
    expect(add('[network]\nallow = ["b.example"]\n')).toBe('[network]\nallow = ["b.example"]\n'))

  test('or refused, with the line to write', () => {
    expect(() => add('network = { mode = "open" }\n')).toThrow('cannot be changed line by line')
    expect(() => add('text = """\n[network]\n"""\n')).toThrow()
    expect(() => add('[network\n')).toThrow()
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
          let after: string
          try {
            after = add(before, value)
          } catch (error) {
            expect((error as Error).message).toContain('network.allow')
            return
          }
          const [one, other] = [table, TOML.parse(after) as Record<string, unknown>].map(
            (each) => each['network'] as Record<string, unknown> | undefined,
          )
          expect(other?.['allow']).toEqual(
            ((one?.['allow'] as string[] | undefined) ?? []).includes(value)
              ? one?.['allow']
              : [...((one?.['allow'] as string[] | undefined) ?? []), value],
          )
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
