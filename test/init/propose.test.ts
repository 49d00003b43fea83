import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { readPackage, readTool } from '../../src/image/tools.ts'
import { findGroup } from '../../src/network/groups.ts'
import { changedLines, freshFile } from '../../src/project/init/draft.ts'
import { forges, markers, tools } from '../../src/project/init/markers.ts'
import { presetFor } from '../../src/project/init/presets.ts'
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
      { group: '@pypi', reasons: ['requirements.txt: Python packages', 'sub/pyproject.toml: Python packages'] },
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
    ['.devcontainer.json', '{ "postCreateCommand": "cd web && npm ci; ./gradlew build" }', ['@npm', '@maven']],
    [
      '.devcontainer.json',
      '{ "onCreateCommand": { "a": ["pip3", "install", "x"], "b": "$(go env GOPATH)/x" } }',
      ['@pypi', '@go'],
    ],
    ['.devcontainer.json', '{ "updateContentCommand": "git clone https://github.com/o/r" }', ['@github']],
    ['.devcontainer.json', '{ "postStartCommand": "make constructor", "name": "npm" }', []],
  ])('%s: %s', (name, text, expected) => {
    put(name, text)
    expect(groups()).toEqual(expected)
  })
})

const BARE = { imageVariant: 'slim', imagePackages: [], imageTools: [] } as const
const preset = (has: Parameters<typeof presetFor>[2] = BARE) => presetFor(groups(), lookProject([root]), has)

describe('tools for the image', () => {
  test.each([
    ['package.json', ['nodejs', 'npm']],
    ['requirements.txt', ['python3', 'python3-pip', 'python3-venv']],
    ['go.mod', ['golang']],
    ['Cargo.toml', ['cargo', 'rustc']],
    ['pom.xml', ['default-jdk', 'maven']],
    ['build.gradle', ['default-jdk', 'maven']],
    ['Gemfile', ['bundler', 'ruby']],
  ])('%s alone takes what Debian has', (name, packages) => {
    put(name)
    expect(preset()).toEqual({ packages, tools: [] })
  })

  test.each([
    ['package.json', '.nvmrc', 'v22.3.0\n', [], ['node@22.3.0']],
    ['package.json', '.nvmrc', 'lts/*\n', [], ['node@lts']],
    ['package.json', '.node-version', '24', [], ['node@24']],
    ['package.json', '.tool-versions', '# ours\nnodejs 22.3.0 # now\nleft-pad 1\n', [], ['node@22.3.0']],
    ['package.json', 'mise.toml', '[tools]\nnode = ["24", "22"]\n"npm:evil" = "1"\n', [], ['node@24']],
    ['requirements.txt', '.python-version', '3.12\n3.11\n', [], ['python@3.12']],
    ['pyproject.toml', '.mise.toml', 'tools.python = { version = "3.13" }\n', [], ['python@3.13']],
    ['go.mod', '.tool-versions', 'golang 1.24.1', [], ['go@1.24.1']],
    ['Cargo.toml', 'rust-toolchain', 'nightly-2026-01-01\n', ['gcc', 'libc6-dev'], ['rust@nightly-2026-01-01']],
    ['Cargo.toml', 'rust-toolchain.toml', '[toolchain]\nchannel = "1.85"\n', ['gcc', 'libc6-dev'], ['rust@1.85']],
    ['pom.xml', '.java-version', 'temurin-21.0.1', ['maven'], ['java@temurin-21.0.1']],
    ['deno.json', 'README.md', '', [], ['deno']],
  ])('%s with %s %j takes the version that is pinned', (name, file, text, packages, tools) => {
    put(name)
    put(file, text)
    expect(preset()).toEqual({ packages, tools })
  })

  test.each([
    ['>=22', ['node@22']],
    ['^24.1.0', ['node@24']],
    ['24.x', ['node@24']],
    ['>=18', []],
    ['20', []],
    ['18 || 22', []],
    ['*', []],
  ])('engines.node %j', (node, tools) => {
    put('package.json', JSON.stringify({ engines: { node } }))
    expect(preset().tools).toEqual(tools)
  })

  test('what a start has anyway is not proposed', () => {
    put('package.json')
    put('pom.xml')
    expect(preset({ imageVariant: 'full', imagePackages: ['maven'], imageTools: [] })).toEqual({
      packages: ['default-jdk'],
      tools: [],
    })
    expect(preset({ ...BARE, imageTools: ['node@20', 'java'] })).toEqual({ packages: [], tools: [] })
  })

  test.each(['1 --force', '$(id)', '1;id', 'path:/x', 'ref:main', 'latest/../x', '1.2.3.4', '-1', '\u001b[2J'])(
    'a version %j is none',
    (version) => {
      put('package.json')
      for (const [file, text] of [
        ['.nvmrc', version],
        ['.tool-versions', `node ${version}`],
        ['mise.toml', `[tools]\nnode = ${JSON.stringify(version)}`],
      ] as const)
        put(file, text)
      expect(preset()).toEqual(
        version === '1 --force' ? { packages: [], tools: ['node@1'] } : { packages: ['nodejs', 'npm'], tools: [] },
      )
    },
  )

  test('whatever stands in a file, only tools with a version that can be taken come out', () => {
    const pinning = markers.filter(({ pins }) => pins !== undefined)
    fc.assert(
      fc.property(fc.constantFrom(...pinning), fc.oneof(fc.string(), fc.json()), (marker, text) => {
        const { packages, tools: some } = presetFor(
          ['@npm', '@pypi', '@rust', '@maven'],
          [{ marker, name: marker.file, text }],
          BARE,
        )
        for (const name of packages) readPackage(name)
        for (const tool of some) readTool(tool)
      }),
    )
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
    expect(freshFile([], { packages: ['nodejs', 'npm'], tools: [] })).toContain('tools = ["node@24"] instead of nodejs and npm')
    expect(freshFile([], { packages: [], tools: ['node@22'] })).not.toContain('node@24')
    const text = freshFile([{ group: '@npm', reasons: ['a\nmode = "open"\u001b[2J/package.json: Node packages'] }], {
      packages: [],
      tools: [],
    })
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
