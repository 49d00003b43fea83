import { describe, expect, test } from 'bun:test'
import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countBlocked } from '../../../src/cli/network/requests.ts'
import { ONCE, readUntil } from '../../../src/cli/network/until.ts'
import { PaudeError } from '../../../src/errors.ts'
import { processMark } from '../../../src/host.ts'
import type { Policy } from '../../../src/network/allow.ts'
import { applied, type Change, revised, type Word } from '../../../src/network/changes.ts'
import { decide, readTarget } from '../../../src/network/decide.ts'
import type { Request } from '../../../src/network/log.ts'
import { parseAllow, parseDeny } from '../../../src/network/pattern.ts'
import { DIRECT } from '../../../src/network/ways.ts'
import { withLock } from '../../../src/run/lock.ts'

describe('a word to a session', () => {
  const base: Policy = {
    session: 's1',
    mode: 'restricted',
    allow: [parseAllow('a.example', 'the flag')],
    deny: [parseDeny('*.no.example', 'the file')],
    ports: [80, 443],
    ways: DIRECT,
    injections: [],
  }
  const say = (changes: readonly Change[], verb: Word['verb'], ...entries: readonly string[]) =>
    revised(base, changes, { verb, entries, until: 0 }, 100)

  test('takes the place of an earlier one about the same entry, however it is written', () => {
    const allowed = say([], 'allow', 'B.example.', '@GITHUB'.toLowerCase())
    expect(allowed.map(({ verb, entry }) => [verb, entry])).toEqual([
      ['allow', 'b.example'],
      ['allow', '@github'],
    ])
    expect(say(allowed, 'deny', 'b.example')).toEqual([allowed[1] as Change, { verb: 'deny', entry: 'b.example', until: 0 }])
  })

  test('takes the place of one about the same place, with http:// or without', () => {
    const wide = say(say([], 'allow', 'x.example:4318'), 'allow', 'http://x.example:4318')
    expect(wide.map(({ entry }) => entry)).toEqual(['http://x.example:4318'])
    expect(say(wide, 'allow', 'x.example:4318').map(({ entry }) => entry)).toEqual(['x.example:4318'])
    expect(say(wide, 'unset', 'http://x.example:4318')).toEqual([])
    expect(say(say([], 'deny', 'x.example:4318'), 'allow', 'http://x.example:4318').map(({ verb }) => verb)).toEqual(['allow'])
    expect(say(wide, 'deny', 'x.example:4318').map(({ verb }) => verb)).toEqual(['deny'])
  })

  test('about many entries looks at the policy as often as one about few', () => {
    const looks = (count: number) => {
      let seen = 0
      const counted = {
        ...base,
        get allow() {
          seen++
          return base.allow
        },
      }
      const entries = Array.from({ length: count }, (_, at) => `h${at}.example`)
      revised(counted, [], { verb: 'allow', entries, until: 0 }, 100)
      return seen
    }
    expect(looks(50)).toBe(looks(1))
  })

  describe('for a time', () => {
    const timed = (changes: readonly Change[], verb: Word['verb'], until: number) =>
      revised(base, changes, { verb, entries: ['x.example'], until }, 100)
    const verdict = (changes: readonly Change[], now: number) =>
      decide(applied(base, changes, now), readTarget('x.example'), null).decision

    test.each([
      ['an allow', say([], 'allow', 'x.example'), 'allow', 'allowed', 'allowed'],
      ['an allow, by a denial', say([], 'allow', 'x.example'), 'deny', 'blocked', 'allowed'],
      ['a denial', say([], 'deny', 'x.example'), 'allow', 'allowed', 'blocked'],
    ] as const)('covers %s for good and gives it back', (_, before, verb, meanwhile, after) => {
      const changes = timed(before, verb, 200)
      expect([verdict(changes, 150), verdict(changes, 200)]).toEqual([meanwhile, after])
    })

    test('leaves one that ends later, and replaces one that ends earlier', () => {
      const long = timed([], 'allow', 500)
      const changes = timed(timed(long, 'deny', 200), 'deny', 300)
      expect(changes).toHaveLength(2)
      expect([verdict(changes, 250), verdict(changes, 300), verdict(changes, 500)]).toEqual(['blocked', 'allowed', 'blocked'])
    })

    test('is forgotten with all it covers when something is said for good, or taken back', () => {
      const changes = timed(say([], 'allow', 'x.example'), 'deny', 200)
      expect(say(changes, 'allow', 'x.example')).toEqual([{ verb: 'allow', entry: 'x.example', until: 0 }])
      expect(say(changes, 'unset', 'x.example')).toEqual([])
    })
  })

  test('lets go of what has ended', () =>
    expect(say([{ verb: 'allow', entry: 'x.example', until: 100 }], 'deny', 'y.example')).toHaveLength(1))

  test('that a denial overrules is refused, with the way to take it back where there is one', () => {
    const hint = (act: () => unknown): string => {
      try {
        act()
      } catch (error) {
        if (error instanceof PaudeError) return `${error.message}: ${error.hint}`
      }
      return 'nothing was refused'
    }
    expect(hint(() => say([], 'allow', 'x.no.example'))).toBe(
      'x.no.example is denied by *.no.example (the file), and a denial wins: remove the denial there and start the session again',
    )
    const denied = say([], 'deny', '*.own.example')
    expect(hint(() => say(denied, 'allow', 'x.own.example'))).toContain('paude network unset *.own.example --session s1')
    expect(hint(() => say([], 'unset', 'a.example'))).toContain('paude network deny a.example --session s1')
  })

  test('about a port of this machine names the port, and a denial need not', () => {
    expect(() => say([], 'allow', 'host.paude.internal')).toThrow('an entry for this machine needs a port')
    expect(say([], 'deny', 'host.paude.internal')[0]?.entry).toBe('host.paude.internal')
  })
})

