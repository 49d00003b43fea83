import { expect, test } from 'bun:test'
import { makeDropScanner } from '../../src/hold/drop.ts'

const paste = (text: string) => `\x1b[200~${text}\x1b[201~`
const scanner = () => makeDropScanner((text) => (text === '/home/ü.png' ? '/paude/uploads/1-x.png' : null))
const utf8 = (text: string) => Buffer.from(text).toString('latin1')

test('a paste that is taken is another one, and all else is as it was typed', () => {
  const scan = scanner()
  expect(scan('typed')).toBe('typed')
  expect(scan(utf8(`a${paste('/home/ü.png')}b${paste('/home/ü')}c`))).toBe(
    utf8(`a${paste('/paude/uploads/1-x.png')}b${paste('/home/ü')}c`),
  )
})

test('the same path typed by hand is no paste', () => expect(scanner()(utf8('/home/ü.png'))).toBe(utf8('/home/ü.png')))

test('a paste may come in pieces', () => {
  const scan = scanner()
  const whole = utf8(`a${paste('/home/ü.png')}b`)
  expect([scan(whole.slice(0, 12)), scan(whole.slice(12, 15)), scan(whole.slice(15))]).toEqual([
    'a',
    '',
    `${paste('/paude/uploads/1-x.png')}b`,
  ])
})

test('a long paste is not waited for', () => {
  const scan = scanner()
  const long = `\x1b[200~${'x'.repeat(9000)}`
  expect(scan(long) + scan('\x1b[201~')).toBe(`${long}\x1b[201~`)
})
