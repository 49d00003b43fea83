import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { claude } from '../../src/agents/claude/claude.ts'
import { grammar } from '../../src/agents/claude/grammar.ts'
import {
  canContinue,
  choosesConversation,
  lastingWords,
  namesConversation,
  opensScreen,
  pathsIn,
  sortWords,
} from '../../src/agents/words.ts'
import { anyWord } from '../support/words.ts'

describe('the screen', () => {
  test.each<[readonly string[], boolean]>([
    [[], true],
    [['fix the bug'], true],
    [['-p', 'explain'], false],
    [['--print'], false],
    [['explain', '-p'], false],
    [['--model', '-p'], true],
    [['--append-system-prompt', '--print', 'hi'], true],
    [['--system-prompt=-p', 'hi'], true],
    [['--name', '--help'], true],
    [['-n', '-p', 'hi'], true],
    [['--', '-p'], true],
    [['hi', '--', '--print'], true],
    [['--allowedTools', 'Bash', 'Read', '-p', 'hi'], false],
    [['--resume', '-p', 'hi'], false],
    [['mcp', 'list'], false],
    [['--debug', 'mcp', 'list'], true],
    [['--verbose', 'mcp', 'list'], false],
    [['--version'], false],
    [['-h'], false],
    [['plugin'], false],
    [['--print=x'], false],
  ])('%j opens one: %p', (words, opens) => {
    expect(opensScreen(grammar, words)).toBe(opens)
  })

  test('the value of an option is never taken for -p', () => {
    const valued = fc.constantFrom(
      '--model',
      '--append-system-prompt',
      '--system-prompt',
      '--settings',
      '--agents',
      '--output-format',
      '--session-id',
      '-n',
    )
    fc.assert(
      fc.property(valued, fc.constantFrom('-p', '--print', '--help', '-h', '-v', 'mcp', '--', 'hi'), (option, value) => {
        expect(sortWords(grammar, [option, value])).toEqual({ options: [[option, value]], rest: [] })
        expect(opensScreen(grammar, [option, value])).toBe(true)
      }),
    )
  })
})

test('no word is lost or changed by sorting', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyWord, fc.constantFrom('-p', '--', '--model', '--add-dir', '-r', '--debug'))), (words) => {
      const { options, rest } = sortWords(grammar, words)
      const end = words.indexOf('--')
      expect([...options.flat(), ...rest].sort().filter((word) => word !== '--')).toEqual(
        [...words].sort().filter((word) => word !== '--'),
      )
      if (end === -1) expect(options.flat().length + rest.length).toBe(words.length)
    }),
  )
})

test.each<[readonly string[], boolean]>([
  [[], false],
  [['hi'], false],
  [['--continue'], true],
  [['-c'], true],
  [['--resume'], true],
  [['--resume=abc'], true],
  [['--session-id', 'x'], true],
  [['--model', '--resume'], false],
  [['--', '--resume'], false],
  [['doctor'], true],
])('%j chooses its conversation: %p', (words, chooses) => {
  expect(choosesConversation(grammar, words)).toBe(chooses)
})

describe('a later start', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['fix', 'the bug'], []],
    [
      ['--model', 'opus', 'fix the bug'],
      ['--model', 'opus'],
    ],
    [
      ['--allowedTools', 'Bash', 'Read', '--verbose', 'hi'],
      ['--allowedTools', 'Bash', 'Read', '--verbose'],
    ],
    [
      ['--resume', 'abc', '--model', 'opus'],
      ['--model', 'opus'],
    ],
    [
      ['-c', '--permission-mode', 'plan', 'go on'],
      ['--permission-mode', 'plan'],
    ],
    [['--session-id=x', '--model=opus', '--', '--model'], ['--model=opus']],
    [
      ['-p', 'explain', '--max-turns', '3'],
      ['--max-turns', '3'],
    ],
  ])('%j keeps %j', (words, kept) => {
    expect(lastingWords(grammar, words)).toEqual(kept)
  })

  test('no prompt is said twice, wherever it stood', () => {
    const option = fc.constantFrom<readonly string[]>(
      ['--model', 'opus'],
      ['--verbose'],
      ['--permission-mode', 'plan'],
      ['--model=x'],
    )
    fc.assert(
      fc.property(
        fc.array(option),
        fc.array(option),
        anyWord.filter((word) => !word.startsWith('-')),
        fc.boolean(),
        (before, after, prompt, explicit) => {
          const marked = `the prompt: ${prompt}`
          const words = explicit ? [...before.flat(), ...after.flat(), '--', marked] : [...before.flat(), marked, ...after.flat()]
          expect(lastingWords(grammar, words)).toEqual([...before.flat(), ...after.flat()])
        },
      ),
    )
  })
})

