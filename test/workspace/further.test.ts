import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { furtherRepository, parseRepository, requireApart } from '../../src/workspace/further.ts'
import { IN_FOLDERS } from '../../src/workspace/listed.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const at = (name: string) => join(sandbox.path, name)
const look = (text: string) => furtherRepository(text, sandbox.host(sandbox.path), IN_FOLDERS)

test('a further repository is writable unless it says ro, and a colon in its path is escaped', () => {
  const read = (text: string) => parseRepository(text, { cwd: '/code', home: '/home/ada' })
  expect(read('../lib')).toEqual({ source: '/lib', readOnly: false })
  expect(read('~/lib:ro')).toEqual({ source: '/home/ada/lib', readOnly: true })
  expect(read('/a:rw')).toEqual({ source: '/a', readOnly: false })
  expect(read('/a\\:ro')).toEqual({ source: '/a:ro', readOnly: false })
  expect(read('/a\\\\:ro')).toEqual({ source: '/a\\', readOnly: true })
  expect(() => read('/a:/b')).toThrow('no second path')
})

test('a further repository is guarded as the project is', () => {
  const root = repository(at('lib'))
  mkdirSync(join(root, '.vscode'))
  const { workspace } = look('lib')
  const { directory, ...rest } = findWorkspace(sandbox.host(root), { force: false })
  expect(workspace).toEqual({ ...rest, directory })
  expect(workspace.copiedPaths).toEqual([join(root, '.git/config')])
})

test.each([
  ['/', 'the whole machine'],
  ['/etc', 'belongs to the system'],
  ['/var/tmp', 'shared by all programs'],
  ['gone', 'it is not a folder'],
  ['file', 'it is not a folder'],
  ['plain', 'it is not a git repository: to mount a folder, use --mount'],
  ['inner/folder', 'is in the repository'],
  ['~', 'your home directory'],
  ['~/.ssh/keys', '.ssh'],
  ['~/.local/state/paude/sessions', 'belongs to paude'],
  ['bad\tname', 'control characters'],
])('%j is no further repository: %s', (text, fault) => {
  writeFileSync(at('file'), '')
  for (const name of ['plain', 'inner/folder']) mkdirSync(at(name), { recursive: true })
  repository(at('inner'))
  for (const name of ['.ssh/keys', '.local/state/paude/sessions']) repository(join(sandbox.home, name))
  expect(() => look(text)).toThrow(fault)
})

test('what shares folders with the project or another repository is refused, by whatever name', () => {
  const root = repository(at('project'))
  git(root, 'commit', '--allow-empty', '--quiet', '--message=one')
  git(root, 'worktree', 'add', '--quiet', at('tree'))
  repository(join(root, 'module'))
  repository(at('other'))
  symlinkSync(root, at('alias'))
  const project = findWorkspace(sandbox.host(root), { force: false })
  const apart =
    (...texts: readonly string[]) =>
    () =>
      requireApart(project, texts.map(look))
  expect(apart('other')).not.toThrow()
  for (const text of ['project', 'alias', 'project/module', 'tree'])
    expect(apart(text)).toThrow('shares folders with the project')
  expect(apart('other', 'other:ro')).toThrow(`shares folders with ${at('other')}`)
  const tree = findWorkspace(sandbox.host(at('tree')), { force: false })
  expect(() => requireApart(tree, [look('project')])).toThrow('shares folders with the project')
})
