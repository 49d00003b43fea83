import { expect, test } from 'bun:test'
import { beyondManaged, missingDenial } from '../../src/session/managed.ts'
import type { SessionRecord } from '../../src/session/record.ts'

const record = (changes: SessionRecord['changes']) =>
  ({
    id: 's1',
    network: 'restricted',
    allow: [],
    deny: [],
    injection: null,
    ways: { upstream: null, dns: [], bandwidth: 0 },
    changes,
  }) as unknown as SessionRecord

test('what is covered for a time is measured by what is managed all the same', () => {
  const covered = record([
    { verb: 'allow', entry: 'x.example:8443', until: 0 },
    { verb: 'deny', entry: 'x.example:8443', until: 200 },
  ])
  expect(beyondManaged(covered, { networkAllow: [] }, { own: [], now: 100 })).toContain('x.example:8443')
  const uncovered = record([
    { verb: 'deny', entry: 'x.example', until: 0 },
    { verb: 'allow', entry: 'x.example', until: 200 },
  ])
  expect(missingDenial(uncovered, { networkDeny: ['x.example'] }, 100)).toBe('x.example')
  expect(missingDenial(uncovered, { networkDeny: ['x.example'] }, 200)).toBe(null)
})
