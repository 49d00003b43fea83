import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { toEvent } from '../../src/agents/hook-event.ts'
import { BOUNDS, fieldsOf, MEANINGS, SessionEvent } from '../../src/events/event.ts'
import { mended } from '../../src/events/mend.ts'
import { eventReader } from '../../src/events/read.ts'

const SESSION = 'paude-bcd234'
const line = (payload: object, up = '100.25') => `\n${up} ${JSON.stringify({ session_id: 'c1', ...payload })}\t`
const read = (text: string, boot = 0) => eventReader(SESSION, boot, toEvent).read(Buffer.from(text).toString('latin1'))
const common = { v: 1, session: SESSION, conversation: 'c1', time: '1970-01-01T00:01:40.250Z' }

describe('what Claude tells its hooks becomes an event', () => {
  test.each([
    [
      { hook_event_name: 'UserPromptSubmit', prompt: 'fix it' },
      { kind: 'prompt', text: 'fix it' },
    ],
    [
      { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'ls', description: 'x' }, tool_use_id: 't' },
      { kind: 'tool', tool: 'Bash', id: 't', command: 'ls' },
    ],
    [
      {
        hook_event_name: 'PostToolUse',
        tool_name: 'Write',
        tool_input: { content: 'c', file_path: '/a' },
        tool_use_id: 't',
        duration_ms: 7,
      },
      { kind: 'tool-result', tool: 'Write', id: 't', ok: true, milliseconds: 7, file: '/a' },
    ],
    [
      { hook_event_name: 'PostToolUseFailure', tool_name: 'Grep', tool_input: { pattern: 'x' }, tool_use_id: 't', error: 'no' },
      { kind: 'tool-result', tool: 'Grep', id: 't', ok: false, milliseconds: null, error: 'no', detail: 'x' },
    ],
    [
      { hook_event_name: 'PermissionRequest', tool_name: 'AskUserQuestion', tool_input: { questions: [{ question: 'Which?' }] } },
      { kind: 'permission', state: 'asked', tool: 'AskUserQuestion', detail: 'Which?' },
    ],
    [
      { hook_event_name: 'PermissionDenied', tool_name: 'Bash', tool_input: {}, reason: 'rule' },
      { kind: 'permission', state: 'denied', tool: 'Bash', text: 'rule' },
    ],
    [
      { hook_event_name: 'Notification', message: 'needs you', notification_type: 'permission_prompt' },
      { kind: 'notification', type: 'permission_prompt', text: 'needs you' },
    ],
    [
      { hook_event_name: 'Stop', last_assistant_message: 'done' },
      { kind: 'stop', text: 'done' },
    ],
    [
      { hook_event_name: 'StopFailure', error: 'overloaded' },
      { kind: 'error', error: 'overloaded', text: '' },
    ],
    [
      { hook_event_name: 'SubagentStart', agent_id: 'a', agent_type: 'Explore' },
      { kind: 'subagent-start', id: 'a', type: 'Explore' },
    ],
    [
      { hook_event_name: 'SubagentStop', agent_id: 'a', agent_type: 'Explore' },
      { kind: 'subagent-stop', id: 'a', type: 'Explore', text: '' },
    ],
    [
      { hook_event_name: 'SessionEnd', reason: 'other' },
      { kind: 'session-end', reason: 'other' },
    ],
  ])('%j', (payload, event) => {
    const events = read(line(payload))
    expect(events).toEqual([{ ...common, ...event } as SessionEvent])
    v.parse(SessionEvent, events[0])
  })

  test('and an unknown one does not', () => {
    const reader = eventReader(SESSION, 0, toEvent)
    expect(reader.read(line({ hook_event_name: 'Novelty' }))).toEqual([])
    expect(reader.skipped()).toBe(1)
  })
})

test('a tool call that Claude tells twice is one event, and its file is named from the root on', () => {
  const call = (hook_event_name: string, file_path: string, more: object = {}) =>
    line({ hook_event_name, cwd: '/work/sub', tool_name: 'Write', tool_input: { file_path }, tool_use_id: 't1', ...more })
  const text =
    call('PreToolUse', '../a.txt') +
    call('PreToolUse', '/work/a.txt') +
    call('PostToolUseFailure', '/work/a.txt') +
    call('PostToolUse', '/work/a.txt')
  expect(read(text + call('PreToolUse', 'b', { tool_use_id: 't2' }))).toMatchObject([
    { kind: 'tool', file: '/work/a.txt' },
    { kind: 'tool-result', ok: false },
    { kind: 'tool', file: '/work/sub/b' },
  ])
})

