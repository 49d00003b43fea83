import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { ofToday } from '../../src/session/record/older.ts'
import { SessionRecord } from '../../src/session/record/record.ts'

const OLDER = {
  ...{
    v: 1,
    id: 'paude-bcd234',
    name: '',
    backend: 'docker',
    agent: 'claude',
    version: '0.9.0',
    created: '2026-01-01T00:00:00Z',
  },
  ...{ workspace: '/w', directory: '/w', network: 'restricted', allow: [], terminal: true, homeVolume: 'h' },
  injection: { host: 'api.example', port: 443, scheme: 'https', way: 'bump', header: 'Authorization', prefix: '' },
  credential: 'SOME_TOKEN',
  credentialSource: 'file:/key',
}

test('a session of an older paude keeps its credential and where that goes', () => {
  const record = v.parse(SessionRecord, ofToday(OLDER))
  expect(record.v).toBe(3)
  expect(record.link).toBe('gate')
  expect(record.injections).toEqual([
    expect.objectContaining({ host: 'api.example', way: 'bump', header: 'Authorization', lead: 'Bearer' }),
  ])
  expect(new RegExp(record.injections[0]?.api ?? '').test('/v1/messages')).toBe(true)
  expect(record.credentials).toEqual([{ variable: 'SOME_TOKEN', source: 'file:/key' }])
  expect(Object.keys(record)).not.toContain('injection')
})

test('one without a credential has none now', () => {
  const { injection, credentialSource, ...rest } = OLDER
  const record = v.parse(SessionRecord, ofToday({ ...rest, credential: '' }))
  expect([record.injections, record.credentials]).toEqual([[], []])
})

test('an injection without a credential is no record, and neither is one whose words would be lines of squid.conf', () => {
  const { credential, ...rest } = OLDER
  expect(v.is(SessionRecord, ofToday(rest))).toBe(false)
  const today = v.parse(SessionRecord, ofToday(OLDER))
  expect(v.is(SessionRecord, { ...today, credentials: [] })).toBe(false)
  for (const change of [{ header: 'X\nhttp_access allow all' }, { lead: 'B x' }, { host: 'a b' }, { prefix: '/\n' }, { api: '' }])
    expect(v.is(SessionRecord, { ...today, injections: [{ ...today.injections[0], ...change }] })).toBe(false)
})

test('what is no record stays none', () => expect(v.is(SessionRecord, ofToday({ v: 4 }))).toBe(false))
