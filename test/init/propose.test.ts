import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { findGroup } from '../../src/network/groups.ts'
import { changedLines, freshFile } from '../../src/project/init/draft.ts'
import { forges, markers, tools } from '../../src/project/init/markers.ts'
import { propose } from '../../src/project/init/propose.ts'
import { lookProject } from '../../src/project/init/scan.ts'

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'paude-init-')))
})
afterEach(() => rmSync(root, { recursive: true }))

const put = (name: string, text = '') => {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
}
const proposed = (folders = [root]) => propose(lookProject(folders))
const groups = (folders = [root]) => proposed(folders).map(({ group }) => group)

describe('what a project is made with', () => {
  test.each([
    ['package.json', '@npm'],
    ['pyproject.toml', '@pypi'],
    ['requirements.txt', '@pypi'],
    ['Cargo.toml', '@crates'],
    ['rust-toolchain.toml', '@rust'],
    ['go.mod', '@go'],
    ['pom.xml', '@maven'],
    ['build.gradle.kts', '@maven'],
    ['Gemfile', '@rubygems'],
    ['.nvmrc', '@node'],
    ['deno.json', '@deno'],
    ['playwright.config.ts', '@playwright'],
    ['Directory.Packages.props', '@nuget'],
    ['composer.json', '@packagist'],
    ['environment.yml', '@conda'],
    ['.terraform.lock.hcl', '@terraform'],
  ])('%s speaks for %s', (name, group) => {
    put(name)
    expect(groups()).toEqual([group])
    expect(proposed()[0]?.reasons).toEqual([expect.stringContaining(name)])
  })

  test('nothing speaks for nothing', () => {
    put('README.md', '{"dependencies":{"a":"github:o/r"}}')
    expect(groups()).toEqual([])
  })

  test('a group is named once, with all that speaks for it, from the top down', () => {
    put('requirements.txt')
    put('sub/pyproject.toml')
    expect(proposed([root, join(root, 'sub')])).toEqual([
      { group: '@pypi', reasons: ['requirements.txt: packages of Python', 'sub/pyproject.toml: packages of Python'] },
    ])
  })
})

describe('dependencies from elsewhere', () => {
  test.each([
    ['package.json', '{"dependencies":{"a":"github:o/r"}}', '@github'],
    ['package.json', '{"devDependencies":{"a":"o/r#v1"}}', '@github'],
    ['package.json', '{"dependencies":{"a":"git+https://gitlab.com/o/r.git"}}', '@gitlab'],
    ['Cargo.toml', '[dependencies]\na = { git = "https://github.com/o/r" }', '@github'],
    ['Cargo.toml', '[patch.x]\na = { git = "https://gitlab.com/o/r" }', '@gitlab'],
    ['pyproject.toml', '[project]\ndependencies = ["a @ git+https://github.com/o/r@v1"]', '@github'],
    ['pyproject.toml', '[tool.uv.sources]\na = { git = "https://github.com/o/r" }', '@github'],
  ])('%s: %s', (name, text, group) => {
    put(name, text)
    expect(groups().slice(1)).toEqual([group])
  })

  test.each([
    ['package.json', '{"repository":"github:o/r","homepage":"https://github.com/o/r","dependencies":{"a":"^1.0.0"}}'],
    ['package.json', '{"dependencies":{"a":"https://github.com.example.org/x","b":"file:../b","c":"workspace:*"}}'],
    ['Cargo.toml', '[package]\nrepository = "https://github.com/o/r"\n[dependencies]\na = { path = "crates/a" }'],
  ])('what only stands there asks for nothing: %s %s', (name, text) => {
    put(name, text)
    expect(groups()).toHaveLength(1)
  })
})

describe('dev containers', () => {
  test.each([
    ['.devcontainer/devcontainer.json', '// a comment\n{ "image": "registry.example.org/devcontainers/python:3", }', ['@pypi']],
    ['.devcontainer.json', '{ "image": "registry.example.org/devcontainers/typescript-node:22" }', ['@npm']],
    [
      '.devcontainer.json',
      '{ "features": { "registry.example.org/features/rust:1": {}, "registry.example.org/features/github-cli:1": {} } }',
      ['@crates', '@rust', '@github'],
    ],
    ['.devcontainer.json', '{ "image": "registry.example.org/devcontainers/miniconda:3" }', ['@conda', '@pypi']],
    ['.devcontainer.json', '{ "image": "registry.example.org/devcontainers/dotnet:9" }', ['@nuget']],
    ['.devcontainer.json', '{ "image": "registry.example.org/team/constructor:1" }', []],
  ])('%s: %s', (name, text, expected) => {
    put(name, text)
    expect(groups()).toEqual(expected)
  })
})

describe('a hostile project', () => {
  test('a marker that is a link, a folder or in a linked folder is none', () => {
    const outside = join(root, 'outside')
    put('outside/devcontainer.json', '{ "image": "x/python:1" }')
    const project = join(root, 'project')
    put('project/.keep')
    symlinkSync(join(outside, 'devcontainer.json'), join(project, 'package.json'))
    symlinkSync(outside, join(project, '.devcontainer'))
    mkdirSync(join(project, 'go.mod'))
    expect(groups([project])).toEqual([])
  })

  test('a huge file is there, and is not read', () => {
    put('package.json', `{"dependencies":{"a":"github:o/r"}}${' '.repeat(70_000)}`)
    expect(groups()).toEqual(['@npm'])
  })

  test('whatever stands in a file, it says something or nothing', () => {
    const reading = markers.filter(({ reads }) => reads !== undefined)
    const deep = [
      '['.repeat(60_000),
      '{"a":'.repeat(12_000),
      'a = ['.repeat(10_000),
      '__proto__ = 1',
      '{"dependencies":{"__proto__":"o/r"}}',
    ]
    for (const marker of reading)
      for (const text of deep) expect(() => propose([{ marker, name: marker.file, text }])).not.toThrow()
    fc.assert(
      fc.property(fc.constantFrom(...reading), fc.oneof(fc.string(), fc.json()), (marker, text) => {
        for (const { group } of propose([{ marker, name: marker.file, text }])) expect(group).toStartWith('@')
      }),
    )
  })

  test('a name that a terminal acts on is written so that it does not, and breaks no line', () => {
    const text = freshFile([{ group: '@npm', reasons: ['a\nmode = "open"\u001b[2J/package.json: packages of Node'] }])
    expect(text).not.toContain('\u001b')
    expect(Object.keys((Bun.TOML.parse(text) as { network: object }).network)).toEqual(['groups'])
  })
})

test('every group that may be proposed is one that there is', () => {
  const all = [...markers.flatMap(({ groups: some }) => some), ...Object.values(tools).flat(), ...Object.values(forges)]
  expect(all.map((group) => `@${findGroup(group).name}`)).toEqual(all)
})

test('no file of a project alone proposes what is only a way out', () =>
  expect(markers.flatMap(({ groups: some }) => some)).not.toContain('@go-storage'))

test('lines that come and go', () => {
  expect(changedLines('a\nb\n', 'a\nc\n')).toEqual(['- b', '+ c'])
  expect(changedLines('a\n', 'a\n')).toEqual([])
})
