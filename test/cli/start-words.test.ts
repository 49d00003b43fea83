import { expect, test } from 'bun:test'
import { startWords } from '../../src/cli/start-words.ts'

const fork = { session: true } as const

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
  expect(startWords(argv, fork) as object).toEqual({ layer, rest })
})

test('a verb without a session keeps its words as they are', () => {
  expect(startWords(['--pids=20', 'make', 'test'], {})).toEqual({ layer: { pids: '20' }, rest: ['make', 'test'] })
  expect(startWords(['--', 'make'], {})).toEqual({ layer: {}, rest: ['--', 'make'] })
})
