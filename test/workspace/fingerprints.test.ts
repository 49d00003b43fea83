import { afterAll, describe, expect, test } from 'bun:test'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { indexMark, newRepositories } from '../../src/workspace/fingerprints.ts'
import { makeSandbox } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)

let count = 0
const LINK = 0o160000

/** A project whose index has these entries; what it would be named for. */
function project(entries: readonly (readonly [mode: number, name: string])[]) {
  const name = `project-${++count}`
  const rows = entries.map(([mode, text]) => {
    const bytes = Buffer.from(text, 'latin1')
    const row = Buffer.alloc((62 + bytes.length + 8) & ~7)
    row.writeUInt32BE(mode, 24)
    row.writeUInt16BE(bytes.length, 60)
    bytes.copy(row, 62)
    return row
  })
  const head = Buffer.from('DIRC\0\0\0\x02\0\0\0\0')
  head.writeUInt32BE(rows.length, 8)
  const path = sandbox.file(`${name}/.git/index`)
  writeFileSync(path, Buffer.concat([head, ...rows, Buffer.alloc(20)]))
  const root = join(sandbox.path, name)
  const file = (below: string) => sandbox.file(`${name}/${below}`)
  return { root, path, file, named: (moment = 0) => newRepositories(root, { path, mark: '', hash: 20 }, moment) }
}

describe('a repository that the index names', () => {
  test('is named where it is there, and younger', () => {
    const { root, file, named } = project([
      [LINK, 'a'],
      [LINK, 'b/c'],
      [0o100644, 'd'],
    ])
    for (const name of ['a/.git/HEAD', 'd/.git/HEAD']) file(name)
    expect(named()).toEqual({ paths: [join(root, 'a/.git')], fault: null })
    file('b/c/.git')
    expect(named().paths).toEqual([join(root, 'a/.git'), join(root, 'b/c/.git')])
    expect(named(Date.now() + 60_000)).toEqual({ paths: [], fault: null })
  })

  test('is one by its kind, whatever else its mode says', () => {
    const { root, file, named } = project([[0o160644, 'a']])
    file('a/.git')
    expect(named().paths).toEqual([join(root, 'a/.git')])
  })

  test('is named though its name is no UTF-8', () => {
    const { root, named } = project([[LINK, 'b\xff']])
    Bun.spawnSync(['sh', '-c', `mkdir -p "$(printf 'b\\377')/.git"`], { cwd: root })
    expect(named().paths).toEqual([join(root, 'b�/.git')])
  })

  test('may lie in a closed folder, which is named itself', () => {
    const { root, file, named } = project([[0o040000, 'closed/']])
    expect(named().paths).toEqual([])
    file('closed/x')
    expect(named().paths).toEqual([join(root, 'closed')])
  })

  test.each(['..', '../x', '/etc', 'a//b', 'a/../../x', './a', '', 'a/'])('outside of it, as %j, is a fault', (name) => {
    expect(project([[LINK, name]]).named()).toEqual({ paths: [], fault: 'it names places outside the project' })
  })

  test('a file of such a name is no repository', () => {
    expect(project([[0o100644, '../x']]).named()).toEqual({ paths: [], fault: null })
  })
})

test('an index that cannot be read is a fault', () => {
  const { path, named } = project([])
  writeFileSync(path, 'DIRC')
  expect(named()).toEqual({ paths: [], fault: 'it is cut short' })
})

test('the mark of an index changes with its content, whatever time it shows', () => {
  const { root, path } = project([])
  const before = indexMark(path)
  Bun.spawnSync(
    ['sh', '-c', 'touch -r .git/index time && printf X | dd of=.git/index bs=1 conv=notrunc && touch -r time .git/index'],
    {
      cwd: root,
      stderr: 'ignore',
    },
  )
  expect(indexMark(path)).not.toBe(before)
  symlinkSync('index', join(root, '.git/other'))
  expect(indexMark(join(root, '.git/other'))).not.toBe(before)
})
