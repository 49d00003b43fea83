import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type OwnFlag, ownFlags, variableOf } from '../../src/config/keys/own-flags.ts'
import { readFlags, readVariables } from '../../src/config/layers/read-flags.ts'
import { PaudeError } from '../../src/errors.ts'
import { anyWord } from '../support/words.ts'

const flags = ownFlags as readonly OwnFlag[]
const names = flags.map(({ name }) => `--${name}`)
const isOurs = (word: string) => word === '--' || names.includes(word.split('=')[0] ?? '')
const foreign = anyWord.filter((word) => !isOurs(word))
/** What a prompt or a hostile caller might try: our flags in every spelling among other words. */
const tempting = fc.oneof(
  anyWord,
  fc.constantFrom(...names, '--', '--network=open', '--network-allow=*.evil.org', '--mount=/:/host:rw', '--force'),
)
const sound = fc.constantFrom<readonly string[]>(
  ['--network', 'none'],
  ['--network=restricted'],
  ['--network-allow', 'a.org,b.org'],
  ['--detach'],
  ['--detach=false'],
  ['--memory=2g'],
  ['--env', 'A=b c'],
  ['--mount=/a:/b'],
  ['--devcontainer'],
  ['--devcontainer=web'],
)
const problem = (act: () => unknown): PaudeError => {
  try {
    act()
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('where our flags end', () => {
  test('words from the first foreign one on come out untouched and in order', () => {
    fc.assert(
      fc.property(fc.array(sound), foreign, fc.array(tempting), (ours, first, rest) => {
        expect(readFlags([...ours.flat(), first, ...rest]).words).toEqual([first, ...rest])
      }),
    )
  })

  test('nothing after the first foreign word changes what the sandbox is', () => {
    fc.assert(
      fc.property(fc.array(sound), foreign, fc.array(tempting), (ours, first, rest) => {
        expect(readFlags([...ours.flat(), first, ...rest]).layer).toEqual(readFlags(ours.flat()).layer)
      }),
    )
  })

  test('words after -- come out untouched, even when they are our own flags', () => {
    fc.assert(
      fc.property(fc.array(sound), fc.array(tempting), (ours, rest) => {
        const split = readFlags([...ours.flat(), '--', ...rest])
        expect(split).toMatchObject({ words: rest, ended: true, layer: readFlags(ours.flat()).layer })
      }),
    )
  })

  test('a flag whose value may be missing never takes the next word for one', () => {
    expect(readFlags(['--devcontainer', 'fix the bug'])).toMatchObject({ layer: { devcontainer: 'use' }, words: ['fix the bug'] })
    expect(readFlags(['--devcontainer=web', '--detach', 'x'])).toMatchObject({
      layer: { devcontainer: 'web', detach: true },
      words: ['x'],
    })
    expect(readFlags(['--devcontainer', '--', 'stop'])).toMatchObject({ layer: { devcontainer: 'use' }, words: ['stop'] })
    expect(problem(() => readFlags(['--devcontainer='])).hint).toBe('write --devcontainer=NAME')
    expect(readVariables({ PAUDE_DEVCONTAINER: 'web' })).toEqual({ devcontainer: 'web' })
  })

  test.each([
    '--agent',
    '--name',
    '--worktree',
    '--verbose',
    '--debug',
    '--model',
    '-p',
    '-c',
    '--help',
    'mcp',
    '',
    '-',
    '--net',
    '--network-',
    '--NETWORK',
  ])('%s is Claude’s', (word) => {
    expect(readFlags([word, 'x'])).toEqual({ layer: {}, words: [word, 'x'], ended: false, names: [] })
  })
})

describe('what our flags say', () => {
  test.each<[readonly string[], object]>([
    [['--network', 'none'], { network: 'none' }],
    [['--network=open', '--network=restricted'], { network: 'restricted' }],
    [['--bg'], { detach: true }],
    [['--detach=true'], { detach: true }],
    [['--detach', '--detach=false'], { detach: false }],
    [['--network-allow', 'a.org, b.org,', '--network-allow=c.org'], { networkAllow: ['a.org', 'b.org', 'c.org'] }],
    [['--env', 'A=1,2', '--env=B=x=y'], { env: ['A=1,2', 'B=x=y'] }],
    [['--mount', '/a,b'], { mount: ['/a,b'] }],
    [['--cpus=-1'], { cpus: '-1' }],
  ])('%j', (argv, layer) => {
    expect(readFlags(argv).layer as object).toEqual(layer)
  })

  test.each<[readonly string[], string, string]>([
    [['--network', 'opne'], 'one of restricted, ask, open, none', 'choose one of them'],
    [['--network', 'wide'], 'found "wide"', 'choose one of them'],
    [['--backend=Docker'], '--backend must be one of', 'did you mean docker?'],
    [['--pull'], '--pull needs a value', 'write --pull=WHEN'],
    [['--memory='], '--memory needs a value', 'write --memory=SIZE'],
    [['--memory', '--detach'], '--memory needs a value', 'write --memory=SIZE'],
    [['--detach=yes'], '--detach takes no value', 'write only --detach'],
  ])('%j is refused with what to write', (argv, message, hint) => {
    const error = problem(() => readFlags(argv))
    expect([error.code, error.hint]).toEqual(['usage', hint])
    expect(error.message).toContain(message)
  })
})

describe('environment twins', () => {
  test('every flag has one, except another name of a flag', () => {
    expect(flags.filter(({ alias }) => !alias).map(variableOf)).toContain('PAUDE_NETWORK_ALLOW')
    expect(new Set(flags.map(variableOf)).size).toBe(flags.length)
  })

  test('they say what the flags say', () => {
    const env = {
      PAUDE_NETWORK: 'none',
      PAUDE_DETACH: '1',
      PAUDE_FORCE: 'no',
      PAUDE_NETWORK_ALLOW: 'a.org,b.org',
      PAUDE_ENV: 'A=1,2\nB=3',
      PAUDE_MEMORY: '',
      PAUDE_ALLOW_NETWORK: '1',
      PAUDE_BG: '1',
    }
    expect(readVariables(env) as object).toEqual({
      network: 'none',
      detach: true,
      force: false,
      networkAllow: ['a.org', 'b.org'],
      env: ['A=1,2', 'B=3'],
    })
  })

  test('a mistake names the variable', () => {
    expect(problem(() => readVariables({ PAUDE_NETWORK: 'opne' })).message).toStartWith('PAUDE_NETWORK must be one of')
    expect(problem(() => readVariables({ PAUDE_DETACH: 'maybe' })).message).toBe('PAUDE_DETACH must be 1 or 0, found "maybe"')
  })
})
