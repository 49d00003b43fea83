import { expect, test } from 'bun:test'
import { readSeconds, readTimeout } from '../../src/cli/args.ts'
import { PLANS } from '../../src/cli/front-flags.ts'
import { readWords } from '../../src/cli/read-words.ts'

const front = { called: 'paude stop', ...PLANS }
const args = {
  session: { type: 'positional', description: '' },
  grace: { type: 'string', valueHint: 'SECONDS', description: '' },
  force: { type: 'boolean', description: '' },
} as const
const taking = {
  session: { type: 'positional', description: '', required: true },
  words: { type: 'positional', rest: true, description: '', required: true },
  force: { type: 'boolean', description: '' },
} as const

test.each<[readonly string[], object]>([
  [[], {}],
  [['x', '--force'], { force: true, session: 'x' }],
  [['--grace=5', 'x'], { grace: '5', session: 'x' }],
  [['--grace', '-5'], { grace: '-5' }],
  [['-'], { session: '-' }],
  [['-x y'], { session: '-x y' }],
  [['--', '--force'], { session: '--force' }],
  [[''], { session: '' }],
])('stop %j', (argv, words) => {
  expect(readWords(front, argv, args) as object).toEqual(words)
})

test.each<[readonly string[], object]>([
  [['x', 'ls', '--force'], { session: 'x', words: ['ls', '--force'] }],
  [['--force', 'x', '--', '--force'], { force: true, session: 'x', words: ['--force'] }],
  [['x', 'sh', '-c', 'a; b', '--'], { session: 'x', words: ['sh', '-c', 'a; b', '--'] }],
  [['x'], { session: 'x', words: [] }],
])('exec %j', (argv, words) => {
  expect(readWords(front, argv, taking) as object).toEqual(words)
})

test('a flag that may come several times keeps all its values, and is empty without one', () => {
  const many = { env: { type: 'string', many: true, letter: 'e', description: '' }, ...taking } as const
  const front = { called: 'paude exec', ...PLANS }
  expect(readWords(front, ['--env', 'A=1', '-e', 'B', '--env=A=2', 'x', 'sh', '--env', 'C'], many) as object).toEqual({
    env: ['A=1', 'B', 'A=2'],
    session: 'x',
    words: ['sh', '--env', 'C'],
  })
  expect(readWords(front, ['x'], many).env).toEqual([])
})

test.each<[readonly string[], string]>([
  [['--farce'], 'paude stop: unknown flag --farce'],
  [['-f'], 'paude stop: unknown flag -f'],
  [['--force=yes'], '--force takes no value'],
  [['--grace'], '--grace needs a value'],
  [['a', 'b'], 'paude stop: one word too many: "b"'],
  [['a', '--', 'b'], 'paude stop: one word too many: "b"'],
  [['--__proto__'], 'paude stop: unknown flag --__proto__'],
])('stop %j is refused', (argv, message) => {
  expect(() => readWords(front, argv, args)).toThrow(message)
})

test.each([
  [undefined, 10],
  ['', 10],
  ['0', 0],
  ['1.5', 1.5],
  ['30s', 30],
  ['604800', 604800],
])('%j is %d seconds', (text, seconds) => {
  expect(readSeconds(text, 10, '--grace')).toBe(seconds)
})

test.each(['-1', '1e9', 'soon', '604801', '1m', 'NaN', ' '])('%j is no number of seconds', (text) => {
  expect(() => readSeconds(text, 10, '--grace')).toThrow('--grace must be a number of seconds')
})

test.each([
  ['none', 0],
  [undefined, 0],
  ['0', 0],
  ['30', 30],
])('--timeout %j ends after %d seconds, 0 being never', (text, seconds) => {
  expect(readTimeout(text)).toBe(seconds)
})

const many = {
  sessions: { type: 'positional', many: true, description: '' },
  for: { type: 'string', description: '' },
} as const

test.each<[readonly string[], object]>([
  [[], { sessions: [] }],
  [['a', '--for', 'exited', 'b'], { for: 'exited', sessions: ['a', 'b'] }],
  [['--for=exited', 'a', '--', '--for'], { for: 'exited', sessions: ['a', '--for'] }],
])('wait %j', (argv, words) => {
  expect(readWords(front, argv, many) as object).toEqual(words)
})

test.each([
  [{ session: { ...args.session, required: true } }, 'paude stop: SESSION is missing'],
  [{ sessions: { ...many.sessions, required: true } }, 'paude stop: SESSION is missing'],
] as const)('what must be there is asked for: %j', (needed, message) => {
  expect(() => readWords(front, [], needed)).toThrow(message)
})

test.each([
  ['--memory', 'paude stop takes no --memory, which is for starts', 'leave it out: paude stop …'],
  ['--dry-run', 'paude stop takes --dry-run before the verb', 'paude --dry-run … stop …'],
  ['--session', 'paude stop: unknown flag --session', 'it is an argument: paude stop SESSION'],
])('the error for %s after the verb says what has an effect', (flag, message, hint) => {
  const thrown = (() => {
    try {
      return readWords(front, [flag], args)
    } catch (error) {
      return error
    }
  })()
  expect(thrown).toMatchObject({ message, hint })
})
