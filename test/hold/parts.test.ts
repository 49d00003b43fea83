import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PaudeError } from '../../src/errors.ts'
import type { AgentState, TitleSigns } from '../../src/events/activity.ts'
import { fromEvent, nextState, stateOf } from '../../src/hold/activity.ts'
import { detachBytes, keyBytes, makeDetachScanner, withoutSuspend } from '../../src/hold/keys.ts'
import { frame, makeReader } from '../../src/hold/protocol.ts'

describe('the state of an agent', () => {
  const start: AgentState = { activity: 'starting', kind: '', message: '', since: '2026-01-01T00:00:00.000Z' }
  const later = '2026-01-01T00:01:00.000Z'
  const SIGNS: TitleSigns = {
    '✦': { activity: 'working', kind: '' },
    '◇': { activity: 'idle', kind: '' },
    '✋': { activity: 'waiting', kind: 'permission' },
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const after = (...bodies: readonly string[]) =>
    bodies.reduce((state, body) => nextState(state, body, { titleSigns: SIGNS, now: later }), start)

  test.each([
    ['7501;state=working:app=claude', 'working'],
    ['7501;state=blocked:app=claude:kind=permission', 'waiting'],
    ['7501;state=done', 'done'],
    ['7501;state=error', 'error'],
    ['7501;state=idle', 'idle'],
    ['7501;state=clear', 'idle'],
    ['7501;working:app=claude', 'working'],
    ['2;✦  Working… (dir)', 'working'],
    ['0;◇  Ready (dir)', 'idle'],
    ['2;✋  Action Required (dir)', 'waiting'],
  ])('%s means %s', (body, activity) => expect(after(body)).toMatchObject({ activity, since: later }))

  test('the title of an agent without signs says nothing', () =>
    expect(nextState(start, '2;✦  Working… (dir)', { titleSigns: {}, now: later })).toEqual(start))

  test('a question comes with its kind and its words', () =>
    expect(after(`7501;state=blocked:kind=question:msg=${base64('Which\ndatabase\u001b[31m?')}`)).toMatchObject({
      kind: 'question',
      message: 'Which database[31m?',
    }))

  test.each(['2;some title', '7501;state=nonsense', '7501;', '7501;state=working:id=task-1:title=x', '9;x'])(
    '%s changes nothing',
    (body) => expect(after(body)).toEqual(start),
  )

  test('the same state goes on since when it began', () =>
    expect(
      nextState(after('7501;state=working'), '7501;state=working:msg=eA==', { titleSigns: {}, now: '2027-01-01T00:00:00.000Z' })
        .since,
    ).toBe(later))

  test.each([
    [
      { kind: 'prompt', text: 'do it' },
      { activity: 'working', kind: '', message: '' },
    ],
    [
      { kind: 'tool', tool: 'Bash', id: '1', command: 'ls' },
      { activity: 'working', kind: '', message: '' },
    ],
    [
      { kind: 'permission', state: 'asked', tool: 'Bash', command: 'ls' },
      { activity: 'waiting', kind: 'permission', message: 'ls' },
    ],
    [{ kind: 'permission', state: 'denied', tool: 'Bash' }, null],
    [
      { kind: 'stop', text: 'the answer' },
      { activity: 'done', kind: '', message: 'the answer' },
    ],
    [
      { kind: 'error', error: 'overloaded', text: '' },
      { activity: 'error', kind: '', message: 'overloaded' },
    ],
    [
      { kind: 'notification', type: 'ask', text: 'may I?' },
      { activity: 'waiting', kind: 'permission', message: 'may I?' },
    ],
    [{ kind: 'notification', type: 'permission_prompt', text: 'of another agent' }, null],
    [{ kind: 'subagent-stop', id: '1', type: 'x', text: 'y' }, null],
  ] as const)('the hook %j tells %j', (event, said) =>
    expect(fromEvent({ v: 1, time: later, session: 'paude-bcd234', conversation: '', ...event }, ['ask'])).toEqual(said),
  )

  test('what a hook tells is cleaned and bounded, and goes on since when it began', () => {
    const state = stateOf(start, { activity: 'done', kind: '', message: `\u001b[31m${'x'.repeat(5000)}` }, later)
    expect(state).toMatchObject({ activity: 'done', since: later })
    expect(state.message).toMatch(/^\[31mx{496}$/)
    expect(stateOf(state, { activity: 'done', kind: '', message: 'more' }, '2027-01-01T00:00:00.000Z')).toMatchObject({
      since: later,
      message: 'more',
    })
  })

  test('words are bounded', () =>
    expect(after(`7501;state=error:msg=${base64('x'.repeat(50_000))}`).message.length).toBeLessThanOrEqual(500))
})

describe('keys', () => {
  test.each([
    ['enter', '\r'],
    ['ctrl-c', '\x03'],
    ['C-p', '\x10'],
    ['ctrl-]', '\x1d'],
    ['y', 'y'],
    ['down,down,enter', '\x1b[B\x1b[B\r'],
    ['shift-tab', '\x1b[Z'],
  ])('%s', (name, bytes) => expect(keyBytes(name)).toBe(bytes))

  test.each(['', 'ctrl-', 'nokey', 'é', 'ctrl-1'])('%j is no key', (name) => {
    expect(() => keyBytes(name)).toThrow(PaudeError)
  })

  test('the detach keys are found wherever what is typed is cut, and only they are kept back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\x10', '\x11', 'b'), { maxLength: 12 }), fc.nat(11), (letters, cut) => {
        const keys = detachBytes('ctrl-p,ctrl-q', 'x')
        const whole = letters.join('')
        const scan = makeDetachScanner(keys)
        const parts = [whole.slice(0, cut), whole.slice(cut)].map(scan)
        const end = parts.findIndex(({ detached }) => detached)
        expect(end !== -1).toBe(whole.includes(keys))
        const passed = parts
          .slice(0, end === -1 ? 2 : end + 1)
          .map(({ pass }) => pass)
          .join('')
        if (end !== -1) expect(passed).toBe(whole.slice(0, whole.indexOf(keys)))
        // A key that may be the first half waits for the next one.
        else expect(passed).toBe(whole.endsWith('\x10') ? whole.slice(0, -1) : whole)
      }),
    )
  })

  test('without detach keys everything passes', () =>
    expect(makeDetachScanner(detachBytes('none', 'x'))('\x10\x11')).toEqual({ pass: '\x10\x11', detached: false }))

  test.each<[string, string | null]>([
    ['', null],
    ['z\x1b[122u', null],
    ['a\x1ab', 'ab'],
    ['\x1b[122;5u', ''],
    ['\x1b[122;5:1u', ''],
    ['\x1b[27;5;122~', ''],
  ])('Ctrl-Z in %j leaves %j', (typed, left) => expect(withoutSuspend(typed)).toBe(left))
})

test('frames come out whole wherever the stream is cut', () => {
  const kinds = ['o', 'i', 'x', 'a'] as const
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 50 }))),
      fc.array(fc.nat()),
      (sent, cuts) => {
        const whole = Buffer.concat(sent.map(([kind, body]) => frame(kind, body)))
        const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
        const read = makeReader()
        const got = places.slice(1).flatMap((end, index) => read(whole.subarray(places[index], end)))
        expect(got.map(({ kind, body }) => [kind, [...body]])).toEqual(sent.map(([kind, body]) => [kind, [...body]]))
      },
    ),
  )
})

test('a frame of impossible length is refused', () => {
  expect(() => makeReader()(new Uint8Array([255, 255, 255, 255, 111]))).toThrow()
})
