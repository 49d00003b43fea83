import { expect, test } from 'bun:test'
import TOML from '@iarna/toml'
import type { Policy } from '../../src/network/allow.ts'
import type { Request } from '../../src/network/log.ts'
import { parseAllow } from '../../src/network/pattern.ts'
import { proposal, proposalText } from '../../src/network/proposal.ts'
import { DIRECT } from '../../src/network/ways.ts'

const policy: Policy = {
  session: 's',
  mode: 'record',
  allow: [parseAllow('known.example', 'x')],
  deny: [],
  ports: [80, 443],
  ways: DIRECT,
  injections: [],
}
const request = (host: string, port: number, rest: Partial<Request> = {}): Request => ({
  ...{
    time: '',
    session: 's',
    method: port === 80 ? 'GET' : 'CONNECT',
    host,
    port,
    decision: 'allowed',
    rule: 'record',
    bytes: 0,
    revision: '',
    program: '',
  },
  ...rest,
})
const of = (...requests: readonly Request[]) => proposal(requests, policy)

test('a proposal names each host and port that was used, those of a group together', () =>
  expect(
    of(
      request('z.example', 443),
      request('api.github.com', 443),
      request('z.example', 443),
      request('z.example', 80),
      request('raw.githubusercontent.com', 443),
    ).entries,
  ).toEqual([
    { entry: 'api.github.com:443', group: 'github', times: 1 },
    { entry: 'raw.githubusercontent.com:443', group: 'github', times: 1 },
    { entry: 'z.example:443', group: '', times: 2 },
    { entry: 'z.example:80', group: '', times: 1 },
  ]))

test('a proposal leaves out what is allowed already, what failed and what was denied on purpose', () =>
  expect(
    of(
      request('known.example', 443),
      request('gone.example', 443, { decision: 'failed' }),
      request('no.example', 443, { decision: 'blocked', rule: 'denied: no.example' }),
      request('dead.example', 443, { decision: 'blocked', rule: 'not found, or at a private address' }),
    ).entries,
  ).toEqual([]))

test('a proposal has what was blocked for want of an entry', () =>
  expect(
    of(request('b.example', 8443, { decision: 'blocked', rule: 'not on the allowlist' })).entries.map(({ entry }) => entry),
  ).toEqual(['b.example:8443']))

test('addresses are told apart, since no entry allows them', () =>
  expect(of(request('8.8.8.8', 443, { decision: 'blocked' }), request('localhost', 80, { decision: 'blocked' }))).toEqual({
    entries: [],
    impossible: ['8.8.8.8:443', 'localhost:80'],
  }))

test('its text is TOML that a file can hold', () => {
  const proposed = of(request('z.example', 443), request('github.com', 443))
  expect(TOML.parse(proposalText(proposed)) as object).toEqual({ network: { allow: ['github.com:443', 'z.example:443'] } })
  expect(proposalText(proposed)).toContain('# of @github: GitHub: git, API, releases\n')
})

test('a tunnel without TLS needs an entry that says so, also where its place is allowed', () => {
  const known = { ...policy, allow: [parseAllow('otel.example:4318', 'x'), parseAllow('http://fine.example:4318', 'x')] }
  const plain = { plain: true } as const
  const { entries } = proposal(
    [
      request('otel.example', 4318, { ...plain, decision: 'blocked', rule: 'not TLS' }),
      request('otel.example', 4318),
      request('fine.example', 4318, plain),
      request('new.example', 4317, plain),
    ],
    known,
  )
  expect(entries.map(({ entry }) => entry)).toEqual(['http://new.example:4317', 'http://otel.example:4318'])
})
