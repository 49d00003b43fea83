import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { proxyContext } from '../../src/image/embedded.ts'
import type { Injection, Policy } from '../../src/network/allow.ts'
import { stagesOf } from '../../src/network/changes.ts'
import { decide, readTarget } from '../../src/network/decide.ts'
import { injectedPath, isInjectedPath } from '../../src/network/inject.ts'
import { parseAllow, parseDeny } from '../../src/network/pattern.ts'
import { revisionOf } from '../../src/network/revision.ts'
import { squidConf, stageFiles, standingFiles } from '../../src/network/squid-conf.ts'
import { DIRECT } from '../../src/network/ways.ts'
import { injectionAt } from '../support/injection.ts'

const injection = injectionAt('api.provider.example')
const policy = (rest: Partial<Policy>, ...entries: readonly string[]): Policy => ({
  session: 's1',
  mode: 'restricted',
  allow: entries.map((entry) => parseAllow(entry, 'test')),
  deny: [],
  ports: [80, 443],
  ways: DIRECT,
  injections: [],
  ...rest,
})
const linesOf = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start))

describe('squid.conf', () => {
  test('an empty list allows nothing', () => {
    const conf = squidConf(policy({}))
    expect(linesOf(conf, 'acl tls_ok')).toEqual(['acl tls_ok any-of nothing'])
    expect(linesOf(conf, 'acl web_')).toEqual(['acl web_name any-of nothing', 'acl web_ok any-of nothing'])
    expect(linesOf(conf, 'http_access allow')).toEqual(['http_access allow CONNECT', 'http_access allow web_ok'])
    expect(linesOf(conf, 'miss_access')).toEqual(['miss_access deny CONNECT denied', 'miss_access deny CONNECT !tls_ok'])
    expect(linesOf(conf, 'ssl_bump').at(-1)).toBe('ssl_bump terminate all')
  })

  test('a tunnel may carry what is no TLS at the host and port of an http:// entry, and nowhere else', () => {
    const conf = squidConf(
      policy({ injections: [injection] }, 'a.example:4318', 'http://b.example:4318', 'http://api.provider.example:443'),
    )
    expect(linesOf(conf, 'on_unsupported_protocol')).toEqual([
      'on_unsupported_protocol tunnel !inject_site tls2',
      'on_unsupported_protocol tunnel !inject_site tls3',
      'on_unsupported_protocol respond all',
    ])
    expect(linesOf(conf, 'acl name')).toEqual([
      'acl name1 dstdomain -n a.example',
      'acl name2 dstdomain -n api.provider.example',
      'acl name3 dstdomain -n b.example',
    ])
    expect(squidConf(policy({}, 'a.example:4318'))).not.toContain('on_unsupported_protocol tunnel')
  })

  test('bounds every word of a client in the log, so that none pushes others out of it', () => {
    const [format = ''] = linesOf(squidConf(policy({})), 'logformat paude')
    expect(format).toContain('"m":"%#.20rm","u":"%#.300ru"')
    expect(format).toContain('"ed":"%#.200err_detail"')
    expect(format).toContain('"ua":"%#.100{User-Agent}>h"')
  })

  test('443 is for TLS, 80 for plain requests, other ports for both', () => {
    const conf = squidConf(policy({}, 'a.example', 'b.example:9000'))
    expect(linesOf(conf, 'acl port_')).toEqual([
      'acl port_tls1 port 443',
      'acl port_web1 port 80',
      'acl port_tls2 port 9000',
      'acl port_web2 port 9000',
    ])
  })

  test("a wildcard is squid's dot without the apex", () => {
    const conf = squidConf(policy({}, '*.a.example'))
    expect(linesOf(conf, 'acl name')).toEqual(['acl name1 dstdomain -n .a.example'])
    expect(linesOf(conf, 'acl tls1')).toEqual(['acl tls1 all-of name1 port_tls1 !apex1'])
    expect(linesOf(conf, 'acl sni1 ')).toEqual(['acl sni1 all-of sni1_in !sni_apex1'])
  })

  test('a wildcard with its apex is one dot: squid 6 ends on both in one list', () => {
    const conf = squidConf(policy({}, '*.a.example', 'a.example'))
    expect(linesOf(conf, 'acl name')).toEqual(['acl name1 dstdomain -n .a.example'])
    expect(conf).not.toContain('apex')
  })

  test('names are judged before addresses, so that a denied name is never looked up', () => {
    for (const line of linesOf(squidConf(policy({ injections: [injection] }, 'a.example', 'b.example@10.0.0.0/8')), 'acl '))
      if (line.includes(' all-of ') && line.includes('any_dst')) expect(line).toMatch(/ (name|tls|web|inject)[^!]* any_dst /)
  })

  test('this machine is reached at the address P found, and nowhere else', () =>
    expect(linesOf(squidConf(policy({}, 'host.paude.internal:3000')), 'acl web_ok1')).toEqual([
      'acl web_ok1 all-of web1 any_dst gateway',
    ]))

  test('the provider is bumped or ended, never spliced', () => {
    const rules = linesOf(
      squidConf(policy({ injections: [injection] }, 'api.provider.example', '*.provider.example')),
      'ssl_bump',
    )
    const splice = rules.findIndex((rule) => rule.startsWith('ssl_bump splice step2'))
    expect(rules.slice(0, splice)).toEqual([
      'ssl_bump splice step1 denied',
      'ssl_bump splice step1 !tls_ok',
      'ssl_bump peek step1',
      'ssl_bump terminate step2 denied_sni',
      'ssl_bump bump step2 inject_site inject_port inject_sni',
      'ssl_bump terminate step2 inject_site',
      'ssl_bump terminate step2 inject_sni',
    ])
  })

  test('open allows everything but the proxy itself', () => {
    const conf = squidConf(policy({ mode: 'open' }))
    expect(linesOf(conf, 'acl open_ok')).toEqual(['acl open_ok all-of any_dst !self_net'])
    expect(conf).not.toContain('terminate')
  })

  test.each([
    ['/v1/messages', true],
    ['/v1/messages?beta=true', true],
    ['/v1/messages/count_tokens?beta=true', true],
    ['/v1/models', true],
    ['/v1/models/claude-3.5_x?limit=1', true],
    ['/v1/files', false],
    ['/v1/messages/batches', false],
    ['/v1/messages?/../files', false],
    ['/v1/messages?%2f..%2ffiles', false],
    ['/v1/models/..', false],
    ['/v1/models/../files', false],
    ['/v1/messages\n', false],
    ['/x/v1/messages', false],
  ])('the credential goes to %j: %p', (path, goes) => {
    const pattern =
      linesOf(squidConf(policy({ injections: [injection] })), 'acl inject_path')[0]
        ?.split(' ')
        .at(-1) ?? ''
    expect(new RegExp(pattern).test(path)).toBe(goes)
  })

  test("a gateway's prefix is part of the path, and a strange one opens nothing", () => {
    const path = (prefix: string) => linesOf(squidConf(policy({ injections: [{ ...injection, prefix }] })), 'acl inject_path')[0]
    expect(path('/llm.v2')).toContain(String.raw` ^/llm\.v2(/v1/`)
    expect(path('/a b')).toContain(' ^/never(/v1/')
    expect(path('/..')).toContain(' ^/never(/v1/')
    expect(path('/a\nhttp_access allow all')).toContain(' ^/never(/v1/')
  })

  test('every host stands once in a list, whatever the order of entries', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'a.example',
            '*.a.example',
            'b.a.example',
            '*.b.a.example:443',
            'c.b.a.example:443',
            'd.example@10.0.0.0/8',
          ),
        ),
        (entries) => {
          for (const list of Map.groupBy(
            linesOf(squidConf(policy({}, ...entries)), 'acl name'),
            (line) => line.split(' ')[1],
          ).values()) {
            const hosts = list.map((line) => line.split(' ').at(-1) ?? '')
            for (const host of hosts)
              expect(
                hosts.filter(
                  (other) =>
                    other === host || `.${host}`.replace('..', '.').endsWith(other.startsWith('.') ? other : `\n${other}`),
                ),
              ).toEqual([host])
          }
        },
      ),
    ))

  test("no line is longer than squid's limit", () => {
    const many = Array.from({ length: 500 }, (_, at) => `host${at}.example`)
    for (const line of squidConf(policy({ injections: [injection] }, ...many, 'x.example@10.1.2.3/32')).split('\n'))
      expect(line.length).toBeLessThan(2000)
  })
})

