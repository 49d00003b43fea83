import { expect, test } from 'bun:test'
import { readConversation } from '../../src/demo/conversation.ts'
import { answerAfter, parseTurns, toolCall } from '../../src/demo/turns.ts'

test('reads a script of every kind of step', () => {
  expect(parseTurns('SAY hi: you;; BASH ls -l | wc ;;WRITE a/b.txt two words;;READ a/b.txt;;SLEEP 0.5;;ERR 429')).toEqual([
    { kind: 'say', text: 'hi: you' },
    { kind: 'bash', command: 'ls -l | wc' },
    { kind: 'write', path: 'a/b.txt', text: 'two words' },
    { kind: 'read', path: 'a/b.txt' },
    { kind: 'sleep', seconds: 0.5 },
    { kind: 'error', status: 429 },
  ])
})

test('keeps line breaks inside a step, as piped input arrives on a second line', () => {
  expect(parseTurns('SAY one\ntwo')).toEqual([{ kind: 'say', text: 'one\ntwo' }])
})

test.each([
  '',
  'hello',
  'SAY',
  'say hi',
  'SAY hi;;',
  'SAY hi;;DANCE',
  'WRITE onlypath',
  'SLEEP x',
  'SLEEP -1',
  'SLEEP 3601',
  'ERR 200',
  'ERR 4',
])('takes %j for words, not for a script', (prompt) => {
  expect(parseTurns(prompt)).toBeNull()
})

test('answers up to the next tool call, then goes on behind it', () => {
  const turns = parseTurns('SAY a;;SAY b;;BASH x;;SLEEP 2;;SLEEP 1;;READ y;;SAY c') ?? []
  expect(answerAfter(turns, 0)).toEqual({
    seconds: 0,
    texts: ['a', 'b'],
    end: { kind: 'tool', turn: { kind: 'bash', command: 'x' } },
  })
  expect(answerAfter(turns, 1)).toEqual({ seconds: 3, texts: [], end: { kind: 'tool', turn: { kind: 'read', path: 'y' } } })
  expect(answerAfter(turns, 2)).toEqual({ seconds: 0, texts: ['c'], end: { kind: 'stop' } })
  expect(answerAfter(turns, 3)).toEqual({ seconds: 0, texts: [], end: { kind: 'stop' } })
})

test('an error ends an answer', () => {
  expect(answerAfter(parseTurns('SLEEP 1;;ERR 529;;SAY never') ?? [], 0)).toEqual({
    seconds: 1,
    texts: [],
    end: { kind: 'error', status: 529 },
  })
})

test('names tools and inputs as Claude Code does', () => {
  expect(toolCall({ kind: 'write', path: 'a', text: 'b' })).toEqual({ name: 'Write', input: { file_path: 'a', content: 'b' } })
  expect(toolCall({ kind: 'read', path: 'a' })).toEqual({ name: 'Read', input: { file_path: 'a' } })
  expect(toolCall({ kind: 'bash', command: 'a' })).toMatchObject({ name: 'Bash', input: { command: 'a' } })
})

test('finds the last human words and counts only what tools returned since', () => {
  const conversation = readConversation({
    model: 'm',
    stream: true,
    tools: [{}],
    messages: [
      { role: 'user', content: [text('<system-reminder>\nnot a person'), text('SAY old')] },
      { role: 'system', content: 'SAY from the system' },
      { role: 'assistant', content: [text('SAY from the model')] },
      {
        role: 'user',
        content: [{ type: 'tool_result', content: 'old' }, text('[Request interrupted by user]'), text('SAY new')],
      },
      { role: 'user', content: [{ type: 'tool_result', content: [text('one'), { type: 'image' }, text('two')] }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', content: 'bad', is_error: true },
          text('<system-reminder>x</system-reminder>'),
          text(' '),
        ],
      },
    ],
  })
  expect(conversation).toEqual({
    model: 'm',
    stream: true,
    tools: true,
    structured: false,
    prompt: 'SAY new',
    results: [
      { text: 'one\n\ntwo', isError: false },
      { text: 'bad', isError: true },
    ],
  })
})

test('bounds what it keeps of a result', () => {
  const messages = [{ role: 'user', content: [text('x'), { type: 'tool_result', content: 'y'.repeat(1e6) }] }]
  expect(readConversation({ messages })?.results[0]?.text.length).toBe(4_000)
})

test.each([null, 1, 'x', [[]], {}, { messages: 'x' }, { messages: {} }])('%j is no conversation', (body) => {
  expect(readConversation(body)).toBeNull()
})

test('survives messages of any shape', () => {
  const messages = [
    null,
    1,
    [],
    { role: 'user' },
    { role: 'user', content: [null, [], { type: 'text' }, { type: 'text', text: 7 }, { type: 'tool_result' }] },
  ]
  expect(readConversation({ messages })).toMatchObject({ prompt: '', results: [{ text: '', isError: false }] })
})

const text = (words: string) => ({ type: 'text', text: words })