describe('the end of a word', () => {
  const until = (time: string | undefined, once = false, verb = 'allow') => readUntil({ verb, once, time }, 1000.2)

  test.each([
    ['90s', 1091],
    ['10m', 1601],
    ['2h', 8201],
    ['1d', 87_401],
    [undefined, 0],
  ])('%p is at second %p', (time, second) => expect(until(time)).toBe(second))

  test('once is a minute', () => expect(until(undefined, true)).toBe(1001 + ONCE))

  test.each(['10', '0m', '-1m', '1.5h', '31d', '10 m', 'm', ''])('is not %j', (time) =>
    expect(() => until(time)).toThrow('--for'),
  )

  test('is said in one way', () => {
    expect(() => until('1m', true)).toThrow('--once and --for cannot be combined')
    expect(() => until('1m', false, 'unset')).toThrow('--for and unset cannot be combined')
  })
})

test('what was blocked is counted by host and port, the newest first', () => {
  const request = (host: string, port: number, time: string, decision: Request['decision'] = 'blocked'): Request => ({
    ...{
      time,
      session: 's',
      method: 'CONNECT',
      host,
      port,
      decision,
      rule: 'not on the allowlist',
      bytes: 0,
      revision: '',
      program: '',
    },
  })
  expect(
    countBlocked([
      request('a', 443, '1'),
      request('b', 80, '2'),
      request('a', 443, '3'),
      request('a', 80, '0'),
      request('c', 443, '9', 'allowed'),
    ]).map(({ host, port, count, last }) => [host, port, count, last]),
  ).toEqual([
    ['a', 443, 2, '3'],
    ['b', 80, 1, '2'],
    ['a', 80, 1, '0'],
  ])
})

describe('the lock of a session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-lock-'))
  const path = join(folder, 'policy.lock')
  const lock = { path, what: 'session x' }
  const host = { process: processMark(process.pid) }

  test('lets one act at a time', async () => {
    const order: string[] = []
    const act = (name: string) =>
      withLock(host, lock, async () => {
        order.push(`${name} begins`)
        await Bun.sleep(30)
        order.push(`${name} ends`)
      })
    await Promise.all([act('one'), act('two')])
    expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
  })

  test('goes with what failed', async () => {
    await expect(withLock(host, lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(host, lock, async () => readFileSync(path, 'utf8'))).toBe(host.process)
  })

  test.each(['999999999 1', '', 'no mark'])('of a paude that died is taken over, whatever it wrote: %j', async (mark) => {
    writeFileSync(path, mark)
    expect(await withLock(host, lock, async () => 'done')).toBe('done')
  })

  test('that another one has taken over meanwhile is left to it, whatever was read before', async () => {
    // Who reads a pipe gets the mark when it is told to: after the lock has become another one.
    const pipe = join(folder, 'pipe')
    Bun.spawnSync(['mkfifo', pipe])
    linkSync(pipe, path)
    const child = Bun.spawn(
      [
        process.execPath,
        '-e',
        `import { withLock } from ${JSON.stringify(join(import.meta.dir, '../../../src/run/lock.ts'))}
        const host = { get process() { console.log('tries'); return ${JSON.stringify(host.process)} } }
        await withLock(host, ${JSON.stringify(lock)}, async () => console.log('has it'))`,
      ],
      { stdout: 'pipe', stderr: 'inherit' },
    )
    const told = openSync(pipe, 'w')
    writeFileSync(join(folder, 'live'), host.process)
    renameSync(join(folder, 'live'), path)
    writeSync(told, '999999999 1')
    closeSync(told)
    let said = ''
    let released = false
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += text
      if (said.includes('has it')) break
      if (released || said.split('tries').length < 6) continue
      // It has tried often enough to have had it, was it to be had.
      expect(readFileSync(path, 'utf8')).toBe(host.process)
      rmSync(path, { force: true })
      released = true
    }
    expect(released).toBe(true)
    expect(await child.exited).toBe(0)
    rmSync(pipe)
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a paude that died while it removed a dead lock is taken over as well', async () => {
    for (const name of [path, `${path}~`, `${path}~~`]) writeFileSync(name, '999999999 1')
    expect(await withLock(host, lock, async () => 'done')).toBe('done')
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(['session x', 'the configuration'])('says what is being changed when it lasts too long: %s', async (what) => {
    const waiting = withLock(host, lock, () => withLock(host, { path, what, patience: 0 }, () => Promise.resolve('never')))
    await expect(waiting).rejects.toThrow(`another paude process is changing ${what} and does not end`)
  })

  test('of one that lives is waited for, and names it', async () => {
    await withLock(host, lock, async () => {
      expect(readFileSync(path, 'utf8')).toBe(host.process)
      expect(readdirSync(folder)).toEqual(['policy.lock'])
    })
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })
})