test('a name that is not allowed is refused before anything looks its address up', () => {
  const rules = linesOf(squidConf(policy({}, 'a.example')), 'http_access')
  const refused = rules.indexOf('http_access deny !web_name')
  expect(refused).toBeGreaterThan(-1)
  for (const asking of ['http_access allow web_ok', 'http_access deny !any_dst unfound'])
    expect(rules.indexOf(asking)).toBeGreaterThan(refused)
})

describe('two providers', () => {
  const other: Injection = { ...injection, host: 'models.other.example', header: 'X-Goog-Api-Key', api: '/v1beta/models' }
  const two = policy({ injections: [injection, other] }, 'api.provider.example', 'models.other.example')
  const conf = squidConf(two)

  test('each credential has its own host, port and paths', () => {
    expect(standingFiles(two)['inject']).toBe('https X-Api-Key\nhttps X-Goog-Api-Key\n')
    expect(linesOf(conf, 'acl inject_name')).toEqual([
      'acl inject_name dstdomain -n api.provider.example',
      'acl inject_name2 dstdomain -n models.other.example',
    ])
    expect(linesOf(conf, 'acl inject_path2')).toEqual([
      'acl inject_path2 urlpath_regex ^(/v1beta/models)(\\?[A-Za-z0-9_=&.-]*)?$',
    ])
    expect(linesOf(conf, 'http_access').filter((line) => line.includes('inject'))).toEqual([
      'http_access allow inject_ok',
      'http_access allow inject_ok2',
      'http_access deny inject_site',
      'http_access deny inject_site2',
    ])
  })

  test('a request in the tunnel of one gets no credential of the other, whatever host it names', () => {
    expect(linesOf(conf, 'acl inject_mark')).toEqual([
      'acl inject_mark annotate_client paude_inject=at',
      'acl inject_marked note paude_inject at',
      'acl inject_mark2 annotate_client paude_inject=at2',
      'acl inject_marked2 note paude_inject at2',
    ])
    expect(linesOf(conf, 'acl inject')).toContain(
      'acl inject2 all-of enc p_https inject_marked2 inject_name2 inject_port2 inject_method2 inject_path2 !inject_login !inject_key',
    )
    const bump = linesOf(conf, 'ssl_bump')
    expect(bump.filter((line) => line.includes('inject'))).toEqual([
      // The mark comes last: it holds only where the rule does.
      'ssl_bump bump step2 inject_site inject_port inject_sni inject_mark',
      'ssl_bump bump step2 inject_site2 inject_port2 inject_sni2 inject_mark2',
      'ssl_bump terminate step2 inject_site',
      'ssl_bump terminate step2 inject_sni',
      'ssl_bump terminate step2 inject_site2',
      'ssl_bump terminate step2 inject_sni2',
    ])
    expect(squidConf(policy({ injections: [injection] }))).not.toContain('inject_mark')
  })

  test('a provider without TLS gets nothing from inside a tunnel, and the tunnel is marked', () => {
    const plain: Injection = { ...other, scheme: 'http', port: 443 }
    const mixed = squidConf(policy({ injections: [injection, plain] }, 'api.provider.example', 'models.other.example'))
    expect(linesOf(mixed, 'acl inject2 ')).toEqual([
      'acl inject2 all-of !enc p_http inject_name2 inject_port2 inject_method2 inject_path2 !inject_login !inject_key',
    ])
    expect(linesOf(mixed, 'acl inject ')[0]).toContain('enc p_https inject_marked ')
  })

  test('two behind one host and port share its tunnel, each with its own paths', () => {
    const behind: Injection = { ...injection, prefix: '/other', header: 'Authorization', lead: 'Bearer' }
    const shared = squidConf(policy({ injections: [injection, behind] }, 'api.provider.example'))
    expect(linesOf(shared, 'acl inject_mark')).toHaveLength(2)
    expect(linesOf(shared, 'acl inject2 ')[0]).toContain('inject_marked inject_name2')
    expect(new Set(linesOf(shared, 'ssl_bump bump').map((line) => line.split(' ').at(-1)))).toEqual(new Set(['inject_mark']))
  })

  test('what the paths of an API leave open stays below its prefix', () => {
    const path = injectedPath({ prefix: '/llm', api: '/v1/a|/v1/b' })
    expect(['/llm/v1/a', '/llm/v1/b', '/llm/v1/a/../../x', '/x/v1/b'].map((one) => new RegExp(path).test(one))).toEqual([
      ...[true, true, false, false],
    ])
  })

  test('a base URL asks for the right of its own provider, in whichever place it stands', () => {
    const second = policy({
      injections: [
        { ...injection, scheme: 'http', port: 80 },
        { ...other, way: 'base-url' },
      ],
    })
    expect(linesOf(squidConf(second), 'http_access deny base_url')).toEqual(['http_access deny base_url !inject_ok2'])
  })

  test('neither sees what the sandbox sends as a credential, in a header or in the query', () => {
    expect(linesOf(conf, 'acl inject_place')).toEqual(['acl inject_place any-of inject_site inject_site2'])
    const hidden = linesOf(conf, 'request_header_access').filter((line) => line.endsWith(' deny inject_place'))
    for (const header of ['X-Api-Key', 'X_Api_Key', 'Authorization', 'X-Goog-Api-Key', 'X-Auth-Token', 'X-HTTP-Method-Override'])
      expect(hidden).toContain(`request_header_access ${header} deny inject_place`)
    for (const end of ['', '2']) expect(linesOf(conf, `acl inject${end} `)[0]).toEndWith(' !inject_login !inject_key')
  })

  test.each([
    ['?key=AIza', false],
    ['?alt=sse&key=AIza', false],
    ['?access_token=ya29', false],
    ['?alt=sse', true],
    ['?pageToken=x&monkey=y', true],
  ])('neither takes a key of the sandbox in the query: %s %p', (query, goes) => {
    expect(isInjectedPath(other, `/v1beta/models${query}`)).toBe(goes)
    const url = readTarget(`https://${other.host}/v1beta/models${query.replace('key', 'k%65y')}`)
    expect(decide(two, url, null).decision).toBe(goes ? 'allowed' : 'blocked')
  })

  test('neither is a host like any other', () => {
    for (const line of linesOf(conf, 'acl tls_ok').filter((line) => /^acl tls_ok\d/.test(line)))
      expect(line).toContain('host_ok !inject_site !inject_site2 tls')
    expect(linesOf(conf, 'acl tls_ok any-of')[0]).toEndWith('inject_tls_ok inject_tls_ok2')
  })

  test('an open session looks into the tunnels of both and of nobody else', () =>
    expect(linesOf(squidConf({ ...two, mode: 'open' }), 'ssl_bump splice step1')).toContain(
      'ssl_bump splice step1 !inject_site !inject_site2',
    ))
})

