import { expect, test } from 'bun:test'
import { nearest } from '../../src/text.ts'

test.each([
  ['--alow', ['--allow', '--detach'], '--allow'],
  ['netwrok', ['network', 'mounts'], 'network'],
  ['network', ['network'], 'network'],
  ['x', ['a', 'network'], 'a'],
  ['completely-different', ['network', 'mounts'], null],
  ['', ['network'], null],
  ['opne', [], null],
  ['stpo', ['start', 'stop'], 'stop'],
  ['sto', ['start', 'stop'], 'stop'],
])('%s among %j is %j', (word, candidates, answer) => {
  expect(nearest(word, candidates)).toBe(answer)
})