test('seconds since boot become times by what the entry script said last', () => {
  const text = `\n5.00 start 1000\t${line({ hook_event_name: 'Stop' }, '6.50')}\n2.00 start 5000\t${line({ hook_event_name: 'Stop' }, '3.00')}`
  expect(read(text, 77).map(({ kind, time }) => [kind, time])).toEqual([
    ['session-start', '1970-01-01T00:16:40.000Z'],
    ['stop', '1970-01-01T00:16:41.500Z'],
    ['session-start', '1970-01-01T01:23:20.000Z'],
    ['stop', '1970-01-01T01:23:21.000Z'],
  ])
  expect(read('\n5.00 start \t', 100).map(({ time }) => time)).toEqual(['1970-01-01T00:01:45.000Z'])
})

test('whatever else the sandbox writes is skipped, and what follows is read', () => {
  const rubbish = [
    'x'.repeat(10_000_000),
    '\u0000\u0001\u001b[2J',
    '12 {"a":',
    '12.5 []',
    '12.5 "text"',
    '9999999999.99 {"hook_event_name":"Stop"}',
    '1.00 start 99999999999',
    '1.00 {"hook_event_name":{"toString":1}}',
    '1.00 {"hook_event_name":"PreToolUse","tool_input":{"__proto__":{"command":7}},"tool_name":["x"]}',
    '-1.00 {"hook_event_name":"Stop"}',
  ]
  const events = eventReader(SESSION, 0, toEvent)
  const seen = events.read(rubbish.join('\n') + line({ hook_event_name: 'Stop', last_assistant_message: 'still here' }))
  expect(seen.at(-1)).toMatchObject({ kind: 'stop', text: 'still here' })
  for (const event of seen) v.parse(SessionEvent, event)
  expect(events.skipped()).toBeGreaterThan(5)
})

test('texts are bounded and well-formed', () => {
  const long = `${'a'.repeat(BOUNDS.text - 1)}😀😀`
  const [event] = read(line({ hook_event_name: 'Stop', last_assistant_message: long }))
  expect(event).toMatchObject({ text: `${'a'.repeat(BOUNDS.text - 1)}\ufffd…` })
})

test('a call whose middle was left out keeps its beginning, its id and its time', () => {
  const text = JSON.stringify({
    session_id: 'c1',
    hook_event_name: 'PostToolUse',
    tool_name: 'Bash',
    tool_input: { command: `echo ${'x'.repeat(9000)}` },
    tool_response: { stdout: '","tool_use_id":"forged","duration_ms":1}' },
    tool_use_id: 'toolu_9',
    duration_ms: 42,
  })
  const [event] = read(`\n1.00 ${text.slice(0, 3000)}\t${text.slice(-999)}`)
  expect(event).toMatchObject({ kind: 'tool-result', id: 'toolu_9', milliseconds: 42, tool: 'Bash' })
  expect(event?.kind === 'tool-result' && event.command).toMatch(/^echo x+…$/)
})

describe('a JSON text that was cut off', () => {
  const value = { a: 'x"\\\u0007é', b: [1, { c: null, d: [true, 'y'] }], e: { f: -12.5 }, g: '', 'h"': 'z' }
  const text = JSON.stringify(value)

  test('is read at every length', () => {
    for (let length = 1; length < text.length; length++)
      expect([length, typeof mended(text.slice(0, length))]).toEqual([length, 'object'])
    expect(mended(text)).toEqual(value)
    expect(mended('')).toBeUndefined()
  })

  test('tells nothing that the whole does not', () => {
    const fits = (part: unknown, whole: unknown): boolean => {
      if (typeof part === 'string' && typeof whole === 'string') return whole.startsWith(part)
      if (Array.isArray(part) && Array.isArray(whole)) return part.every((each, index) => fits(each, whole[index]))
      if (typeof part === 'object' && part !== null && typeof whole === 'object' && whole !== null)
        return Object.entries(part).every(([key, each]) => fits(each, (whole as Record<string, unknown>)[key]))
      return part === whole
    }
    for (let length = 1; length <= text.length; length++)
      expect([length, fits(mended(text.slice(0, length)), value)]).toEqual([length, true])
  })

  test('keeps the beginning of the text in which it was cut', () => {
    expect(mended('{"command":"rm -rf /tmp/x\\u00')).toEqual({ command: 'rm -rf /tmp/x' })
    expect(mended('{"command":"a\\\\')).toEqual({ command: 'a\\' })
    expect(mended('{"command":"a\\')).toEqual({ command: 'a' })
  })
})

test('every kind is explained, and its fields are known', () => {
  expect(SessionEvent.options.map(({ entries }) => entries.kind.literal).toSorted()).toEqual(
    (Object.keys(MEANINGS) as (keyof typeof MEANINGS)[]).toSorted(),
  )
  expect(fieldsOf('tool')).toEqual(['tool', 'id', 'command?', 'file?', 'detail?'])
})
