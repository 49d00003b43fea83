import { describe, expect, test } from 'bun:test'
import type { Policy } from '../../src/network/allow.ts'
import { decide, readTarget } from '../../src/network/decide.ts'
import { parseAllow } from '../../src/network/pattern.ts'
import { revisionOf } from '../../src/network/revision.ts'
import { squidConf, standingFiles } from '../../src/network/squid-conf.ts'
import { DIRECT, readWays, type WrittenWays } from '../../src/network/ways.ts'

const NONE: WrittenWays = { upstreamProxy: '', upstreamCredentials: '', upstreamExcept: [], dns: [], ip: 'any', bandwidth: '' }
const behind = readWays({
  ...NONE,
  upstreamProxy: 'http://proxy.corp.example:8080',
  upstreamExcept: ['.near.example', 'a.other.example'],
})
const policy = (ways = behind): Policy => ({
  session: 's1',
  mode: 'restricted',
  allow: ['a.example', 'x.near.example'].map((entry) => parseAllow(entry, 'test')),
  deny: [],
  ports: [80, 443],
  ways,
  injections: [],
})
const linesOf = (conf: string, start: string) => conf.split('\n').filter((line) => line.startsWith(start))

test('nothing written is the direct way', () => {
  expect(readWays(NONE)).toEqual(DIRECT)
  expect(squidConf(policy(DIRECT))).not.toMatch(/cache_peer|delay_|dns_nameservers|via_upstream/)
})

test.each<[written: Partial<WrittenWays>, message: string]>([
  [{ upstreamProxy: 'proxy.example:3128' }, 'is not a proxy'],
  [{ upstreamProxy: 'socks5://proxy.example:1080' }, 'is not a proxy'],
  ...['localhost', '127.0.0.1', '127.1', '[::1]'].map((host): [Partial<WrittenWays>, string] => [
    { upstreamProxy: `http://${host}:3128` },
    ' is the loopback of the proxy container',
  ]),
  [{ upstreamProxy: 'http://proxy.example/path' }, 'is not a proxy'],
  [{ upstreamProxy: 'http://ada:hunter2@proxy.example:3128' }, 'network.upstream_proxy: it must not hold a password'],
  [{ upstreamCredentials: 'env:LOGIN' }, 'network.upstream_proxy is missing'],
  [{ upstreamExcept: ['a.example'] }, 'network.upstream_proxy is missing'],
  [{ upstreamProxy: 'http://p.example:1', upstreamExcept: ['10.0.0.1'] }, 'addresses are always denied'],
  [{ dns: ['ns.example'] }, 'network.dns'],
  [{ dns: ['10.0.0.53', 'fd00::53'], ip: 'ipv4' }, 'network.ip'],
  [{ upstreamProxy: 'http://[fd00::1]:3128', ip: 'ipv4' }, 'network.ip'],
  [{ dns: ['8.8.8.8', '1.2.3.4\nhttp_access allow all'] }, 'network.dns'],
  [{ bandwidth: '5' }, 'network.bandwidth'],
  [{ bandwidth: '5mb/s' }, 'network.bandwidth'],
])('%j is refused: %s', (written, message) => {
  let said = ''
  try {
    readWays({ ...NONE, ...written })
  } catch (error) {
    said = (error as Error).message
  }
  expect(said).toContain(message)
  expect(said).not.toContain('hunter2')
})

describe('an upstream proxy', () => {
  test('is asked for everything but this machine and what is excepted', () => {
    const conf = squidConf(policy())
    expect(linesOf(conf, 'acl near_name')).toEqual([
      'acl near_name dstdomain -n host.paude.internal',
      'acl near_name dstdomain -n .near.example',
      'acl near_name dstdomain -n a.other.example',
    ])
    expect(linesOf(conf, 'cache_peer ')).toEqual([
      'cache_peer proxy.corp.example parent 8080 0 no-query no-digest no-netdb-exchange default name=upstream-proxy',
    ])
    expect(linesOf(conf, 'never_direct')).toEqual(['never_direct allow !near_name'])
    expect(linesOf(conf, 'always_direct')).toEqual(['always_direct allow near_name'])
  })

  test('resolves the names, so these alone are judged here; what is near is judged by its address as ever', () => {
    expect(linesOf(squidConf(policy()), 'acl tls_ok1 ')).toEqual([
      'acl tls_ok1 all-of host_ok tls1 via_upstream',
      'acl tls_ok1 all-of host_ok tls1 any_dst !never_net !priv_net',
    ])
    expect(decide(policy(), readTarget('a.example'), ['10.0.0.1']).decision).toBe('allowed')
    expect(decide(policy(), readTarget('x.near.example'), ['10.0.0.1']).decision).toBe('blocked')
  })

  test('gets its login from a file of P, and no file of this machine names it', () => {
    const ways = readWays({ ...NONE, upstreamProxy: 'https://proxy.corp.example', upstreamCredentials: 'env:LOGIN' })
    const conf = squidConf(policy(ways))
    expect(linesOf(conf, 'cache_peer ')).toEqual([])
    expect(conf).toContain('\ninclude /run/upstream.conf\n')
    expect(conf).not.toContain('LOGIN')
    expect(standingFiles(policy(ways))['upstream']).toBe(
      'proxy.corp.example parent 443 0 no-query no-digest no-netdb-exchange default name=upstream-proxy tls tls-cafile=/run/roots.pem tls-min-version=1.2\n',
    )
  })
})

test('name servers and a limit of what comes in', () => {
  const conf = squidConf(policy(readWays({ ...NONE, dns: ['10.0.0.53', 'fd00::53'], bandwidth: '5m' })))
  expect(linesOf(conf, 'dns_nameservers')).toEqual(['dns_nameservers 10.0.0.53 fd00::53'])
  expect(linesOf(conf, 'delay_parameters')).toEqual(['delay_parameters 1 5242880/5242880'])
})

test('another way is another policy', () => expect(revisionOf(policy())).not.toBe(revisionOf(policy(DIRECT))))
