import { afterAll, describe, expect, test } from 'bun:test'
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROTECTED } from '../../src/workspace/guard.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const { path, home } = sandbox
const find = (cwd: string) => findWorkspace(sandbox.host(cwd), { force: false })
let count = 0
const project = () => repository(join(path, `project-${++count}`))
const GIT = ['.git/config', '.git/hooks']
const protects = (root: string, ...more: readonly string[]) =>
  expect(find(root).protectedPaths).toEqual([...GIT, ...more].map((name) => join(root, name)).sort())

describe('what the host acts on', () => {
  test('is protected when it exists and watched when it does not', () => {
    const root = project()
    protects(root)
    expect(find(root).pinnedPaths).toEqual([join(root, '.git')])
    const missing = PROTECTED.filter((name) => !name.startsWith('.git/'))
    expect(find(root).standIns).toEqual(['.git/commondir', '.git/config.worktree'].map((name) => join(root, name)))
    expect(find(root).watchedPaths).toEqual([...missing, 'HEAD'].map((name) => join(root, name)).sort())
  })

  test.each(PROTECTED.filter((name) => !GIT.includes(name)))('%s', (name) => {
    const root = project()
    mkdirSync(dirname(join(root, name)), { recursive: true })
    if (/\.git\/|\.\w+$/.test(name)) writeFileSync(join(root, name), '')
    else mkdirSync(join(root, name))
    protects(root, name)
    expect([...find(root).watchedPaths, ...find(root).standIns]).not.toContain(join(root, name))
  })

  test('is copied where it is git’s own configuration, and nothing else is', () => {
    const root = project()
    git(root, 'config', 'extensions.worktreeConfig', 'true')
    git(root, 'config', 'include.path', '../config')
    for (const name of ['config', '.git/config.worktree']) writeFileSync(join(root, name), '')
    const { protectedPaths, copiedPaths } = find(root)
    expect(copiedPaths).toEqual(['.git/config', '.git/config.worktree'].map((name) => join(root, name)))
    for (const path of [...copiedPaths, join(root, 'config')]) expect(protectedPaths).toContain(path)
  })

  test('also in other folders, and watched in those down to the current directory', () => {
    const root = project()
    const directory = join(root, 'packages/a')
    mkdirSync(join(directory, '.claude'), { recursive: true })
    mkdirSync(join(root, 'packages/.vscode'))
    mkdirSync(join(root, 'other/.claude'), { recursive: true })
    expect(find(directory).protectedPaths).toEqual(
      [...GIT, 'other/.claude', 'packages/.vscode', 'packages/a/.claude'].map((name) => join(root, name)),
    )
    expect(find(directory).watchedPaths).toContain(join(directory, '.vscode'))
  })

  test.each([
    ['core.hooksPath', '.githooks', '.githooks'],
    ['include.path', '../.gitconfig', '.gitconfig'],
    ['includeIf.gitdir:/x.path', '../extra', 'extra'],
  ])('what the configuration names with %s', (key, value, name) => {
    const root = project()
    git(root, 'config', key, value)
    mkdirSync(join(root, name))
    protects(root, name)
  })

  test('is watched without git, so that a new repository is noticed', () => {
    const root = join(path, 'no-git')
    mkdirSync(join(root, '.claude'), { recursive: true })
    expect(find(root)).toMatchObject({ protectedPaths: [join(root, '.claude')], pinnedPaths: [] })
    expect(find(root).watchedPaths).toContain(join(root, '.git'))
  })
})

