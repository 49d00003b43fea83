import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareRepositories, linkOutOf, obeyedAt } from '../../src/workspace/landing.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-landing-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const host = { home: '/home/me', env: {} }

test.each([
  '/p/.git/hooks/pre-commit',
  '/p/sub/.git/config',
  '/p/.git',
  '/p/.GIT/config',
  '/p/.git./config',
  '/p/git~1/config',
  '/p/.g\u200dit/config',
  '/home/me/.config/paude/config.toml',
])('nothing of a box is ever written at %s', (path) => expect(obeyedAt(path, host)?.final).toBe(true))

test.each([
  '/p/.vscode/tasks.json',
  '/p/a/.envrc',
  '/p/.Claude/settings.json',
  '/p/paude.toml',
  '/p/.husky/pre-commit',
  '/p/My.Code-Workspace',
  '/p/.cargo/config.toml',
])('%s is written only when somebody insists', (path) => expect(obeyedAt(path, host)?.final).toBe(false))

test.each([
  '/p/src/main.ts',
  '/p/.gitignore',
  '/p/git/x',
  '/p/claude/x',
  '/p/.github/x',
  '/p/Makefile',
  '/p/config.toml',
  '/home/me/x',
])('%s is a file like any other', (path) => expect(obeyedAt(path, host)).toBeNull())

test('a folder with HEAD and config passes for a repository', () => {
  expect(bareRepositories(['a/HEAD', 'a/config', 'b/HEAD', 'c/config'])).toEqual(['a/'])
  expect(bareRepositories(['HEAD', 'Config'])).toEqual([''])
})

test('a link by which a path leaves a project is named, however the project is reached', () => {
  for (const folder of ['project/in', 'elsewhere']) mkdirSync(join(room, folder), { recursive: true })
  symlinkSync('../elsewhere', join(room, 'project/out'))
  symlinkSync('in', join(room, 'project/near'))
  symlinkSync('project', join(room, 'way'))
  const places = [join(room, 'project')]
  expect(linkOutOf(places, join(room, 'project/out/x'))).toBe(join(room, 'project/out'))
  expect(linkOutOf(places, join(room, 'way/out'))).toBe(join(room, 'project/out'))
  expect(linkOutOf(places, join(room, 'project/near/x'))).toBeNull()
  expect(linkOutOf(places, join(room, 'elsewhere/x'))).toBeNull()
})
