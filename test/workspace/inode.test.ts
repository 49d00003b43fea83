import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changed, watch } from '../../src/workspace/fingerprints.ts'
import { inodeOf, readInPlace } from '../../src/workspace/inode.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-inode-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))
mkdirSync(join(room, 'a/b'), { recursive: true })
writeFileSync(join(room, 'a/b/file'), 'text')
symlinkSync('a', join(room, 'link'))

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('a place is known by device and inode', () => {
  for (const name of ['a', 'a/b', 'a/b/file']) {
    const { dev, ino } = statSync(join(room, name), { bigint: true })
    expect(inodeOf(join(room, name))).toBe(`${dev}:${ino}`)
  }
})

onLinux('a link anywhere on the way, or nothing at its end, has none', () => {
  for (const name of ['link', 'link/b', 'link/b/file', 'missing', 'a/b/file/below']) expect(inodeOf(join(room, name))).toBeNull()
})

test('a plain file is read where it is, and through no link', () => {
  expect(readInPlace(join(room, 'a/b/file'), 10)).toBe('text')
  for (const name of ['link/b/file', 'a/b', 'missing']) expect(readInPlace(join(room, name), 10)).toBeNull()
  expect(readInPlace(join(room, 'a/b/file'), 3)).toBeNull()
})

test('what was made, replaced or removed since is told', () => {
  const [kept, replaced, made, removed] = ['kept', 'replaced', 'made', 'removed'].map((name) => join(room, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const path of [kept, replaced, removed]) writeFileSync(path, 'before')
  const before = watch({ protectedPaths: [kept, replaced, removed], watchedPaths: [made] })
  rmSync(removed)
  rmSync(replaced)
  writeFileSync(replaced, 'after!')
  writeFileSync(made, 'new')
  expect([...changed(before)].sort()).toEqual([made, removed, replaced].sort())
})
