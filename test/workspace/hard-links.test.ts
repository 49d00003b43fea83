import { afterAll, expect, test } from 'bun:test'
import { linkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { hardLinkNotes } from '../../src/workspace/hard-links.ts'
import { makeSandbox } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)

test('a file with a second name is told of where package managers and git put them, and where to say otherwise', () => {
  const store = sandbox.file('store/x.js')
  const root = sandbox.folder('p')
  expect(hardLinkNotes(root, join(root, '.git'))).toEqual([])
  sandbox.file('p/node_modules/.store/a/node_modules/a/package.json')
  linkSync(store, join(root, 'node_modules/.store/a/node_modules/a/x.js'))
  sandbox.folder('p/.git/objects/pack')
  linkSync(store, join(root, '.git/objects/pack/x.pack'))
  const notes = hardLinkNotes(root, join(root, '.git'))
  expect(notes.map((note) => note.split(' have')[0])).toEqual(['files of node_modules', `objects in ${root}/.git/objects/pack`])
  expect(notes.join()).toContain('package-import-method=copy')
})

test('a folder that is a link is not looked into', () => {
  linkSync(sandbox.file('other/y.js'), join(sandbox.path, 'other/z.js'))
  symlinkSync(join(sandbox.path, 'other'), join(sandbox.folder('q'), '.venv'))
  expect(hardLinkNotes(join(sandbox.path, 'q'), null)).toEqual([])
})
