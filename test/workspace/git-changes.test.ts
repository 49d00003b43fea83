import { expect, test } from 'bun:test'
import { gitChanges } from '../../src/workspace/git-changes.ts'

const BEFORE = '[remote "origin"]\n\turl = https://example.org/x\n[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n'
const branch = (name: string, remote: string, merge: string) => `[branch "${name}"]\n\tremote = ${remote}\n\tmerge = ${merge}\n`

test('a configuration that was only written again is not changed', () => {
  expect(gitChanges(BEFORE, `# again\n${BEFORE}\n`)).toEqual({ keys: [], commands: [] })
})

test('the upstream of a new branch is named and proposed', () => {
  expect(gitChanges(BEFORE, BEFORE + branch('fix/one', 'origin', 'refs/heads/main'))).toEqual({
    keys: ['branch.fix/one.remote', 'branch.fix/one.merge'],
    commands: ['git branch --set-upstream-to=origin/main fix/one'],
  })
})

test('a branch that was deleted may be forgotten here too', () => {
  const [before = ''] = BEFORE.split('[branch')
  expect(gitChanges(BEFORE, before).commands).toEqual(['git config --remove-section branch.main'])
})

test('what may start a program is named and never proposed', () => {
  const after = `${BEFORE}[core]\n\tfsmonitor = touch x\n[alias]\n\tst = !touch x\n`
  expect(gitChanges(BEFORE, after)).toEqual({ keys: ['core.fsmonitor', 'alias.st'], commands: [] })
})

test.each([
  ['a remote of the box', branch('x', 'evil', 'refs/heads/y')],
  ['a remote that the box made', `[remote "evil"]\n\turl = ext::sh -c x\n${branch('x', 'evil', 'refs/heads/y')}`],
  ['an address in the place of a remote', branch('x', 'ext::sh', 'refs/heads/y')],
  ['a name that is a flag', branch('--upload-pack=x', 'origin', 'refs/heads/y')],
  ['a name with a command in it', branch('x;touch y', 'origin', 'refs/heads/y')],
  ['an upstream with a command in it', branch('x', 'origin', 'refs/heads/$(touch y)')],
  ['an upstream that is no branch', branch('x', 'origin', 'refs/tags/y')],
])('%s is not proposed', (_, text) => {
  const { keys, commands } = gitChanges(BEFORE, BEFORE + text)
  expect(keys.length).toBeGreaterThan(0)
  expect(commands).toEqual([])
})
