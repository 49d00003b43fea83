import { expect, test } from 'bun:test'
import { decide, readTarget } from '../src/network/decide.ts'
import { parseAllow } from '../src/network/pattern.ts'
import { revisionOf } from '../src/network/revision.ts'
import { DIRECT } from '../src/network/ways.ts'

const policy = {
  session: 's1',
  mode: 'restricted',
  allow: [parseAllow('a.example', 'test')],
  deny: [],
  ports: [80, 443],
  ways: DIRECT,
  injections: [],
} as const
const alone = { ...policy, ways: { ...DIRECT, ip: 'ipv4' } } as const
const target = readTarget('https://a.example')

test('without IPv6 a name is judged by its addresses of IPv4 alone', () => {
  const mixed = ['93.184.215.14', 'fd00::1']
  expect(decide(policy, target, mixed)).toMatchObject({ decision: 'blocked', rule: 'at a private address: fd00::1' })
  expect(decide(alone, target, mixed).decision).toBe('allowed')
  expect(decide(alone, target, ['10.0.0.1', '2606:4700::1111']).decision).toBe('blocked')
})

test('without IPv6 a name that has no other address is not found', () => {
  expect(decide(policy, target, ['2606:4700::1111']).decision).toBe('allowed')
  expect(decide(alone, target, ['2606:4700::1111'])).toMatchObject({ decision: 'blocked', rule: 'the name was not found' })
  const open = { ...alone, mode: 'open' } as const
  expect(decide(open, readTarget('https://[2606:4700::1111]'), ['2606:4700::1111']).decision).toBe('blocked')
})

test('policies with and without IPv6 have revisions of their own', () => {
  expect(revisionOf(alone)).not.toBe(revisionOf(policy))
})
