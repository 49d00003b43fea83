import { expect, test } from 'bun:test'
import { streamsOf } from '../../src/session/resolve/streams.ts'

const streams = (stdin: boolean, stdout: boolean, stderr: boolean) => streamsOf({ terminal: { stdin, stdout, stderr } })

test.each([
  ['on a terminal it has a terminal', streams(true, true, true), { terminal: true, stdin: true }],
  [
    'with its errors elsewhere they stay apart, and it still reads what is typed',
    streams(true, true, false),
    { terminal: false, stdin: true },
  ],
  ['a file or a pipe is its stdin', streams(false, true, true), { terminal: false, stdin: true }],
  ['in front of a pager the keys are the pager’s', streams(true, false, true), { terminal: false, stdin: false }],
  ['without any terminal it has its streams', streams(false, false, false), { terminal: false, stdin: true }],
] as const)('what a command gets of its caller: %s', (_, given, expected) => expect(given).toEqual(expected))
