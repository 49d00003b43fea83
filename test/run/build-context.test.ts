import { afterAll, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { contextHash, copyContext } from '../../src/run/build-context.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-context-'))
/** Where copies go and what a box may not see. */
const outside = `${room}-outside`
const copy = join(outside, 'copy')
afterAll(() => {
  for (const folder of [room, outside]) rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  rmSync(outside, { recursive: true, force: true })
  rmSync(room, { recursive: true, force: true })
  mkdirSync(outside)
  mkdirSync(join(room, 'sub'), { recursive: true })
  writeFileSync(join(room, 'a'), 'one')
  writeFileSync(join(room, 'sub/b'), 'two')
  symlinkSync('/etc/passwd', join(room, 'link'))
})

test('the same files have the same hash', () => {
  expect(contextHash(room)).toBe(contextHash(room))
})

test.each([
  ['other content', () => writeFileSync(join(room, 'sub/b'), 'twO')],
  ['another name', () => renameSync(join(room, 'a'), join(room, 'c'))],
  ['another folder', () => renameSync(join(room, 'a'), join(room, 'sub/a'))],
  ['another mode', () => chmodSync(join(room, 'a'), 0o755)],
  ['a further file', () => writeFileSync(join(room, 'sub/c'), '')],
  ['a further folder', () => mkdirSync(join(room, 'sub/c'))],
  [
    'another link',
    () => {
      unlinkSync(join(room, 'link'))
      symlinkSync('/etc/shadow', join(room, 'link'))
    },
  ],
  [
    'a file instead of a link',
    () => {
      unlinkSync(join(room, 'link'))
      writeFileSync(join(room, 'link'), '/etc/passwd')
    },
  ],
] as readonly (readonly [string, () => void])[])('%s gives another', (_, change) => {
  const before = contextHash(room)
  change()
  expect(contextHash(room)).not.toBe(before)
})

test('what a pipe would say is not waited for', () => {
  Bun.spawnSync(['mkfifo', join(room, 'pipe')])
  expect(contextHash(room)).toHaveLength(64)
})

test('more than can be looked through is refused', () => {
  writeFileSync(join(room, 'large'), '')
  truncateSync(join(room, 'large'), 512 * 1024 ** 2 + 1)
  expect(() => contextHash(room)).toThrow('is too large for a build context that you approve')
})

test('a copy has the contents, modes, times and links that were hashed', async () => {
  chmodSync(join(room, 'a'), 0o751)
  const then = new Date('2001-02-03T04:05:06Z')
  utimesSync(join(room, 'a'), then, then)
  expect(await copyContext(room, copy, () => undefined)).toBe(contextHash(room))
  expect(contextHash(copy)).toBe(contextHash(room))
  expect(readFileSync(join(copy, 'sub/b'), 'utf8')).toBe('two')
  expect(lstatSync(join(copy, 'a')).mode & 0o7777).toBe(0o751)
  expect(lstatSync(join(copy, 'a')).mtime).toEqual(then)
  expect(readlinkSync(join(copy, 'link'))).toBe('/etc/passwd')
  expect(lstatSync(dirname(copy)).mode & 0o7777 & 0o022).toBe(0)
})

/** Swaps something once the first file of the folder has been copied. */
const copyDuring = async (swap: () => void): Promise<string> => {
  // More than a piece, so that there is a moment between the first file and the next one.
  writeFileSync(join(room, '0'), Buffer.alloc(3 * 1024 ** 2))
  let swapped = false
  return await copyContext(room, copy, () => {
    if (!swapped && existsSync(join(copy, '0'))) swap()
    swapped ||= existsSync(join(copy, '0'))
  })
}

test('a folder that a link is put in place of is copied as it was, or not at all', async () => {
  mkdirSync(join(outside, 'secrets'))
  writeFileSync(join(outside, 'secrets/b'), 'TOP SECRET')
  const swapped = copyDuring(() => {
    renameSync(join(room, 'sub'), join(outside, 'sub.real'))
    symlinkSync(join(outside, 'secrets'), join(room, 'sub'))
  })
  await expect(swapped).rejects.toThrow('changed while paude read it: "sub"')
  expect(readdirSync(copy)).not.toContain('sub')
})

test('the whole context swapped for a link meanwhile changes nothing of the copy', async () => {
  mkdirSync(join(outside, 'secrets/sub'), { recursive: true })
  writeFileSync(join(outside, 'secrets/sub/b'), 'TOP SECRET')
  const moved = `${room}-moved`
  const hash = await copyDuring(() => {
    renameSync(room, moved)
    symlinkSync(join(outside, 'secrets'), room)
  })
  unlinkSync(room)
  renameSync(moved, room)
  expect(hash).toBe(contextHash(room))
  expect(readFileSync(join(copy, 'sub/b'), 'utf8')).toBe('two')
})

test('a link on the way to the context is not followed', () => {
  symlinkSync(room, join(outside, 'way'))
  expect(() => contextHash(join(outside, 'way/sub'))).toThrow('changed while paude read it')
})

test('a file that is written while it is copied has the hash of what was copied', async () => {
  writeFileSync(join(room, 'z'), 'harmless')
  const before = contextHash(room)
  expect(await copyDuring(() => writeFileSync(join(room, 'z'), 'EVIL'))).not.toBe(before)
  expect(readFileSync(join(copy, 'z'), 'utf8')).toBe('EVIL')
})

test('a name that is no UTF-8 is refused with a sentence', () => {
  const name = Buffer.concat([Buffer.from(`${room}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.txt')])
  writeFileSync(name, '')
  expect(() => contextHash(room)).toThrow('holds a file whose name is not UTF-8')
  unlinkSync(name)
})

test.each([
  ['in many folders', 'd/'.repeat(300)],
  ['in folders with long names', `${'d'.repeat(200)}/`.repeat(12)],
])('what lies too deep %s is refused with a sentence', (_, path) => {
  mkdirSync(join(room, path), { recursive: true })
  expect(() => contextHash(room)).toThrow('holds folders that are nested too deeply')
})

test('what says which files are left out is no link, since the engine would follow it', () => {
  symlinkSync('/etc/passwd', join(room, '.dockerignore'))
  expect(() => contextHash(room)).toThrow('has a symbolic link as .dockerignore')
})
