import { expect, test } from 'bun:test'
import type { Policy } from '../../src/network/allow.ts'
import { decide, readTarget } from '../../src/network/decide.ts'
import { parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { verdictSentence } from '../../src/network/sentence.ts'
import { DIRECT } from '../../src/network/ways.ts'
import { injectionAt } from '../support/injection.ts'

const policy = (mode: Policy['mode'] = 'restricted'): Policy => ({
  session: 's',
  mode,
  allow: [parseAllow('a.example', 'requested by --network-allow'), parseAllow('p.example:8443', '')],
  deny: [parseDeny('no.example', 'requested by x.toml:2')],
  ports: [80, 443],
  ways: DIRECT,
  injections: [injectionAt('api.example')],
})

test.each([
  ['https://a.example', ['93.184.216.34'], 'allowed: https to a.example:443, by a.example (requested by --network-allow)'],
  [
    'https://a.example',
    ['10.1.1.1'],
    'blocked: https to a.example:443, since it is at a private address: 10.1.1.1 (requested by --network-allow)',
  ],
  ['https://a.example', [], 'blocked: https to a.example:443, since the name was not found (requested by --network-allow)'],
  ['https://p.example', null, 'blocked: https to p.example:443, since port 443 is not open: p.example:8443'],
  ['https://no.example', null, 'blocked: https to no.example:443, since it is denied by no.example (requested by x.toml:2)'],
  ['http://b.example', null, 'blocked: http to b.example:80, since it is not on the allowlist'],
  ['https://localhost', null, 'blocked: https to localhost:443, since it is not a full host name'],
  ['https://1.2.3.4', null, 'blocked: https to 1.2.3.4:443, since it is an IP address, and only host names can be allowed'],
  ['http://paude.internal', null, "allowed: http to paude.internal:80, since it is paude's own help page"],
  ['http://x.example/squid-internal-mgr/', null, "blocked: http to x.example:80, since these are the proxy's own pages"],
  ['api.example', [], 'blocked: https to api.example:443, since the name was not found (the provider)'],
  ['api.example', ['93.184.216.34'], 'allowed: https to api.example:443, by api.example:443 (the provider)'],
  ['https://api.example/other', null, 'blocked: https to api.example:443, since only the API paths of the provider are allowed'],
  [
    'http://api.example/v1/messages',
    null,
    'blocked: http to api.example:80, since the agent reaches the provider only at https://api.example:443',
  ],
] as const)('of %s at %j one reads a sentence', (url, addresses, sentence) => {
  const target = readTarget(url)
  expect(verdictSentence(target, decide(policy(), target, addresses))).toBe(sentence)
})

test.each([
  ['open', 'allowed: https to b.example:443, since every host is allowed except denied ones (--network open)'],
  ['record', 'allowed: https to b.example:443, since record mode allows every public host (--network record)'],
] as const)('of a network that is %s one reads why', (mode, sentence) => {
  const target = readTarget('b.example')
  expect(verdictSentence(target, decide(policy(mode), target, null))).toBe(sentence)
})
