import { expect, test } from 'bun:test'
import { parseAllow } from '../../src/network/pattern.ts'
import { revisionOf } from '../../src/network/revision.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { policyNow } from '../../src/session/resolve/policy.ts'

const allowed = (entry: string, until = 0) => ({ verb: 'allow' as const, entry, until })
const record = (changes: SessionRecord['changes'], earlier: SessionRecord['changes'][] = []) =>
  ({
    ...{ id: 'paude-bcdfgh', network: 'restricted', allow: [parseAllow('example.org', 'test')], deny: [], ports: [443] },
    ...{ injections: [], credentials: [], ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 } },
    ...{ revision: 'known', settled: true, changes, earlier },
  }) as unknown as SessionRecord
const NOW = 1_000

test.each([
  ['before anything was said to it', [], record([allowed('a.test')])],
  ['before the last change', [allowed('a.test')], record([], [[allowed('a.test')], []])],
  ['while something held that has ended', [allowed('a.test', NOW - 1)], record([], [[allowed('a.test', NOW - 1)]])],
])('a session knows the policy that held %s', (_, changes, later) => {
  const { revision, ...then } = policyNow(record(changes), 0)
  expect(policyNow(later, NOW).held?.(revision)).toMatchObject({ allow: then.allow })
})

test('it knows none that it never had', () =>
  expect(policyNow(record([]), NOW).held?.(revisionOf(policyNow(record([allowed('b.test')]), 0)))).toBe(null))
