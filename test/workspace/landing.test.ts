import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareRepositories, linkOutOf, obeyedBy } from '../../src/workspace/landing.ts'
import { IN_FOLDERS, listWith, readAddition } from '../../src/workspace/listed.ts'

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
])('nothing of a sandbox is ever written at %s', (path) => expect(obeyedBy(host, IN_FOLDERS)(path)?.final).toBe(true))

test.each([
  '/p/.vscode/tasks.json',
  '/p/a/.envrc',
  '/p/.Claude/settings.json',
  '/p/paude.toml',
  '/p/.husky/pre-commit',
  '/p/My.Code-Workspace',
  '/p/.cargo/config.toml',
  '/home/me/.bashrc',
  '/home/me/.ssh/config',
  '/home/me/.config/autostart/x.desktop',
  '/home/me/.config/systemd/user/x.service',
  '/home/me/.local/bin/ls',
])('%s is written only when somebody insists', (path) => expect(obeyedBy(host, IN_FOLDERS)(path)?.final).toBe(false))

test.each([
  '/p/src/main.ts',
  '/p/.gitignore',
  '/p/git/x',
  '/p/claude/x',
  '/p/.github/x',
  '/p/Makefile',
  '/p/config.toml',
  '/home/me/x',
  '/home/me/.config/x',
  '/p/.ssh',
])('%s is a file like any other', (path) => expect(obeyedBy(host, IN_FOLDERS)(path)).toBeNull())

test.each(['config', 'CONFIG.worktree', 'commondir', 'objects/ab/cd', 'refs'])(
  'a HEAD of any kind beside %s passes for a repository',
  (name) => expect(bareRepositories(['a/b/HEAD', `a/b/${name}`])).toEqual(['a/b/']),
)

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

test('what you guard yourself counts where files land, and what you lowered does not', () => {
  const list = listWith(['severe:.tool.toml', 'warn:conf/run', 'shown:.envrc'].map((text) => readAddition(text, true)))
  const obeyed = obeyedBy(host, list)
  expect(['/srv/a/.tool.toml', '/srv/conf/run/x', '/srv/.envrc', '/srv/run'].map((path) => obeyed(path)?.name ?? null)).toEqual([
    '.tool.toml',
    'conf/run',
    null,
    null,
  ])
})
