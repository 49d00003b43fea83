import { expect, test } from 'bun:test'
import { answerKeys } from '../../src/hold/answer.ts'

const permission = [
  ' Bash command',
  '',
  ' Do you want to proceed?',
  ' ❯ 1. Yes',
  "   2. Yes, and don't ask again for touch commands",
  '   3. No',
  '',
  ' Esc to cancel · Tab to amend',
]
const unnumbered = [' Do you want to proceed?', ' ❯ No', '   Yes', '', ' Esc to cancel']
const plan = [
  ' Would you like to proceed?',
  '',
  ' ❯ 1. Yes, and use auto mode',
  '   2. Yes, manually approve edits',
  '   3. No, keep planning',
]
const question = ['Which colour?', '', '❯ 1. Red', '     Warm', '  2. Blue', '     Cold', '  3. Type something.', '']
const DOWN = '\x1b[B'

test.each([
  ['yes', permission, ['1']],
  ['Y', permission, ['1']],
  ['no', permission, ['\x1b']],
  ['3', permission, ['3']],
  ['4', permission, null],
  ['yes', unnumbered, [DOWN, '\r']],
  ['1', unnumbered, ['\r']],
  ['2', unnumbered, [DOWN, '\r']],
  ['3', unnumbered, null],
  ['yes', plan, null],
  ['2', plan, ['2']],
  ['2', question, ['2']],
  ['yes', question, null],
  ['Blue', question, null],
  ['no, rather not', permission, null],
  ['', permission, null],
  ['12', permission, null],
  ['yes', [], null],
  ['1', ['❯ 1 is typed in a prompt'], null],
  ['yes', ['no pointer', '  1. Yes'], null],
] as const)('%j is answered on %j with %j', (text, screen, keys) => {
  expect(answerKeys(text, screen)).toEqual(keys as string[] | null)
})
