import { expect, test } from 'bun:test'
import { lineOf } from '../../src/project/devcontainer/jsonc.ts'

const text = `// "image": in a comment
{
  "image": "a \\" } \\n b", /* "mounts": 1
  */ "build": {
    "args": { "A": "1",
      "B.C": "2" }
  },
  "mounts": [
    "one", // , ]
    {
      "source": "x",
    }, { "target": 3 },
  ],
  "im\\u0061ge": 7,
}`

test.each([
  ['build', 4],
  ['build.args', 5],
  ['build.args.A', 5],
  ['build.args.B.C', 6],
  ['mounts', 8],
  ['mounts.0', 9],
  ['mounts.1', 10],
  ['mounts.1.source', 11],
  ['mounts.2.target', 12],
])('%s stands in line %d', (path, line) => expect(lineOf(text, path)).toBe(line))

test('of a key that stands there twice, it is the one that counts', () => expect(lineOf(text, 'image')).toBe(14))

test('what is missing is told by what should hold it', () => {
  expect(lineOf(text, 'mounts.1.target')).toBe(10)
  expect(lineOf(text, 'it')).toBeNull()
  expect(lineOf('[]', 'it')).toBeNull()
})

test('deep nesting does not cost what its paths would', () =>
  expect(lineOf(`{"a":${'['.repeat(4_000)}${']'.repeat(4_000)},\n"b":1}`, 'b')).toBe(2))