describe('at a base URL', () => {
  const conf = squidConf(policy({ injections: [{ ...injection, way: 'base-url' }] }, 'api.provider.example'))

  test('the port of the sandbox is the provider and nothing else', () => {
    expect(linesOf(conf, 'http_port')).toHaveLength(2)
    // The session has no authority there, and squid ends where its file is missing.
    expect(linesOf(conf, 'http_port')[0]).toContain(' tls-cert=/usr/share/paude/never-signs.pem ')
    expect(linesOf(conf, 'cache_peer')).toEqual([
      expect.stringMatching(/^cache_peer api\.provider\.example parent 443 .* tls .*tls-domain=api\.provider\.example$/),
      'cache_peer_access provider allow base_url',
      'cache_peer_access provider deny all',
    ])
    expect(linesOf(conf, 'http_access')[0]).toBe('http_access deny base_url !inject_ok')
  })

  test('the tunnel to the provider is closed, not opened', () => {
    expect(linesOf(conf, 'ssl_bump')).not.toContainEqual(expect.stringContaining('bump step2'))
    expect(linesOf(conf, 'ssl_bump')).toContain('ssl_bump terminate step2 inject_site')
    expect(linesOf(conf, 'acl tls_ok any-of')).toEqual(['acl tls_ok any-of nothing tls_ok1'])
    expect(linesOf(conf, 'acl tls_ok1')[0]).toContain('!inject_site')
  })

  test('a provider without TLS is spoken to without TLS', () => {
    const plain = squidConf(policy({ injections: [{ ...injection, way: 'base-url', scheme: 'http', port: 80 }] }))
    expect(linesOf(plain, 'cache_peer ')[0]).toEndWith('forceddomain=api.provider.example')
  })
})

