import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest, Seen } from '../../src/workspace/manifest.ts'
import { putBack, putModeBack, takeAway } from '../../src/workspace/put-back.ts'
import { makeSandbox } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
let count = 0
const folder = () => sandbox.folder(`${++count}`)
const modeOf = (path: string) => statSync(path).mode & 0o7777

/** As somebody for whom permissions count. */
function humbly(root: string, deed: () => void): void {
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    Bun.spawnSync(['chown', '-R', '65534', root])
    chmodSync(sandbox.path, 0o755)
    process.seteuid?.(65534)
  }
  try {
    deed()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('what a sandbox closed', () => {
  test.each([
    ['x/.vscode', 0o500, 'x'],
    ['x', 0o500, 'x'],
    ['x', 0o000, 'x/deep'],
    ['x/.vscode', 0o311, 'x/.vscode'],
  ])('is moved and removed: %s of mode %o', (name, mode, closed) => {
    for (const keep of [true, false]) {
      const root = folder()
      const path = join(root, name === 'x' && closed === 'x' ? 'x/.vscode' : name)
      mkdirSync(join(root, 'x/deep/er'), { recursive: true })
      mkdirSync(join(root, 'x/.vscode'), { recursive: true })
      writeFileSync(join(root, 'x/.vscode/tasks.json'), 'evil')
      chmodSync(join(root, closed), mode)
      humbly(root, () => {
        takeAway(path, keep ? join(root, 'kept/it') : null)
        expect([existsSync(path), existsSync(join(root, 'kept/it'))]).toEqual([false, keep])
      })
      if (closed === 'x') expect(modeOf(join(root, 'x'))).toBe(mode)
    }
  })

  test('is opened without a link in it being followed', () => {
    const root = folder()
    mkdirSync(join(root, 'x/closed'), { recursive: true })
    const victim = join(root, 'victim')
    mkdirSync(victim)
    symlinkSync(victim, join(root, 'x/closed/link'))
    chmodSync(victim, 0o500)
    chmodSync(join(root, 'x/closed'), 0o500)
    humbly(root, () => takeAway(join(root, 'x'), null))
    expect([existsSync(join(root, 'x')), modeOf(victim)]).toEqual([false, 0o500])
  })
})

describe('what is put back', () => {
  const kept = (root: string, path: string, seen: Omit<Seen, 'mark'>) =>
    ({ roots: [root], seen: { [path]: { ...seen, mark: '' } }, contents: { h: btoa('text') } }) as unknown as Manifest

  test.each(['file', 'folder'] as const)('has its mode, and goes through no link: %s', (kind) => {
    const root = folder()
    const [path, victim] = [join(root, 'one'), join(root, 'victim')]
    putBack(path, kept(root, path, { kind, mode: 0o751, hash: 'h' }))
    expect(modeOf(path)).toBe(0o751)
    if (kind === 'file') expect(readFileSync(path, 'utf8')).toBe('text')
    const other = join(root, 'other')
    symlinkSync(victim, other)
    expect(() => putBack(other, kept(root, other, { kind, mode: 0o777, hash: 'h' }))).toThrow('EEXIST')
    expect(existsSync(victim)).toBe(false)
  })

  test('as a mode goes to no link', () => {
    const root = folder()
    const [link, victim] = [join(root, 'link'), join(root, 'victim')]
    mkdirSync(victim, { mode: 0o700 })
    symlinkSync(victim, link)
    expect(() => putModeBack(link, { kind: 'folder', mode: 0o777, mark: '', hash: '' })).toThrow()
    expect(modeOf(victim)).toBe(0o700)
  })

  // A race is won in thousands of attempts, so the source has to say it: no mode is changed by a name that somebody may put a link at.
  test('gets its mode by what is held, never by its path', () => {
    const source = readFileSync(join(import.meta.dir, '../../src/workspace/put-back.ts'), 'utf8')
    expect(source).not.toMatch(/[^f]chmodSync\((?:at|path)\b/)
  })
})
