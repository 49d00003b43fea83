import { expect, test } from 'bun:test'
import type { Request } from '../../src/network/log.ts'
import { blockedWords } from '../../src/session/life/finish.ts'

test('what was refused is told with what allows it, and without where no later start could', () => {
  const refused = ['a.example.org', 'b.example.org'].map((host) => ({ decision: 'blocked', rule: '', host, port: 443 }))
  const requests = refused as unknown as readonly Request[]
  expect(blockedWords(requests, [80, 443])).toEqual([
    'blocked 2 hosts, such as a.example.org:443; to allow: paude --network-allow a.example.org',
  ])
  expect(blockedWords(requests, null)).toEqual(['blocked 2 hosts, such as a.example.org:443'])
})
