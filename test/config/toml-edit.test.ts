import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseToml } from '../../src/config/files/parse.ts'
import { tomlLiteral, withKey, withoutKey } from '../../src/config/files/toml-edit.ts'

const parse = (text: string) => parseToml('/c.toml', text)
const set = (text: string, key: string, literal: string) => withKey(text, { path: key.split('.'), literal }, parse)

const TEXT = `# mine
version = 1 # first

# where it runs
backend = "docker"   # not podman

# the wall
[network] # strict
# hosts:
allow = [
  "a.org", # why
  "b.org",
]

[limits]
memory = "8g"
`

describe('a key is set, and comments and order stay', () => {
  const cases: readonly (readonly [key: string, literal: string, before: string, after: string])[] = [
    ['backend', '"podman"', 'backend = "docker"   # not podman', 'backend = "podman"   # not podman'],
    ['network.mode', '"none"', '  "b.org",\n]\n', '  "b.org",\n]\nmode = "none"\n'],
    ['limits.cpus', '2', 'memory = "8g"\n', 'memory = "8g"\ncpus = 2\n'],
    ['mounts', '["/x"]', '# not podman\n', '# not podman\nmounts = ["/x"]\n'],
    ['image.pull', '"never"', 'memory = "8g"\n', 'memory = "8g"\n\n[image]\npull = "never"\n'],
  ]
  test.each(cases)('%s = %s', (key, literal, before, after) => {
    expect(set(TEXT, key, literal)).toBe(TEXT.replace(before, after))
  })

  test('in a file that is empty, has no end of line, or only a section', () => {
    expect(set('', 'backend', '"docker"')).toBe('backend = "docker"\n')
    expect(set('', 'network.mode', '"none"')).toBe('[network]\nmode = "none"\n')
    expect(set('version = 1', 'backend', '"docker"')).toBe('version = 1\nbackend = "docker"\n')
    expect(set('# wall\n[network]', 'mounts', '[]')).toBe('mounts = []\n\n# wall\n[network]')
    expect(set('[network]', 'network.mode', '"none"')).toBe('[network]\nmode = "none"\n')
  })

  test('where one place is not enough, nothing is done', () => {
    expect(set('network = { allow = [] }\n', 'network.mode', '"none"')).toBeNull()
    expect(set(TEXT, 'network.allow', '[]')).toBeNull()
    expect(set('network.allow = []\n', 'network.mode', '"none"')).toBe('network.allow = []\nnetwork.mode = "none"\n')
  })
})

test('a key is taken out with its line, and nothing else', () => {
  expect(withoutKey(TEXT, ['backend'], parse)).toBe(TEXT.replace('backend = "docker"   # not podman\n', ''))
  expect(withoutKey(TEXT, ['limits', 'memory'], parse)).toBe(TEXT.replace('\n[limits]\nmemory = "8g"\n', ''))
  expect(withoutKey('a = { b = 1, c = 2 }\n', ['a', 'b'], parse)).toBeNull()
  expect(withoutKey(TEXT, ['nowhere'], parse)).toBeNull()
})

const key = fc.constantFrom(
  'backend',
  'mounts',
  'network.mode',
  'network.allow',
  'limits.cpus',
  'profiles.ci.limits.memory',
  'env.A',
)
const value = fc.oneof(
  fc.constantFrom('x', 'a"b', "it's", '\\', '\n', '#', '[network]', '"""', 'é🙂', ''),
  fc.array(fc.constantFrom('a', ']', '"')),
)
const start = fc.constantFrom(
  TEXT,
  '',
  'network.mode = "none" # x\n',
  "[env]\n'A' = 'b' # c\n",
  '[profiles.ci.limits] # d\n',
  'x = """\n[network]\n"""\n',
)

test('whatever is edited, the result says what was meant and every comment is still there', () => {
  fc.assert(
    fc.property(start, fc.array(fc.tuple(key, value), { maxLength: 6 }), (text, edits) => {
      let now: string = text
      const meant = new Map<string, unknown>()
      for (const [name, word] of edits) {
        const next = set(now, name, tomlLiteral(word))
        if (next === null) continue
        now = next
        meant.set(name, word)
      }
      const tree = parse(now)
      for (const [name, word] of meant) {
        const found = name.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], tree)
        expect(found).toEqual(word)
      }
      for (const [comment] of text.matchAll(/# [a-z]\w*$/gm)) expect(now).toContain(comment)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['[limits]\nmemory = "4g"\n', ''],
  ['version = 1\n\n[limits]\nmemory = "4g"\n\n[network]\nmode = "none"\n', 'version = 1\n\n[network]\nmode = "none"\n'],
  ['[network]\nmode = "none"\n\n[limits]\nmemory = "4g"\n', '[network]\nmode = "none"\n'],
  ['[limits]\n# not much\nmemory = "4g"\n', '[limits]\n# not much\n'],
  ['[limits]\nmemory = "4g"\ncpus = 2\n', '[limits]\ncpus = 2\n'],
])('the last key of a table takes its header along, unless a comment stands there: %j', (text, left) => {
  expect(withoutKey(text, ['limits', 'memory'], parse)).toBe(left)
})