describe('the paths', () => {
  test.each<[readonly string[], readonly string[]]>([
    [[], []],
    [['-p', 'read ./x', '--model', './opus'], []],
    [['--settings', './s.json', '-p'], ['--settings ./s.json']],
    [['--settings=/a b/s.json'], ['--settings /a b/s.json']],
    [['--settings', ' {"a":1}', '--agents', '[]', '--mcp-config', '{}'], []],
    [
      ['--mcp-config', 'a.json', '{}', 'b.json', '-p', 'x'],
      ['--mcp-config a.json', '--mcp-config b.json'],
    ],
    [
      ['--add-dir', '../a', '/b', '--add-dir=c'],
      ['--add-dir ../a', '--add-dir /b', '--add-dir c'],
    ],
    [['--debug-file', 'd.log'], ['--debug-file d.log (written)']],
    [
      ['--plugin-dir', 'p', '--system-prompt-file', 'q'],
      ['--plugin-dir p', '--system-prompt-file q'],
    ],
    [['--settings', ''], []],
    [['--', '--settings', 's.json'], []],
  ])('of %j', (words, paths) =>
    expect(pathsIn(grammar, words).map(({ option, path, written }) => `${option} ${path}${written ? ' (written)' : ''}`)).toEqual(
      [...paths],
    ),
  )
})

const [ONE, TWO] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']

describe('the conversation that words name', () => {
  test.each<[readonly string[], string]>([
    [[], ''],
    [['--session-id', ONE], ONE],
    [[`--session-id=${ONE}`, 'hi'], ONE],
    [['--resume', ONE, 'hi'], ONE],
    [[`--resume=${ONE}`], ONE],
    [['-r', ONE.toUpperCase()], ONE],
    [['--resume'], ''],
    [['--resume', 'by-name'], ''],
    [['--continue'], ''],
    [['--resume', ONE, '--fork-session'], ''],
    [['--resume', ONE, '--fork-session', '--session-id', TWO], TWO],
    [['--', '--session-id', ONE], ''],
    [['--model', '--session-id', ONE], ''],
  ])('%j: %p', (words, id) => {
    expect(claude.conversation?.chosen(words)).toBe(id)
  })

  test('a copy gets an id of its own, unless the user gives one', () => {
    expect(claude.conversation?.fork?.(ONE, TWO, ['-p', 'hi'])).toEqual([
      '--resume',
      ONE,
      '--fork-session',
      '--session-id',
      TWO,
      '-p',
      'hi',
    ])
    expect(claude.conversation?.fork?.(ONE, 'unused', ['--session-id', TWO])).toEqual([
      '--resume',
      ONE,
      '--fork-session',
      '--session-id',
      TWO,
    ])
  })

  test('words that name one themselves are seen, and prompts are not taken for them', () => {
    expect(namesConversation(grammar, ['--resume=x'])).toBe('--resume')
    expect(namesConversation(grammar, ['-c', 'hi'])).toBe('-c')
    expect(namesConversation(grammar, ['-p', '--', '--continue'])).toBe('')
    expect(namesConversation(grammar, ['--session-id', ONE])).toBe('')
  })

  test.each<[readonly string[], boolean]>([
    [[], true],
    [['--resume', ONE], true],
    [['-p', 'hi'], false],
    [['mcp', 'list'], false],
    [['--cloud'], false],
  ])('%j can be continued: %p', (words, can) => {
    expect(canContinue(grammar, words)).toBe(can)
  })
})
