import { expect, spyOn, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SESSION_ID } from '../../src/box/session-id.ts'
import { homeOwner } from '../../src/session/record/home-owner.ts'
import { checkedName, homeVolume, newSessionId } from '../../src/session/record/id.ts'

test('ids look like ids and do not repeat', () => {
  const ids = Array.from({ length: 500 }, newSessionId)
  expect(ids.filter((id) => !SESSION_ID.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(500)
})

test('a byte that would favour the first letters is drawn again', () => {
  const bytes = [242, 243, 255, 0, 1, 2, 3, 4]
  const drawn = spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof Uint8Array) array[0] = bytes.shift() ?? 0
    return array
  })
  try {
    // 27 letters go nine times into 0 to 242.
    expect(newSessionId()).toBe('paude-9bcdfg')
  } finally {
    drawn.mockRestore()
  }
})

test('a HOME belongs to one project and one agent, whatever the path looks like', () => {
  const paths = ['/a', '/a/', '/A', '/a b', `/a,b"c'`]
  const names = paths.flatMap((path) => [homeVolume(path, 'claude'), homeVolume(path, 'codex')])
  expect(new Set(names).size).toBe(10)
  expect(names.filter((name) => !/^paude-home-(claude|codex)-[0-9a-f]{16}$/.test(name))).toEqual([])
  expect(homeVolume('/a', 'claude')).toBe(homeVolume('/a', 'claude'))
})

test('on a cluster a HOME belongs to you on this machine too: who knows the path does not know its name', () => {
  const room = mkdtempSync(join(tmpdir(), 'paude-owner-'))
  try {
    const of = (name: string) => homeOwner({ home: join(room, name), env: {} })
    const [ada, bob] = [of('ada'), of('bob')]
    expect(ada).not.toBe(bob)
    expect(of('ada')).toBe(ada)
    const names = ['', ada, bob].map((owner) => homeVolume('/workspaces/app', 'claude', owner))
    expect(new Set(names).size).toBe(3)
    expect(names.filter((name) => !/^paude-home-claude-[0-9a-f]{16}$/.test(name))).toEqual([])
    const file = join(room, 'ada/.local/state/paude/home-owner')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dirname(file))).toEqual(['home-owner'])
    writeFileSync(file, '')
    expect(() => of('ada')).toThrow(/does not hold what paude wrote/)
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
})

test.each(['a', 'fix-login', '0', 'x'.repeat(42)])('%s is a name', (name) => {
  expect(checkedName(name)).toBe(name)
})

test.each(['', '-a', 'a-', 'A', 'a_b', 'a b', 'a/b', '../x', 'ä', 'a\n', 'x'.repeat(43), 'paude-bcd234', '--force'])(
  '%j is no name',
  (name) => {
    expect(() => checkedName(name)).toThrow(/session name/)
  },
)
