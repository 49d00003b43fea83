import { describe, expect, test } from 'bun:test'
import { PaudeError } from '../../src/errors.ts'
import { contextFiles, contextHash, type ImageSpec, imageRef } from '../../src/image/build.ts'
import { FULL, readPackage, readTool, readTools, toolsText } from '../../src/image/tools.ts'
import { expectGolden } from '../support/golden.ts'

type Wish = { full?: boolean; packages?: readonly string[]; tools?: readonly string[] }
const read = ({ full = false, packages = [], tools = [] }: Wish) =>
  readTools({ imageVariant: full ? 'full' : 'slim', imagePackages: packages, imageTools: tools })
const spec = (wish: Wish): ImageSpec => {
  const wanted = read(wish)
  if (wanted === null) throw new Error('nothing is wanted')
  return {
    image: 'tools',
    base: `localhost/paude/claude:2.1.329-${'1'.repeat(32)}`,
    baseId: '',
    arch: 'x64',
    extraCa: '',
    wanted,
  }
}
const dockerfile = (wish: Wish) => contextFiles(spec(wish))['Dockerfile'] ?? ''

test.each(['nodejs', 'g++', 'libstdc++6', 'python3.13', 'r-base', '0ad', 'default-jdk'])(
  '%s is the name of a package',
  (name) => {
    expect(readPackage(name)).toBe(name)
  },
)

test.each([
  '',
  'a',
  'foo-',
  '-o',
  '--reinstall',
  'Foo',
  'foo bar',
  'foo;id',
  '$(id)',
  'a/b',
  './a.deb',
  'foo=1',
  'foo/sid',
  'libc6:i386',
  'a*',
  '^a',
  'a\nRUN id',
  'a'.repeat(101),
])('%j is no name of a package', (name) => {
  expect(() => readPackage(name)).toThrow(PaudeError)
})

test.each(['node', 'node@24', 'python@3.13', 'java@temurin-21.0.1+12', 'go@latest', 'rust@nightly-2026-01-01'])(
  '%s is a tool',
  (name) => {
    expect(readTool(name)).toBe(name)
  },
)

test.each([
  '',
  '@1',
  'node@',
  'node@-1',
  'node@1 --force',
  'npm:left-pad',
  'github:a/b',
  'ubi:a/b@1',
  'node@$(id)',
  'node@path:/x',
  'node@ref:main',
  'Node',
  '--version',
  'node@1\nRUN id',
  'node@24@25',
])('%j is no tool', (name) => {
  expect(() => readTool(name)).toThrow(PaudeError)
})

describe('the image of tools', () => {
  test.each<[string, Wish]>([
    ['packages', { packages: ['npm', 'nodejs'] }],
    ['tools', { tools: ['rust', 'node@24', 'java@21', 'go', 'python@3.13'] }],
    ['full', { full: true, packages: ['maven', 'git'], tools: ['go'] }],
  ])('is built by this Dockerfile: %s', async (name, wish) => {
    await expectGolden(`image/${name}.Dockerfile`, dockerfile(wish))
  })

  test('is not there where nothing is wanted', () => {
    expect(read({})).toBeNull()
  })

  test('is the same in whatever order and however often something is named', () => {
    const reference = imageRef(spec({ packages: ['npm', 'nodejs'], tools: ['go', 'node@24'] }))
    expect(imageRef(spec({ packages: ['nodejs', 'npm', 'nodejs'], tools: ['node@22', 'node@24', 'go'] }))).toBe(reference)
    expect(reference).toMatch(/^localhost\/paude\/tools:[0-9a-f]{32}$/)
  })

  test('changes with the image below it, and with what is wanted', () => {
    const one = spec({ packages: ['npm'] })
    const others = [
      { ...one, base: `localhost/paude/claude:2.1.329-${'2'.repeat(32)}` },
      { ...one, baseId: 'sha256:1' },
      spec({ packages: ['nodejs'] }),
      spec({ tools: ['npm'] }),
    ]
    for (const other of others) expect(contextHash(other)).not.toBe(contextHash(one))
  })

  test('of which much is wanted is named in one short line', () => {
    const text = (wish: Wish) => toolsText(read(wish) ?? { full: false, packages: [], tools: [] })
    expect(text({ tools: ['go'] })).toBe('go')
    expect(text({ full: true, packages: ['npm', 'git'], tools: ['go'] })).toBe('the full set of tools and go')
    expect(text({ packages: ['a1', 'b1', 'c1', 'd1', 'e1'] })).toBe('a1, b1, c1 and 2 more')
  })

  test('has names alone in its full set', () => {
    for (const name of FULL) expect(readPackage(name)).toBe(name)
  })
})