describe('links', () => {
  const secrets = join(home, '.ssh')
  mkdirSync(secrets)

  test.each([
    ['~/.ssh', '.claude', secrets],
    ['HOME', '.vscode', home],
    ['a system file', 'paude.toml', '/etc/passwd'],
    ['nothing', '.envrc', '/nonexistent/place'],
    ['the folder above', '.idea', '..'],
    ['the project itself', '.husky', '.'],
  ])('to %s protect nothing and are told of', (_, name, target) => {
    const root = project()
    symlinkSync(target, join(root, name))
    protects(root)
    expect(find(root).watchedPaths).toContain(join(root, name))
    expect(find(root).notes).toEqual([
      `${name} is a link out of the project: paude does not guard it, and the agent can replace it`,
    ])
  })

  test.each(['hooks', 'config'])('.git/%s to a place outside', (name) => {
    const root = project()
    const outside = sandbox.folder(`outside-${name}`)
    if (name === 'config') renameSync(join(root, '.git/config'), join(outside, 'config'))
    rmSync(join(root, '.git', name), { recursive: true, force: true })
    symlinkSync(name === 'config' ? join(outside, 'config') : outside, join(root, '.git', name))
    const { protectedPaths, notes, watchedPaths } = find(root)
    expect(protectedPaths.filter((one) => !one.startsWith(`${root}/`))).toEqual([])
    expect(protectedPaths).not.toContain(join(root, '.git', name))
    expect(watchedPaths).toContain(join(root, '.git', name))
    expect(notes).toEqual([`.git/${name} is a link out of the project: paude does not guard it, and the agent can replace it`])
  })

  test('within the project protect what they lead to', () => {
    const root = project()
    mkdirSync(join(root, 'tools/claude'), { recursive: true })
    symlinkSync('tools/claude', join(root, '.claude'))
    protects(root, 'tools/claude')
    expect(find(root).notes).toEqual(['.claude is a link: its target is read-only, but the agent can replace the link'])
  })

  test('in a chain that leaves the project and comes back', () => {
    const root = project()
    mkdirSync(join(root, 'real'))
    const way = join(path, 'way-back')
    symlinkSync(join(root, 'real'), way)
    symlinkSync(way, join(root, '.claude'))
    protects(root, 'real')
  })

  test('to a name with a newline', () => {
    const root = project()
    mkdirSync(join(root, 'new\nline'))
    symlinkSync('new\nline', join(root, '.claude'))
    protects(root)
    expect(find(root).notes.join()).toContain('new\\u{a}line')
  })

  test('of submodules and worktrees are not followed', () => {
    const root = project()
    const outside = repository(join(path, 'not-yours'))
    git(outside, 'worktree', 'add', '--quiet', join(path, 'not-your-tree'))
    mkdirSync(join(root, '.git/modules'))
    symlinkSync(join(outside, '.git'), join(root, '.git/modules/evil'))
    symlinkSync(join(outside, '.git/worktrees'), join(root, '.git/worktrees'))
    protects(root)
    expect(find(root).notes).toEqual([])
  })

  test('a second name of the same file is told of', () => {
    const root = project()
    linkSync(join(root, '.git/config'), join(root, 'innocent'))
    protects(root)
    expect(find(root).notes).toEqual(['.git/config has a hard link, through which the agent can change it'])
  })
})

test('a submodule pointer of the hostile kind protects no file of another place', () => {
  const root = project()
  const victim = join(path, 'pointed-at')
  git(project(), 'worktree', 'add', '--quiet', victim)
  const module = join(root, '.git/modules/x')
  git(root, 'init', '--quiet', '--bare', module)
  git(module, 'config', '--file=config', 'core.worktree', victim)
  const { protectedPaths, watchedPaths, notes } = find(root)
  expect([...protectedPaths, ...watchedPaths].filter((one) => !one.startsWith(`${root}/`))).toEqual([])
  expect(notes).toEqual([])
})

test('every protected path is real, below a mount, and only once', () => {
  for (const name of readdirSync(path).filter((one) => one.startsWith('project-'))) {
    const { root, protectedPaths, pinnedPaths } = find(join(path, name))
    expect(new Set([...protectedPaths, ...pinnedPaths]).size).toBe(protectedPaths.length + pinnedPaths.length)
    expect([...protectedPaths, ...pinnedPaths].every((one) => one.startsWith(`${root}/`))).toBe(true)
  }
})