describe('what is denied', () => {
  const denying = (...entries: readonly string[]) =>
    squidConf(policy({ deny: entries.map((entry) => parseDeny(entry, 'test')) }, '*.a.example'))

  test('stands before everything that allows', () => {
    const conf = denying('b.a.example')
    const rules = linesOf(conf, 'http_access')
    expect(rules.indexOf('http_access deny denied')).toBeLessThan(rules.indexOf('http_access allow web_ok'))
    const bump = linesOf(conf, 'ssl_bump')
    expect(bump[0]).toBe('ssl_bump splice step1 denied')
    expect(bump.indexOf('ssl_bump terminate step2 denied_sni')).toBeLessThan(
      bump.findIndex((rule) => rule.includes('splice step2')),
    )
  })

  test('stands in the file itself, for squid takes a list that is missing for an empty one', () => {
    expect(linesOf(denying('b.a.example', '*.c.a.example:8443'), 'acl no')).toEqual([
      'acl nothing src 255.255.255.255',
      'acl no_name1 dstdomain -n .c.a.example',
      'acl no_listed_sni1 ssl::server_name --client-requested .c.a.example',
      'acl no_apex1 dstdomain -n c.a.example',
      'acl no_apex_sni1 ssl::server_name --client-requested c.a.example',
      'acl no_port1 port 8443',
      'acl no1 all-of no_name1 !no_apex1 no_port1',
      'acl no_sni1 all-of no_listed_sni1 !no_apex_sni1 no_port1',
      'acl no_name2 dstdomain -n b.a.example',
      'acl no_listed_sni2 ssl::server_name --client-requested b.a.example',
      'acl no2 all-of no_name2',
      'acl no_sni2 all-of no_listed_sni2',
    ])
  })

  test('an open session is looked into for it', () => {
    const open = squidConf(policy({ mode: 'open', deny: [parseDeny('b.example', 'test')] }))
    expect(linesOf(open, 'ssl_bump')).toEqual([
      'ssl_bump splice step1 denied',
      'ssl_bump splice step1 !open_ok',
      'ssl_bump peek step1',
      'ssl_bump terminate step2 denied_sni',
      'ssl_bump splice all',
    ])
  })

  test('a provider that is denied is closed at the base URL too', () =>
    expect(
      linesOf(
        squidConf(
          policy({ injections: [{ ...injection, way: 'base-url' }], deny: [parseDeny(injection.host, 'test')] }, injection.host),
        ),
        'http_access',
      )[0],
    ).toBe('http_access deny base_url'))
})

