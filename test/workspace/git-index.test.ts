import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { type HashSize, type Index, readIndex } from '../../src/workspace/git-index.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)

let count = 0
const fresh = () => join(sandbox.path, `repository-${++count}`)
const indexOf = (root: string) => join(root, '.git/index')

/** As `git ls-files --stage -z` prints it. */
const printed = (index: Index): string =>
  'fault' in index
    ? `fault: ${index.fault}`
    : index.entries.map(({ mode, id, stage, name }) => `${mode.toString(8).padStart(6, '0')} ${id} ${stage}\t${name}\0`).join('')

/** One character a byte, as names are read here. */
function listed(root: string, ...words: readonly string[]): string {
  const { stdout } = Bun.spawnSync(['git', '-C', root, 'ls-files', '--stage', '-z', ...words], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
  })
  return stdout.toString('latin1')
}

function expectAgreement(root: string, hash: HashSize = 20, ...words: readonly string[]): void {
  const theirs = listed(root, ...words)
  expect(theirs).not.toBe('')
  expect(printed(readIndex(indexOf(root), hash))).toBe(theirs)
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const versionOf = (root: string) => readFileSync(indexOf(root)).readUInt32BE(4)

const originals = { sha1: '', sha256: '' }

/** A repository with files of many names, links, modes and a submodule. The first is made by git, and copied. */
function variedRepository(format: 'sha1' | 'sha256' = 'sha1'): string {
  originals[format] ||= makeVariedRepository(format)
  const root = fresh()
  Bun.spawnSync(['cp', '-a', originals[format], root])
  return root
}

function makeVariedRepository(format: 'sha1' | 'sha256'): string {
  const root = fresh()
  git(sandbox.path, 'init', '--quiet', `--object-format=${format}`, root)
  const part = fresh()
  git(sandbox.path, 'init', '--quiet', `--object-format=${format}`, part)
  git(part, 'commit', '--quiet', '--allow-empty', '--message=part')
  for (const name of ['a', 'a-b', 'a/b', 'a/b c', 'ä/ö', 'deep/er/and/deeper/file', `long/${'x'.repeat(200)}/${'y'.repeat(200)}`])
    if (name !== 'a') put(join(root, name), name)
  Bun.spawnSync(['sh', '-c', 'printf x >"$(printf \'latin-\\377\')"; printf x >"$(printf \'new\\nline\')"; chmod +x a-b'], {
    cwd: root,
  })
  symlinkSync('a-b', join(root, 'link'))
  git(root, 'add', '.')
  git(root, 'submodule', '--quiet', 'add', part, 'libs/part')
  return root
}

describe('agrees with git ls-files', () => {
  for (const format of ['sha1', 'sha256'] as const)
    for (const version of [2, 3, 4])
      test(`in version ${version} with ${format}`, () => {
        const root = variedRepository(format)
        // Extended flags make 3 of 2.
        put(join(root, 'intended'), 'x')
        if (version === 3) git(root, 'add', '--intent-to-add', 'intended')
        git(root, 'update-index', '--index-version', String(version))
        expect(versionOf(root)).toBe(version)
        expectAgreement(root, format === 'sha1' ? 20 : 32)
      })

  test.each([2, 3, 4])('with skip-worktree, assume-unchanged and conflicts in version %d', (version) => {
    const root = variedRepository()
    git(root, 'update-index', '--index-version', String(version))
    git(root, 'update-index', '--skip-worktree', 'a-b')
    git(root, 'update-index', '--assume-unchanged', 'a/b')
    const [, id = ''] = listed(root, 'a-b').split(' ')
    const stages = [1, 2, 3].map((stage) => `100644 ${id} ${stage}\tconflict\n`).join('')
    Bun.spawnSync(['git', '-C', root, 'update-index', '--index-info'], { stdin: Buffer.from(stages) })
    expectAgreement(root)
    expect(listed(root)).toContain('3\tconflict')
  })

  test('in an empty repository', () => {
    const root = fresh()
    git(sandbox.path, 'init', '--quiet', root)
    expect(readIndex(indexOf(root), 20)).toEqual({ entries: [] })
    repository(root)
    git(root, 'rm', '--quiet', '--cached', 'README')
    expect(readIndex(indexOf(root), 20)).toEqual({ entries: [] })
  })

  test.each([2, 4])('with a sparse index in version %d', (version) => {
    const root = variedRepository()
    git(root, 'commit', '--quiet', '--message=all')
    git(root, 'update-index', '--index-version', String(version))
    git(root, 'sparse-checkout', 'init', '--cone', '--sparse-index')
    git(root, 'sparse-checkout', 'set', 'a')
    expect(listed(root, '--sparse')).toContain('040000 ')
    expectAgreement(root, 20, '--sparse')
  })

  test.each([2, 4])('with a split index in version %d, what was deleted, replaced and added', (version) => {
    const root = variedRepository()
    for (const n of Array(300).keys()) writeFileSync(join(root, `file-${String(n).padStart(3, '0')}`), String(n))
    git(root, 'add', '.')
    git(root, 'update-index', '--index-version', String(version))
    git(root, 'update-index', '--split-index')
    expectAgreement(root)
    for (const n of [0, 64, 65, 299]) git(root, 'rm', '--quiet', '--cached', `file-${String(n).padStart(3, '0')}`)
    for (const n of Array(130).keys()) writeFileSync(join(root, `file-${String(n + 100).padStart(3, '0')}`), `new ${n}`)
    writeFileSync(join(root, 'another'), 'x')
    git(root, '-c', 'splitIndex.maxPercentChange=100', 'add', 'another', 'file-1*', 'file-2*')
    expect(readdirSync(join(root, '.git')).filter((name) => name.startsWith('sharedindex.'))).not.toEqual([])
    expectAgreement(root)
  })

  test.each([2, 4])('with a table of blocks for several threads in version %d', (version) => {
    const root = fresh()
    repository(root)
    const [, id = ''] = listed(root).split(' ')
    const rows = [...Array(25_000).keys()].map((n) => `100644 ${id}\tfolder-${n % 97}/file-${n}\n`).join('')
    const info = ['git', '-C', root, '-c', 'index.threads=4', '-c', `index.version=${version}`, 'update-index', '--index-info']
    expect(Bun.spawnSync(info, { stdin: Buffer.from(rows) }).exitCode).toBe(0)
    git(root, '-c', 'index.threads=4', 'update-index', '--index-version', String(version))
    git(root, '-c', 'index.threads=4', 'update-index', '--force-write-index')
    expect(readFileSync(indexOf(root)).includes('IEOT')).toBe(true)
    expect(versionOf(root)).toBe(version)
    expectAgreement(root)
  })
})

describe('an index that a sandbox wrote', () => {
  const base = repository(fresh())
  const good = readFileSync(indexOf(base))
  const place = (bytes: Uint8Array | string) => {
    const root = fresh()
    return sandbox.file(`${root.slice(sandbox.path.length + 1)}/.git/index`, bytes as string)
  }
  const fault = (path: string) => {
    const index = readIndex(path, 20)
    return 'fault' in index ? index.fault : 'none'
  }
  const changed = (change: (bytes: Buffer) => unknown) => {
    const bytes = Buffer.from(good)
    change(bytes)
    return fault(place(bytes))
  }
  const withExtension = (signature: string, body: Buffer) => {
    const head = Buffer.alloc(8)
    head.write(signature, 'latin1')
    head.writeUInt32BE(body.length, 4)
    return fault(place(Buffer.concat([good.subarray(0, -20), head, body, Buffer.alloc(20)])))
  }
  const number = (...values: readonly number[]) =>
    Buffer.concat(
      values.map((value) => {
        const bytes = Buffer.alloc(4)
        bytes.writeUInt32BE(value)
        return bytes
      }),
    )

  test('that is as git wrote it is read', () => expect(changed(() => undefined)).toBe('none'))

  test('that is a pipe is not waited for', () => {
    const path = place('')
    rmSync(path)
    Bun.spawnSync(['mkfifo', path])
    expect(fault(path)).toBe('it is not a plain file')
  })

  test('that is a device or a folder is not read', () => {
    expect(fault(join(sandbox.folder('folder', 'index')))).toBe('it is not a plain file')
    expect(fault('/dev/zero')).toBe('it is not a plain file')
  })

  test('that is a link is not followed, and neither is a folder that became one', () => {
    const path = place('')
    rmSync(path)
    symlinkSync(indexOf(base), path)
    expect(fault(path)).toBe('it is a link')
    const root = fresh()
    sandbox.folder(root.slice(sandbox.path.length + 1))
    symlinkSync(join(base, '.git'), join(root, '.git'))
    expect(fault(indexOf(root))).toContain('replaced by a link')
  })

  test('that is larger than any is not read', () => {
    const path = place(good)
    truncateSync(path, 65 * 1024 ** 2)
    expect(fault(path)).toBe('it is larger than 64 MiB')
  })

  test.each([
    ['another signature', (bytes: Buffer) => bytes.write('DIRX'), 'it is not a git index'],
    ['version 1', (bytes: Buffer) => bytes.writeUInt32BE(1, 4), 'its version 1 is not one of 2, 3 and 4'],
    ['version 5', (bytes: Buffer) => bytes.writeUInt32BE(5, 4), 'its version 5 is not one of 2, 3 and 4'],
    ['a count that lies', (bytes: Buffer) => bytes.writeUInt32BE(0xffffffff, 8), 'it is cut short'],
    ['a count of one more', (bytes: Buffer) => bytes.writeUInt32BE(2, 8), 'it is cut short'],
    ['a NUL in a name', (bytes: Buffer) => bytes.writeUInt8(0, 12 + 62 + 2), 'a name in it does not end where it should'],
    ['a name that goes on', (bytes: Buffer) => bytes.writeUInt16BE(5, 12 + 60), 'a name in it does not end where it should'],
    ['a name longer than the file', (bytes: Buffer) => bytes.writeUInt16BE(0xffe, 12 + 60), 'it is cut short'],
  ])('with %s is told', (_, change, expected) => expect(changed(change)).toBe(expected))

  test('is told where git would read another one than we do', () => {
    expect(withExtension('abcd', Buffer.alloc(0))).toBe('it has an extension that paude does not know')
    expect(withExtension('ABCD', Buffer.alloc(0))).toBe('none')
    expect(withExtension('EOIE', Buffer.concat([number(40), Buffer.alloc(20)]))).toBe('its entries do not end where it says')
    // Where git looks for it, also when another extension seems to hold it.
    expect(withExtension('ZZZZ', Buffer.concat([Buffer.alloc(8), Buffer.from('EOIE'), number(24, 40), Buffer.alloc(20)]))).toBe(
      'its entries do not end where it says',
    )
    expect(withExtension('IEOT', number(1, 12, 1))).toBe('none')
    expect(withExtension('IEOT', number(1, 13, 1))).toBe('its table of entries is wrong')
    expect(withExtension('IEOT', number(1, 12, 2))).toBe('its table of entries is wrong')
    expect(withExtension('IEOT', Buffer.alloc(2))).toBe('it is cut short')
  })

  test('is told where its shared part is missing, or is changed where there is nothing', () => {
    expect(withExtension('link', Buffer.alloc(3))).toBe('it is cut short')
    expect(withExtension('link', Buffer.alloc(20))).toBe('none')
    expect(withExtension('link', Buffer.alloc(20, 1))).toBe('its shared part is missing')
    const shared = (body: Buffer) => {
      const id = Buffer.alloc(20, 1)
      const own = Buffer.concat([
        Buffer.from('DIRC'),
        number(2, 0),
        Buffer.from('link'),
        number(20 + body.length),
        id,
        body,
        Buffer.alloc(20),
      ])
      const path = place(own)
      writeFileSync(join(path, `../sharedindex.${id.toString('hex')}`), good)
      return fault(path)
    }
    const empty = number(0, 0, 0)
    expect(shared(Buffer.alloc(0))).toBe('none')
    expect(shared(Buffer.concat([empty, empty]))).toBe('none')
    expect(shared(Buffer.concat([empty, number(64, 2, 0xffffffff, 0xfffffffe, 0, 1, 0)]))).toBe('it is cut short')
    // A run of ones that has no end.
    expect(shared(Buffer.concat([number(64, 1, 1, 0xffffffff, 0), empty]))).toBe(
      'it changes entries that its shared part does not have',
    )
    expect(shared(Buffer.concat([empty, number(64, 2, 2, 0, 0, 1, 0)]))).toBe(
      'it replaces entries that its shared part does not have',
    )
    expect(shared(number(64, 0xffffffff))).toBe('it is cut short')
  })

  test('with names that say each other again does not fill the memory', () => {
    // Version 4: every name is the one before and a letter.
    const row = Buffer.alloc(62 + 3)
    row.writeUInt16BE(0xfff, 60)
    row.write('\0x\0', 62, 'latin1')
    const rows = Buffer.alloc(5000 * row.length, row)
    const bytes = Buffer.concat([Buffer.from('DIRC'), number(4, 5000), rows, Buffer.alloc(20)])
    expect(fault(place(bytes))).toBe('a name in it is longer than 4096 bytes')
  })

  test('never makes it throw or hang, whatever stands in it', () => {
    const seeds = [
      good,
      ...[2, 4].map((version) => {
        const root = variedRepository()
        git(root, 'update-index', '--index-version', String(version))
        git(root, 'update-index', '--split-index')
        return readFileSync(indexOf(root))
      }),
    ]
    const shared = readFileSync(indexOf(repository(fresh())))
    const path = place('')
    writeFileSync(join(path, `../sharedindex.${'01'.repeat(20)}`), shared)
    const spoil = fc.record({
      seed: fc.nat(seeds.length - 1),
      length: fc.option(fc.nat(2000), { nil: null }),
      changes: fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { maxLength: 12 }),
      words: fc.array(fc.tuple(fc.nat(1500), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff)), { maxLength: 4 }),
      tail: fc.uint8Array({ maxLength: 64 }),
    })
    fc.assert(
      fc.property(spoil, ({ seed, length, changes, words, tail }) => {
        const bytes = Buffer.concat([(seeds[seed] ?? good).subarray(0, length ?? undefined), tail])
        for (const [at, value] of changes) if (at < bytes.length) bytes.writeUInt8(value, at)
        for (const [at, value] of words) if (at + 4 <= bytes.length) bytes.writeUInt32BE(value, at)
        writeFileSync(path, bytes)
        for (const hash of [20, 32] as const) {
          const index = readIndex(path, hash)
          // Each entry takes its place in one of the files, so nothing in them makes a loop go round without end.
          const most = (bytes.length + shared.length) / (42 + hash)
          expect('fault' in index ? 0 : index.entries.length).toBeLessThanOrEqual(most)
        }
      }),
      { numRuns: 1500 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        writeFileSync(path, Buffer.concat([Buffer.from('DIRC'), bytes]))
        expect(readIndex(path, 20)).toBeObject()
      }),
      { numRuns: 500 },
    )
  }, 60_000)
})
