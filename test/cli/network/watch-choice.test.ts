import { expect, test } from 'bun:test'
import { choose, isTooSoon, moved, NOTHING_CHOSEN } from '../../../src/cli/network/watch-choice.ts'
import type { Row } from '../../../src/cli/network/watch-picture.ts'

const row = (host: string, state: Row['state'] = 'blocked'): Row => ({
  host,
  port: 443,
  count: 1,
  last: '2026-01-02T03:04:05.000Z',
  program: '',
  rule: '',
  state,
  why: '',
})
const [a, b, asks] = [row('a.example.org'), row('b.example.org'), row('asks.example.org', 'waiting')]

test('the first row is chosen, and stays chosen whatever comes above it', () => {
  const first = choose([a], NOTHING_CHOSEN, 1_000)
  expect(first.place).toBe('a.example.org:443')
  expect(choose([b, a], first, 2_000).place).toBe('a.example.org:443')
  expect(choose([], first, 2_000).place).toBe('')
})

test('a host that waits for a key is chosen by itself, and a key that comes with it is not for it', () => {
  const before = choose([a, b], NOTHING_CHOSEN, 1_000)
  const jumped = choose([asks, a, b], before, 50_000)
  expect(jumped.place).toBe('asks.example.org:443')
  expect([isTooSoon(jumped, 50_300), isTooSoon(jumped, 51_000)]).toEqual([true, false])
  expect(choose([row('next.example.org', 'waiting'), asks, a], jumped, 60_000).place).toBe('asks.example.org:443')
})

test('a row that the user has just moved to is left to them for some seconds', () => {
  const byHand = moved(b, 50_000)
  expect(choose([asks, a, b], byHand, 55_000).place).toBe('b.example.org:443')
  expect(choose([asks, a, b], byHand, 61_000).place).toBe('asks.example.org:443')
})

test('a key is for a row that was moved to, also right after the choice had moved by itself', () => {
  const jumped = choose([asks, a], choose([a], NOTHING_CHOSEN, 0), 50_000)
  expect(isTooSoon(jumped, 50_100)).toBe(true)
  expect(isTooSoon(choose([asks, a], moved(asks, 50_050), 50_090), 50_100)).toBe(false)
})

test('once it no longer waits it stays chosen, and when it is gone the next one that waits is', () => {
  const jumped = choose([asks, a], choose([a], NOTHING_CHOSEN, 0), 50_000)
  expect(choose([a, row('asks.example.org')], jumped, 52_000).place).toBe('asks.example.org:443')
  const other = row('other.example.org', 'waiting')
  expect(choose([other, a], jumped, 52_000)).toMatchObject({ place: 'other.example.org:443', jumped: 52_000 })
})
