import { expect, test } from 'bun:test'
import { added, startWords } from '../../src/cli/start/start-words.ts'

const fork = { session: { type: 'positional', description: '' } } as const

test.each<[readonly string[], object, readonly string[]]>([
  [[], {}, ['--']],
  [['fix'], {}, ['fix', '--']],
  [['--detach', 'fix'], { detach: true }, ['fix', '--']],
  [['fix', '--detach', '--session-name', 'b'], { detach: true, sessionName: 'b' }, ['fix', '--']],
  [['--detach', 'fix', '--pids=20', '--', '-p', 'hi'], { detach: true, pids: '20' }, ['fix', '--', '-p', 'hi']],
  [['--network-allow', 'a.org', 'fix', '--network-allow', 'b.org'], { networkAllow: ['a.org', 'b.org'] }, ['fix', '--']],
  [['--', '-p', 'hi'], {}, ['--', '-p', 'hi']],
  [['-p', 'hi'], {}, ['--', '-p', 'hi']],
  [['fix', '-p', '--detach'], {}, ['fix', '--', '-p', '--detach']],
])('fork %j', (argv, layer, rest) => {
  expect(startWords(argv, fork) as object).toMatchObject({ layer, rest })
})

test('a verb without a session keeps its words as they are', () => {
  expect(startWords(['--pids=20', 'make', 'test'], {})).toEqual({
    layer: { pids: '20' },
    names: ['pids'],
    rest: ['make', 'test'],
  })
  expect(startWords(['--', 'make'], {})).toEqual({ layer: {}, names: [], rest: ['--', 'make'] })
})

test('lists of flags before and after the verb add up, and the last single value counts', () => {
  expect(added({ env: ['A=1'], mount: ['/x'], pids: '1' }, { env: ['B=2'], pids: '2' })).toEqual({
    env: ['A=1', 'B=2'],
    mount: ['/x'],
    pids: '2',
  })
})
