import { afterAll, expect, test } from 'bun:test'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hardLinkNotes } from '../../src/workspace/hard-links.ts'
import { IN_FOLDERS, listWith } from '../../src/workspace/listed.ts'
import { sharedFolders } from '../../src/workspace/overlay.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
let count = 0
const project = () => repository(join(sandbox.path, `project-${++count}`))
const find = (cwd: string, ...overlay: readonly string[]) => findWorkspace(sandbox.host(cwd), { force: false, overlay })

test('an overlay is a folder of the project, there or not, and what is above it is pinned', () => {
  const root = project()
  mkdirSync(join(root, 'web/node_modules'), { recursive: true })
  const { overlays, pinnedPaths } = find(root, 'web/node_modules', join(root, 'target'), './target/')
  expect(overlays).toEqual(['target', 'web/node_modules'].map((name) => join(root, name)))
  expect(pinnedPaths).toEqual(['.git', 'web'].map((name) => join(root, name)))
})

test('nothing is guarded in an overlay, since a mount there would be made in the volume', () => {
  const root = project()
  repository(join(root, 'vendor/lib'))
  mkdirSync(join(root, 'vendor/.vscode'))
  const inVendor = ({ protectedPaths, standIns, pinnedPaths, copiedPaths }: ReturnType<typeof find>) =>
    [...protectedPaths, ...standIns, ...pinnedPaths, ...copiedPaths].filter((path) => path.startsWith(join(root, 'vendor')))
  expect(inVendor(find(root))).not.toEqual([])
  expect(inVendor(find(root, 'vendor'))).toEqual([])
})

test.each([
  ['.', 'not a folder in the project'],
  ['..', 'not a folder in the project'],
  ['../other', 'not a folder in the project'],
  ['/etc', 'not a folder in the project'],
  ['a/../../x', 'not a folder in the project'],
  ['.git', 'git data'],
  ['.git/hooks', 'git data'],
  ['web/.GIT', 'git data'],
  ['.claude', '.claude is a guarded path'],
  ['.Claude/skills', '.claude is a guarded path'],
  ['.husky/_', '.husky is a guarded path'],
  ['deploy', 'a guarded path'],
  ['deploy/keys', 'a guarded path'],
  ['hooks', 'a guarded path'],
  ['gone/node_modules', 'gone does not exist'],
  ['link', 'it is a link'],
  ['link/node_modules', 'is a link, or has one above it'],
  ['file', 'it is not a folder'],
  ['web', 'you are in it'],
  ['a\nb', 'control characters'],
])('an overlay at %j is refused: %s', (word, fault) => {
  const root = project()
  for (const name of ['web', 'deploy/keys', 'other']) mkdirSync(join(root, name), { recursive: true })
  git(root, 'config', 'core.hooksPath', 'hooks')
  symlinkSync('other', join(root, 'link'))
  writeFileSync(join(root, 'file'), '')
  const start = () =>
    findWorkspace(sandbox.host(join(root, 'web')), { force: false, protect: ['deploy'], overlay: [word], list: listWith([]) })
  expect(start).toThrow(fault)
})

test('an overlay in another one, and one that holds git data by another name, are refused', () => {
  const root = project()
  mkdirSync(join(root, 'target/debug'), { recursive: true })
  expect(() => find(root, 'target', 'target/debug')).toThrow('in another overlay')
  expect(() => find(root, ...Array.from({ length: 21 }, (_, at) => `target-${at}`))).toThrow('21 folders, more than 20')
  const other = sandbox.folder('separate')
  mkdirSync(join(other, 'data'))
  git(other, 'init', '--quiet', '--separate-git-dir=data/repository')
  expect(() => find(other, 'data')).toThrow('git data')
})

test('what hides an overlay from a list of your own does not hide it from the shipped one', () => {
  expect(IN_FOLDERS.length).toBeGreaterThan(0)
  const root = project()
  expect(() =>
    findWorkspace(sandbox.host(root), {
      force: false,
      overlay: ['tool'],
      list: listWith([{ path: 'tool', severity: 'severe', isYours: false }]),
    }),
  ).toThrow('guarded path')
})

test('folders of programs that both sides run are named until they are overlays', () => {
  const root = project()
  for (const name of ['node_modules', '.venv']) mkdirSync(join(root, name))
  symlinkSync('.venv', join(root, 'venv'))
  expect(sharedFolders(root, [join(root, '.venv')])).toEqual(['node_modules'])
  const store = sandbox.file('a-store/x.js')
  linkSync(store, join(root, 'node_modules/x.js'))
  expect(hardLinkNotes(root, null).join()).toContain('--overlay node_modules')
})
