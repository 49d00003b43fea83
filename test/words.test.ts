import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { literals } from './support/literals.ts'

const root = join(import.meta.dir, '..')

/** Words that no message has, with the one that it has instead: one word a concept, and plain English. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bbox(es)?\b(?!\.[a-z])/i, 'sandbox'],
  [/\b(whoever|nobody|anybody|somebody|everybody|one's)\b/i, 'you, or say who acts'],
  [/\b(of which|anew|in (the )?place of|all the same|in vain|further on)\b/i, 'a plain word: again, instead of, anyway'],
  [/\bcontradict/i, 'cannot be combined'],
  [/\b(stands?|lies?) (in|below|behind)\b/i, 'is in, comes after'],
  [/\bopens? (nothing|the sandbox)\b|\bgoes? round\b/i, 'loosens, bypasses'],
  [/(?<!\bthere )\bis no (?!longer\b)/i, 'is not a'],
]

/** What people see, by file: sentences in strings of the program, in what its scripts print, and in what the proxy answers. */
function sentences(): readonly (readonly [string, string])[] {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const scan = (pattern: string) => [...new Bun.Glob(pattern).scanSync(root)].sort()
  return [
    ...scan('src/**/*.ts').flatMap((path) => literals(read(path)).map((text) => [path, text] as const)),
    ...scan('src/**/*.sh').flatMap((path) => printed(read(path)).map((text) => [path, text] as const)),
    ...scan('squid/*.c').flatMap((path) => printed(read(path)).map((text) => [path, text] as const)),
    ...scan('src/**/*.{json,toml}').map((path) => [path, read(path)] as const),
    ...scan('squid/ERR_*').map((path) => [path, read(path)] as const),
  ].filter(([, text]) => /[a-z] [a-z]/i.test(text))
}

/** Quoted strings outside of comments. */
const printed = (text: string): readonly string[] =>
  [...text.replace(/\/\*[\s\S]*?\*\/|^\s*#.*$/gm, '').matchAll(/"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  )

/** The words of a sentence that belong to none, with some of what is around them. */
const faults = (text: string): readonly string[] =>
  WORDS.flatMap(([word, instead]) => {
    const at = text.search(word)
    return at < 0 ? [] : [`“${text.slice(Math.max(0, at - 40), at + 40).trim()}”: write ${instead}`]
  })

test('no message has a word that the documents do not use for the same thing', () =>
  expect(sentences().flatMap(([path, text]) => faults(text).map((fault) => `${path}: ${fault}`))).toEqual([]))

test.each([
  'nothing leaves the box',
  'starting boxes on docker',
  'nobody listens there',
  'a.toml wants to open the sandbox',
  '--last and --follow contradict each other',
  'what of it can be given up stands in [security]',
  'x is no port',
])('a word that no message has is found: %s', (text) => expect(faults(text)).toHaveLength(1))

test.each(['nothing leaves the sandbox', 'there is no session', 'it is no longer there', 'box.mounts was not observed'])(
  'a plain sentence is left alone: %s',
  (text) => expect(faults(text)).toEqual([]),
)

test.each([
  ["throw new PaudeError('refused', 'nobody uses the box')", ['refused', 'nobody uses the box']],
  [`note(\`\${name} wants \${open ? \`to open \${box}\` : "it"} here\`)`, ['… wants … here', 'to open …', 'it']],
  ["const a = /it's/.test(b) // don't\n/* a 'box' */ c('d')", ['d']],
])('a sentence is found wherever it is written: %s', (text, found) => expect(literals(text)).toEqual(found))
