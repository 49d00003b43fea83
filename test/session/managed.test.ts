import { expect, test } from 'bun:test'
import { parseConfig } from '../../src/config/files/parse.ts'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { usualProvider } from '../../src/credentials/providers.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { beyondManaged, missingDenial } from '../../src/session/resolve/managed.ts'

const UPSTREAM: NonNullable<SessionRecord['ways']['upstream']> = {
  scheme: 'http',
  host: 'p.corp.example',
  port: 3128,
  except: [],
  credentials: '',
}
const DIRECT: SessionRecord['ways'] = { upstream: null, dns: [], ip: 'any', bandwidth: 0 }

const beyond = (text: string, more: Partial<SessionRecord>): string | null => {
  const record = {
    id: 's',
    network: 'restricted',
    allow: [],
    deny: [],
    ports: [80, 443],
    changes: [],
    injections: [],
    credentials: [],
    ways: DIRECT,
    ...more,
  }
  const managed = parseConfig({ layer: 'managed', file: '/m.toml', text }).sources
  const bounds = mergeSources({ file: '', sources: [], managed }).managed
  return beyondManaged(record as unknown as SessionRecord, bounds, { own: [], now: 0 })
}

const PROXY = 'network.upstream_proxy = "http://p.corp.example:3128"\n'
const BUMP = {
  host: 'a.example',
  port: 443,
  scheme: 'https',
  way: 'base-url',
  header: 'X-Api-Key',
  prefix: '',
  lead: '',
  api: usualProvider.api,
} as const

/** A session with a credential for GitHub. */
const BOUND = {
  injections: [{ ...BUMP, host: 'github.com', way: 'bump', bound: { methods: ['GET'], placeholder: 'x'.repeat(16) } }],
  credentials: [{ variable: '', source: 'env:T', bound: { name: 'github', kind: 'github', user: '' } }],
} satisfies Partial<SessionRecord>

test.each<[managed: string, session: Partial<SessionRecord>, beyond: string | null]>([
  [PROXY, { ways: DIRECT }, 'network.upstream_proxy = nothing'],
  [PROXY, { ways: { ...DIRECT, upstream: { ...UPSTREAM, port: 3129 } } }, 'network.upstream_proxy = http://p.corp.example:3129'],
  [PROXY, { ways: { ...DIRECT, upstream: { ...UPSTREAM, except: ['*.b.example'] } } }, 'network.upstream_except = *.b.example'],
  [PROXY, { ways: { ...DIRECT, upstream: { ...UPSTREAM, credentials: 'env:A' } } }, 'network.upstream_credentials = env:A'],
  [PROXY, { ways: { ...DIRECT, upstream: UPSTREAM } }, null],
  [
    `${PROXY}network.upstream_except = [".b.example"]\n`,
    { ways: { ...DIRECT, upstream: { ...UPSTREAM, except: ['*.b.example'] } } },
    null,
  ],
  [PROXY, { network: 'none', ways: DIRECT }, null],
  ['credentials_allow = ["gitlab"]\n', BOUND, 'credentials.github'],
  ['credentials_allow = []\n', BOUND, 'credentials.github'],
  ['credentials_allow = ["github"]\n', BOUND, null],
  ['network.allow = ["a.example"]\n', BOUND, 'credentials.github'],
  ['network.allow = ["github.com"]\n', BOUND, null],
  ['provider.base_url = "https://a.example"\n', BOUND, null],
  ['network.dns = ["10.0.0.53"]\n', { ways: { ...DIRECT, dns: ['10.0.0.54'] } }, 'network.dns = 10.0.0.54'],
  ['network.dns = ["10.0.0.53"]\n', { ways: { ...DIRECT, dns: ['10.0.0.53'] } }, null],
  ['network.ip = "ipv4"\n', { ways: DIRECT }, 'network.ip = any'],
  ['network.ip = "ipv4"\n', { ways: { ...DIRECT, ip: 'ipv4' } }, null],
  ['network.bandwidth = "1m"\n', { ways: DIRECT }, 'network.bandwidth = none'],
  ['network.bandwidth = "1m"\n', { ways: { ...DIRECT, bandwidth: 2 * 1024 ** 2 } }, 'network.bandwidth = 2097152'],
  ['network.bandwidth = "1m"\n', { ways: { ...DIRECT, bandwidth: 1024 } }, null],
  ['network.inject = "bump"\n', { injections: [BUMP] }, 'network.inject = base-url'],
  ['network.ports = [443]\n', { ports: [80, 443] }, 'network.ports = 80'],
  ['network.ports = [80, 443]\n', { ports: [443] }, null],
  [
    'network.allow = ["a.example"]\nnetwork.ports = [443]\n',
    { ports: [443], allow: [{ host: 'a.example', ports: [80, 443], privateRange: '', why: '' }] },
    'network.allow = a.example:80',
  ],
  ['network.allow = ["a.example"]\n', { ports: [443], changes: [{ verb: 'allow', entry: 'a.example', until: 0 }] }, null],
  [
    'network.allow = ["a.example"]\n',
    { ports: [8443], changes: [{ verb: 'allow', entry: 'a.example', until: 0 }] },
    'network.allow = a.example:8443',
  ],
  ['', { ways: DIRECT }, null],
])('under a managed %j a session with %j has %p more than anybody may have', (managed, session, expected) => {
  expect(beyond(managed, session)).toBe(expected)
})

const changed = (changes: SessionRecord['changes']) =>
  ({
    id: 's1',
    network: 'restricted',
    allow: [],
    deny: [],
    ports: [80, 443],
    injections: [],
    credentials: [],
    ways: DIRECT,
    changes,
  }) as unknown as SessionRecord

test('what is covered for a time is measured by what is managed all the same', () => {
  const covered = changed([
    { verb: 'allow', entry: 'x.example:8443', until: 0 },
    { verb: 'deny', entry: 'x.example:8443', until: 200 },
  ])
  expect(beyondManaged(covered, { networkAllow: [] }, { own: [], now: 100 })).toContain('x.example:8443')
  const uncovered = changed([
    { verb: 'deny', entry: 'x.example', until: 0 },
    { verb: 'allow', entry: 'x.example', until: 200 },
  ])
  expect(missingDenial(uncovered, { networkDeny: ['x.example'] }, 100)).toBe('x.example')
  expect(missingDenial(uncovered, { networkDeny: ['x.example'] }, 200)).toBe(null)
})
