import { afterAll, expect, test } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { outside } from '../../src/session/resolve/outside.ts'
import { makeSandbox } from '../workspace/sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const project = sandbox.folder('project')
sandbox.file('project/inner/s.json')
const other = sandbox.folder('other place')
const file = sandbox.file('other place/s:1.json')
const key = sandbox.file('home/me/.ssh/id')
symlinkSync(file, join(project, 'link.json'))
symlinkSync(project, join(sandbox.path, 'way'))
const mounts = [{ source: project, target: project, readOnly: false }]
const told = (path: string, { option = '--settings', given = mounts, cwd = project } = {}) =>
  outside([{ option, path, written: option === '--debug-file' }], sandbox.host(cwd), given)

test.each(['inner/s.json', './inner', '.', `${project}/inner/s.json`, './nothing', '/no/such/place', `${other}/nothing`])(
  'of %s there is nothing to tell',
  (path) => expect(told(path)).toEqual([]),
)

test('a folder outside is named with the mount that brings it in', () =>
  expect(told('../other place', { option: '--add-dir' })).toEqual([
    `--add-dir ../other place is on this machine, not in the sandbox; to mount it: paude --mount '${other}'`,
  ]))

test('the mount is a word that paude reads back', () => expect(told(file)[0]).toEndWith(`paude --mount '${other}/s\\:1.json'`))

test('what a link of the project leads to is outside as well', () =>
  expect(told('link.json')).toEqual([
    `--settings link.json is on this machine, not in the sandbox; to mount it: paude --mount '${other}/s\\:1.json'`,
  ]))

test('a linked way to the project is brought in under its own name', () => {
  const way = join(sandbox.path, 'way/inner/s.json')
  expect(told(way)[0]).toEndWith(`paude --mount ${project}/inner/s.json:${way}`)
})

test('a place that is mounted is in the sandbox', () =>
  expect(told(file, { given: [...mounts, { source: other, target: other, readOnly: true }] })).toEqual([]))

test('a mount that would be refused is not advised', () => {
  expect(told(key)).toEqual([`--settings ${key} is on this machine, not in the sandbox; copy it into the project`])
  expect(told('/dev/null')[0]).toEndWith('copy it into the project')
})

test('a log outside is written in the sandbox', () => {
  expect(told('d.log', { option: '--debug-file' })).toEqual([])
  expect(told('/tmp/d.log', { option: '--debug-file' })).toEqual([
    '--debug-file /tmp/d.log is written in the sandbox, not on this machine; to keep the file, name one in the project',
  ])
})

test('control characters are not shown', () =>
  expect(told('\u001b[2J/d.log', { option: '--debug-file', cwd: other })[0]).toContain('--debug-file \\u{1b}[2J/d.log'))