test.each(['restricted', 'record', 'open'] as const)('what no entry can name has a page without a command: %s', (mode) => {
  const conf = squidConf(policy({ mode }))
  expect(linesOf(conf, 'deny_info ERR_PAUDE_UNNAMED')).toEqual(['deny_info ERR_PAUDE_UNNAMED unnamed'])
  expect(linesOf(conf, 'http_access deny !host_ok')).toEqual(['http_access deny !host_ok unnamed'])
  expect(proxyContext['ERR_PAUDE_UNNAMED']).toContain('an entry cannot allow')
  expect(proxyContext['ERR_PAUDE_UNNAMED']).not.toContain('network allow')
})

test('recording opens no port of this machine, and says how one is opened', () => {
  const conf = squidConf(policy({ mode: 'record' }))
  expect(linesOf(conf, 'acl any_ok')).toEqual(['acl any_ok all-of host_ok !this_machine any_dst !never_net !priv_net'])
  const rules = linesOf(conf, 'http_access')
  // Its page is the usual one.
  expect(rules.slice(rules.indexOf('http_access deny !any_dst unfound'))).toEqual([
    'http_access deny !any_dst unfound',
    'http_access deny this_machine',
    'http_access deny unreached',
  ])
  expect(conf).not.toMatch(/^deny_info .* this_machine$/m)
})

test('metadata of a cloud is denied wherever its addresses lie, also in a range that a name declares', () => {
  const conf = squidConf(policy({ allow: [parseAllow('a.example@100.64.0.0/10', 'test')] }))
  const [never = ''] = linesOf(conf, 'acl never_net')
  for (const range of ['168.63.129.16/32', '100.100.100.200/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'])
    expect(never.split(' ')).toContain(range)
  expect(conf).toMatch(/^acl \w+ all-of .*!never_net !rest/m)
})

test('a session that records keeps what is always denied', () => {
  const conf = squidConf(policy({ mode: 'record' }))
  expect(linesOf(conf, 'acl any_ok')).toEqual(['acl any_ok all-of host_ok !this_machine any_dst !never_net !priv_net'])
  expect(linesOf(conf, 'acl denied ')).toEqual(['acl denied any-of nothing canary'])
})

describe('the folder for the proxy', () => {
  const files = (one: Policy) => stageFiles(stagesOf(one, [], 0))

  test('a policy lies below its revision, and the stages name it', () => {
    const one = policy({}, 'a.example')
    const revision = revisionOf(one)
    expect(Object.keys(files(one))).toEqual([`${revision}/squid.conf`, `${revision}/help`, 'stages'])
    expect(files(one)['stages']).toBe(`0 ${revision}\n`)
    expect(files(one)[`${revision}/help`]).toContain('  a.example 80,443\n')
    expect(files(one)[`${revision}/squid.conf`]).toContain(`/paude/policy/${revision}/help help\n`)
  })

  test('the way of the credential stays as it is', () => {
    expect(standingFiles(policy({}))).toEqual({})
    expect(standingFiles(policy({ injections: [injection] }))['inject']).toBe('https X-Api-Key\n')
    expect(
      standingFiles(policy({ injections: [{ ...injection, header: 'Authorization', lead: 'Bearer', scheme: 'http' }] }))[
        'inject'
      ],
    ).toBe('http Authorization Bearer\n')
    expect(standingFiles(policy({ injections: [{ ...injection, way: 'base-url' }] }))['inject']).toBe('base-url X-Api-Key\n')
  })
})
