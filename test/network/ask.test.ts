import { describe, expect, test } from 'bun:test'
import type { Policy } from '../../src/network/allow.ts'
import { isAskable, listedLines } from '../../src/network/ask.ts'
import { parseLog } from '../../src/network/log.ts'
import { parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { proposal } from '../../src/network/proposal.ts'
import { revisionOf } from '../../src/network/revision.ts'
import { policyFiles, squidConf, standingFiles } from '../../src/network/squid-conf.ts'
import { DIRECT } from '../../src/network/ways.ts'

const policy = (mode: Policy['mode']): Policy => ({
  session: 'paude-bcd234',
  mode,
  allow: [parseAllow('a.example', ''), parseAllow('*.b.example:8443', '')],
  deny: [parseDeny('no.example', ''), parseDeny('c.example:80', '')],
  ports: [80, 443],
  ways: DIRECT,
  injections: [
    {
      ...{ host: 'api.example', port: 443, scheme: 'https', way: 'bump' },
      ...{ header: 'x-api-key', lead: '', prefix: '', api: '/v1/.*' },
    } as const,
  ],
})
const LINE = '{"v":1,"sid":"s","rev":"abc","t":1.5,"m":"CONNECT","h":"d.example","p":"443","ask":60,"ua":"curl/8.5"}\n'

describe('a session that asks', () => {
  test('has the rules of one that does not: nothing that is asked for opens anything', () => {
    const rules = (mode: Policy['mode']) => squidConf(policy(mode)).replaceAll(revisionOf(policy(mode)), 'REVISION')
    expect(rules('ask')).toBe(rules('restricted'))
  })

  test('tells its proxy who is never asked for: what is listed, what is denied, and providers', () => {
    expect(listedLines(policy('ask'))).toBe(
      'allow api.example *\nallow *.b.example 8443\nallow a.example 80,443\ndeny c.example 80\ndeny no.example *\n',
    )
    expect(policyFiles(policy('ask'))['listed']).toBe(listedLines(policy('ask')))
    expect(standingFiles(policy('ask'))['ask']).toBe('paude-bcd234 60\n')
  })

  test('is the only one whose proxy holds anything', () => {
    for (const mode of ['restricted', 'record', 'open'] as const)
      expect([standingFiles(policy(mode))['ask'], policyFiles(policy(mode))['listed']]).toEqual([undefined, undefined])
  })
})

test('a question in the log is a request that waits, and nobody takes it for one that was refused', () => {
  const known = { ...policy('ask'), revision: 'abc' }
  const [request, ...more] = parseLog(LINE, known)
  expect([request, more]).toEqual([
    expect.objectContaining({
      decision: 'waiting',
      host: 'd.example',
      port: 443,
      program: 'curl/8.5',
      rule: 'waits for your answer',
    }),
    [],
  ])
  expect(proposal(parseLog(LINE, known), policy('ask')).entries).toEqual([])
})

test.each([
  ['example.org', true],
  ['internal.example', true],
  ['metadata.google.internal', false],
  ['host.paude.internal', false],
  ['printer.local', false],
  ['localhost', false],
  ['1.0.0.127.in-addr.arpa', false],
])('%s can be asked for: %p', (host, askable) => {
  expect(isAskable(host)).toBe(askable)
})
