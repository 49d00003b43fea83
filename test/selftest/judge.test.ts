import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readReceipt } from '../../src/network/receipt.ts'
import { canaryFacts, judge, KNOWN_AFTER, probes, type Row, readFacts } from '../../src/selftest/judge.ts'
import { searched } from '../../src/selftest/observe.ts'
import type { Facts, Want } from '../../src/selftest/probe.ts'
import { openWitness, testimony } from '../../src/selftest/witness.ts'
import { visitsOf } from '../../src/selftest/witness-beside.ts'
import docker from './seen-docker.json'
import kubernetes from './seen-kubernetes.json'
import podman from './seen-podman.json'

type Recorded = { readonly facts: Facts; readonly want: Want }

/** What both engines really showed, by `selfTest` itself. */
const recorded: readonly (readonly [string, Recorded])[] = [
  ['docker', docker],
  ['podman', podman],
]

const resultsOf = (facts: Facts, want: Want) => Object.fromEntries(judge(facts, want).map(({ id, result }) => [id, result]))

describe.each(recorded)('recorded on %s', (_, { facts, want }) => {
  test('the wall holds', () => {
    const rows = judge(facts, want)
    expect(rows.filter(({ result }) => result === 'BROKEN')).toEqual([])
    expect(rows.filter(({ result }) => result === 'not applicable').map(({ id }) => id)).toEqual(['C05'])
  })

  test('a probe that saw nothing never counts as held', () => {
    const rows = judge({}, want)
    expect(rows.filter(({ result }) => result === 'held')).toEqual([])
  })
})

const { facts, want } = docker as Recorded

/** For each probe, facts that a hole in the wall would leave. */
const holes: Readonly<Record<string, readonly Facts[]>> = {
  K01: [{ 'canary.tcp-direct': 'BROKEN connected' }, { 'box.refused': 'the sandbox reported nothing' }],
  N01: [
    { 'box.tcp.192.0.2.1': 'connected' },
    { 'box.tcp.10.0.0.1': 'no answer' },
    { 'box.tcp.203.0.113.1': 'Connection refused' },
  ],
  N02: [{ 'box.tcp6.documentation': 'no answer' }],
  N03: [{ 'box.host.allowed': 'connected' }, { 'box.host.other': 'Connection refused' }],
  N04: [{ 'witness.closed': '1' }],
  N05: [{ 'box.host.address.1': 'Connection refused' }],
  N06: [{ 'box.metadata.tcp': 'connected' }],
  N07: [{ 'box.dns.udp': 'connected' }, { 'box.dns.tcp': 'no answer' }],
  N08: [{ 'box.dns.embedded': 'a resolver listens' }],
  N09: [{ 'box.names': '192.0.2.7 STREAM selftest.example.org' }],
  N10: [{ 'box.udp.broadcast': 'connected' }],
  N11: [{ 'box.interfaces': 'lo eth0 ' }, { 'box.interfaces': '' }],
  N12: [{ 'box.routes': 'eth0 ' }, { 'box.routes6': 'eth0 lo ' }],
  N13: [{ 'box.listeners': '0100007F:0C38 00000000:0016 ' }, { 'box.listeners': '' }, { 'box.listeners': '00000000:0C38 ' }],
  N14: [{ 'box.abstract': '@/containerd-shim/x.sock ' }],
  N15: [{ 'box.raw.icmp': 'opened' }, { 'box.raw.packet': 'opened' }],
  N16: [{ 'box.namespace.new': 'lo eth0 ' }, { 'box.namespace.new': '' }],
  N18: [{ 'proxy.listeners': '00000000:0C38 ' }, { 'proxy.listeners': '' }],
  N19: [{ 'box.hosts': '127.0.0.1 localhost 192.0.2.2 host.containers.internal ' }],
  P01: [{ 'box.get.help': 'no answer' }],
  P02: [{ 'box.get.allowed': 'paude blocked this request' }],
  P03: [{ 'box.get.unlisted': '503' }],
  P04: [{ 'box.connect.unlisted': '200' }],
  P05: [
    { 'box.connect.dotted': '503' },
    { 'box.connect.decimal': '200' },
    { 'box.connect.hex': '200' },
    { 'box.connect.octal': '200' },
  ],
  P06: [{ 'box.connect.loopback6': '200' }, { 'box.connect.mapped': '503' }, { 'box.connect.literal6': '503' }],
  P07: [{ 'box.connect.gateway': '200' }],
  P08: [
    { 'box.connect.ssh': '200' },
    { 'box.connect.smtp': '503' },
    { 'box.connect.alternative': '200' },
    { 'box.connect.https': '200' },
  ],
  P09: [{ 'box.get.port443': '503' }],
  P10: [{ 'box.get.closed': '200' }, { 'box.connect.closed': '200' }],
  P11: [{ 'box.get.metadata': '503' }, { 'box.connect.metadata': '200' }],
  P12: [{ 'box.get.self': '200' }, { 'box.connect.self': '200' }, { 'box.connect.localhost': '200' }],
  P13: [{ 'box.get.manager': '200' }, { 'box.get.manager.relative': '200' }, { 'box.get.manager.scheme': '200' }],
  P14: [{ 'box.trace': '200' }, { 'box.purge': '404' }],
  P15: [{ 'box.get.https': '200' }],
  P16: [{ 'box.get.ftp': '502' }],
  P17: [{ 'box.get.userinfo': '200' }, { 'box.get.header': '200' }, { 'box.get.dot': '200' }],
  P18: [{ 'witness.host': 'elsewhere.example' }],
  P19: [{ 'witness.tls.right': '0' }],
  P20: [{ 'witness.tls.wrong': '1' }],
  P21: [{ 'witness.plain': '1' }],
  P22: [{ 'witness.leaks': 'Via: 1.1 paude-proxy' }],
  F01: [{ 'box.write/usr': 'done' }, { 'box.write/paude': 'done' }],
  F02: [{ 'proxy.root': 'rw' }],
  F03: [{ 'box.write/paude/seed': 'done' }, { 'box.open/paude/seed/command.sh': 'done' }],
  F04: [{ 'box.write/paude/link': 'done' }],
  F05: [{ 'box.open/etc/passwd': 'done' }],
  F06: [{ 'box.open/proc/sys/kernel/core_pattern': 'done' }],
  F07: [{ 'box.open/proc/sysrq-trigger': 'done' }, { 'box.open/sys/kernel/uevent_helper': 'done' }],
  F08: [{ 'box.cgroup.writable': '/sys/fs/cgroup/release_agent ' }],
  F09: [
    { 'box.project.hook': 'done' },
    { 'box.project.config': 'refused: Read-only file system' },
    { 'outside.config': 'changed' },
    { 'box.project.git': 'done' },
    { 'box.project.hooks': 'done' },
  ],
  F10: [
    { 'box.project.claude': 'refused: Read-only file system' },
    { 'box.project.settings': 'refused: Read-only file system' },
    { 'outside.claude': 'changed' },
  ],
  F11: [{ 'box.project.write': 'refused: Permission denied' }, { 'outside.owner': '100000:100000' }],
  F12: [{ 'box.resolv': '38' }],
  F13: [{ 'box.outside': 'visible' }],
  F14: [{ 'box.sockets': '/paude/link/proxy.sock /run/docker.sock ' }],
  F15: [{ 'box.uid': '1:1' }, { 'box.passwd': '' }, { 'box.home': '/' }],
  M01: [{ 'box.mounts': `${facts['box.mounts']} /host|ro` }],
  M02: [{ 'box.mounts': facts['box.mounts']?.replace('/paude/seed|ro', '/paude/seed|rw') ?? '' }],
  M03: [{ 'box.mounts': facts['box.mounts']?.replace('/tmp|rw,nosuid', '/tmp|rw') ?? '' }],
  C01: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => ({ [`box.status.${name}`]: '00000000a80425fb' })),
  C02: [{ 'proxy.status.CapEff': '0000000000000400' }],
  C03: [{ 'box.status.NoNewPrivs': '0' }, { 'proxy.status.NoNewPrivs': '0' }],
  C04: [{ 'box.status.Seccomp': '0' }, { 'proxy.status.Seccomp': '0' }],
  C05: [{ 'box.setuid.program': 'done' }],
  C06: [{ 'box.privilege.mount': 'done' }, { 'box.privilege.chroot': 'done' }],
  C07: [{ 'box.mknod.block': 'done' }, { 'box.mknod.character': 'done' }],
  C08: [{ 'box.devices': `${facts['box.devices']}/dev/kmsg ` }, { 'box.devices': '' }],
  C09: [{ 'box.kernel.log': 'done' }, { 'box.kernel.memory': 'done' }],
  C10: [{ 'box.modules': 'done' }],
  C11: [{ 'proxy.uid': '0' }],
  C13: [
    { 'box.mode-bits.chmod': 'done' },
    { 'box.mode-bits.chmod32': 'done' },
    { 'box.mode.found': '/project/of-the-self-test ' },
    { 'box.mode.plain': 'refused: Operation not permitted' },
  ],
  C12: [{ 'box.family.vsock': 'opened' }, { 'box.family.alg': 'opened' }, { 'box.family.vsock32': 'opened' }],
  R01: [{ 'outside.namespace.pid': facts['box.namespace.pid'] ?? '' }, { 'box.namespace.net': '' }],
  R02: [{ 'box.commands': 'docker-init bash squid ' }, { 'box.commands': '' }],
  R03: [{ 'box.keys': '4' }],
  R04: [{ 'box.ipc': '1' }, { 'box.shm': 'pulse-shm-1 ' }],
  R05: [
    { 'box.pids.started': '400, no end seen' },
    { 'box.pids.started': '399, then refused: Resource temporarily unavailable' },
  ],
  B01: [{ 'box.neighbour.direct': 'connected' }, { 'box.neighbour.direct': 'Connection refused' }],
  B02: [{ 'box.proxy.direct': 'Connection refused' }],
  B03: [{ 'box.connect.neighbour': '503' }, { 'box.get.neighbour': '200' }, { 'box.connect.own': '200' }],
  B04: [{ 'proxy.neighbour': 'connected' }],
  B05: [{ 'neighbour.namespace.net': facts['box.namespace.net'] ?? '' }],
  B06: [{ 'box.mount.names': '1' }],
  S01: [{ 'box.variable': 'sk-ant-api03-selftest-0' }, { 'box.variable': '' }],
  S02: [{ 'box.secret.environments': '/proc/1/environ ' }, { 'box.secret.control': '0' }],
  S03: [{ 'box.secret.words': '/proc/9/cmdline ' }],
  S04: [{ 'box.secret.files': '/paude/seed/command.sh ' }, { 'box.secret.files.control': '0' }],
  S05: [{ 'box.secret.link': '/paude/link/x ' }],
  S06: [
    { 'outside.secret.inspect': 'found in 1 of 5' },
    { 'outside.secret.inspect': '1 of 5 could not be read' },
    { 'outside.secret.inspect': '0 searched' },
  ],
  S07: [{ 'outside.secret.logs': 'found in 1 of 3' }],
  S08: [{ 'outside.secret.folder': 'found in 1 of 14' }],
  S09: [{ 'outside.secret.words': 'found in 1 of 80' }],
  S10: [{ 'witness.credential': 'placeholder' }, { 'witness.credential': 'no request arrived' }],
  S11: [{ 'box.provider.other': '200' }, { 'witness.strays': '1' }],
  S12: [{ 'box.variables': `${facts['box.variables']}AWS_SECRET_ACCESS_KEY ` }],
}

test('every probe has a hole it must see', () => {
  expect(Object.keys(holes).toSorted()).toEqual(probes.map(({ id }) => id).toSorted())
})

test('ids are told once, claims are sentences', () => {
  expect(new Set(probes.map(({ id }) => id)).size).toBe(probes.length)
  expect(new Set(probes.map(({ claim }) => claim)).size).toBe(probes.length)
  expect(probes.length).toBeGreaterThan(30)
})

describe.each(Object.entries(holes))('%s', (id, cases) => {
  test.each(cases.map((hole) => [JSON.stringify(hole).slice(0, 100), hole] as const))('breaks on %s', (_, hole) => {
    expect(hole).not.toEqual(Object.fromEntries(Object.keys(hole).map((key) => [key, facts[key]])))
    expect(resultsOf({ ...facts, ...hole }, want)[id]).toBe('BROKEN')
  })

  test('breaks when what it looks at was not seen', () => {
    const gone = Object.fromEntries(cases.flatMap((hole) => Object.keys(hole).map((key) => [key, undefined]))) as unknown as Facts
    const left = Object.fromEntries(Object.entries({ ...facts, ...gone }).filter(([, value]) => value !== undefined))
    // How many addresses this machine has is its own business; a virtual machine shows no namespaces of its own.
    expect(resultsOf(left, want)[id]).toBe(id === 'N05' ? 'held' : 'BROKEN')
  })
})

describe('recorded on kubernetes', () => {
  const { facts, want } = kubernetes as Recorded
  const brokenBy = (hole: Facts) => {
    const results = resultsOf({ ...facts, ...hole }, want)
    return Object.keys(results).filter((id) => results[id] === 'BROKEN')
  }

  test('the wall holds, and what a cluster cannot be asked is named', () => {
    const results = resultsOf(facts, want)
    const of = (result: string) => Object.keys(results).filter((id) => results[id] === result)
    expect(of('BROKEN')).toEqual([])
    expect(of('not applicable').toSorted()).toEqual(
      ['N10', 'N11', 'N12', 'N18', 'F09', 'F10', 'M03', 'C12', 'C13', 'R05'].toSorted(),
    )
  })

  test('a probe that saw nothing never counts as held', () => {
    expect(judge({}, want).filter(({ result }) => result === 'held')).toEqual([])
  })

  test.each([
    // All of these were seen with a policy that opens every pod.
    ['N03', { 'box.host.allowed': 'connected' }],
    ['N04', { 'witness.closed': '1' }],
    ['N05', { 'box.governor': 'connected' }],
    ['N07', { 'box.dns.udp': 'a resolver listens' }],
    ['N01', { 'box.tcp.10.0.0.1': 'connected' }],
    ['N03', { 'box.host.other': 'Invalid argument' }],
    ['N07', { 'box.dns.tcp': 'connected' }],
    ['N07', { 'box.dns.udp': 'connected' }],
    ['B01', { 'box.neighbour.direct': 'connected' }],
    ['B02', { 'box.proxy.direct': 'connected' }],
    ['B04', { 'proxy.neighbour': 'connected' }],
    ['C04', { 'box.status.Seccomp': '0' }],
    ['F11', { 'box.project.write': 'refused: Read-only file system' }],
    ['F12', { 'box.nameservers': '10.96.0.10 ' }],
    ['K01', { 'canary.api-server': 'BROKEN connected' }],
    ['P18', { 'witness.host': 'elsewhere.example' }],
    ['R01', { 'box.namespace.pid': 'pid:[4026531836]' }],
    ['R02', { 'box.commands': 'init sleep kubelet ' }],
    ['S12', { 'box.variables': `${facts['box.variables']}KUBERNETES_TOKEN ` }],
  ] as const)('%s breaks on %j', (id, hole) => {
    expect(brokenBy(hole as Facts)).toEqual([id])
  })

  test('without its API server, its resolver or a neighbour nothing is proved', () => {
    for (const [id, key] of [
      ['N05', 'box.governor'],
      ['N07', 'box.dns.udp'],
      ['B01', 'box.neighbour.direct'],
      ['K01', 'canary.node'],
    ] as const) {
      const { [key]: _, ...rest } = facts
      expect(resultsOf(rest, want)[id]).toBe('BROKEN')
    }
  })
})

test('a server in a pod tells its visits line by line', () => {
  const visits = visitsOf('1 8080 \n2 8082 \n1 8080 4745\nnoise\n1 8080 54\n')
  expect(visits.map(({ port, bytes }) => [port, bytes.toString()])).toEqual([
    [8080, 'GET'],
    [8082, ''],
  ])
})

test('an area that is told early is told as in the end', () => {
  const script = readFileSync(join(import.meta.dir, '../../src/selftest/box.sh'), 'utf8')
  const next: Readonly<Record<string, string>> = {
    proxy: 'box.status.CapInh',
    devices: 'box.write/usr',
    files: 'box.namespace.pid',
    processes: 'box.secret.control',
  }
  const final = judge(facts, want)
  for (const [stage, areas] of Object.entries(KNOWN_AFTER)) {
    expect(script).toContain(`\n  say stage ${stage}\n`)
    const end = Object.keys(facts).indexOf(next[stage] ?? '')
    expect(end).toBeGreaterThan(0)
    const seen = Object.entries(facts).filter(([key], at) => (key.startsWith('box.') ? at < end : !key.startsWith('outside.')))
    const own = (rows: readonly Row[]) => rows.filter(({ area }) => areas.includes(area))
    expect(own(judge(Object.fromEntries(seen), want))).toEqual(own(final))
  }
})

test('without a sandbox only the canaries speak', () => {
  const rows = judge({ ...facts, 'box.refused': 'the wall around the agent is not closed' }, want)
  expect(rows.filter(({ result }) => result === 'BROKEN').map(({ id }) => id)).toEqual(['K01'])
  expect(rows.filter(({ result }) => result === 'held')).toEqual([])
})

test('an ordinary caller: a setuid program that stays the agent holds, one that does not breaks', () => {
  const ordinary = { ...want, uid: 1000 }
  expect(resultsOf({ ...facts, 'box.setuid.program': 'refused: uid stays 1000' }, ordinary)['C05']).toBe('held')
  expect(resultsOf({ ...facts, 'box.setuid.program': 'done' }, ordinary)['C05']).toBe('BROKEN')
})

const GIVEN: readonly (readonly [
  given: string,
  seen: Facts,
  aside: readonly string[],
  hole: Facts,
  broken: readonly string[],
])[] = [
  [
    'security.no_new_privileges = false',
    { 'box.status.NoNewPrivs': '0' },
    ['C03', 'C05'],
    { 'proxy.status.NoNewPrivs': '0' },
    ['C03'],
  ],
  [
    'security.seccomp = off',
    { 'box.status.Seccomp': '0' },
    ['C04', 'C05', 'C12', 'C13'],
    { 'proxy.status.Seccomp': '0' },
    ['C04'],
  ],
  ['security.read_only_root = false', { 'box.write/etc': 'done' }, ['C05', 'F01'], { 'proxy.root': 'rw' }, ['F02']],
]
test.each(GIVEN)('%s is no claim of the sandbox any more, and still one of the proxy', (given, seen, aside, hole, broken) => {
  const having = (result: string, facts: Facts, wish: Want) =>
    judge(facts, wish).flatMap((row) => (row.result === result ? [row.id] : []))
  const weak = { ...want, givenUp: [given] }
  expect(having('BROKEN', { ...facts, ...seen }, want)).not.toEqual([])
  expect(having('BROKEN', { ...facts, ...seen }, weak)).toEqual([])
  expect(having('not applicable', { ...facts, ...seen }, weak).toSorted()).toEqual([...aside])
  expect(having('BROKEN', { ...facts, ...seen, ...hole }, weak)).toEqual([...broken])
})

test('an engine that cannot reach the server beside it: what may pass is not applicable, what must not pass still counts', () => {
  const results = resultsOf(
    { ...facts, 'witness.reason': 'the engine runs in a virtual machine', 'box.get.allowed': '503' },
    want,
  )
  expect(results['P02']).toBe('not applicable')
  expect(results['P10']).toBe('held')
})

test('the server beside it says why nobody comes, also where the address that the engine names is one of this machine', async () => {
  for (const [address, apart, reason] of [
    ['127.0.0.1', '', ''],
    ['127.0.0.1', 'it has a network of its own', 'it has a network of its own'],
    ['', '', 'the engine reports no address of this machine'],
    ['192.0.2.1', '', 'the engine reaches this machine at 192.0.2.1, which is not an address of this machine'],
  ] as const) {
    const witness = await openWitness(address, apart)
    witness.close()
    expect(witness.reason).toBe(reason)
  }
})

test('facts are lines of key=value; the rest is left out', () => {
  expect(readFacts('a=1\nnoise\n=x\nb=c=d\n', 'box')).toEqual({ 'box.a': '1', 'box.b': 'c=d' })
})

test('the last receipt of a log counts', () => {
  const line = (ok: boolean) =>
    `{"v":1,"network":"restricted","canaries":[{"name":"tcp-direct","outcome":"x","ok":${ok}}],"ok":${ok}}`
  const facts = (log: string) => canaryFacts(readReceipt(log))
  expect(facts(`noise\n${line(true)}\n[NOTICE] haproxy\n${line(false)}\nmore`)).toEqual({ 'canary.tcp-direct': 'BROKEN x' })
  expect(facts('null\n{"v":1}\n{"v":1,"network":\n')).toEqual({})
})

test('a search that could not look everywhere is no proof', () => {
  expect(searched(['a', 'b'], 'x')).toBe('2 searched')
  expect(searched(['a', 'xx'], 'x')).toBe('found in 1 of 2')
  expect(searched(['a', null], 'x')).toBe('1 of 2 could not be read')
  expect(searched([], 'x')).toBe('0 searched')
})

test('what arrived at the server tells greetings, plain bytes and credentials apart', () => {
  const ports = { host: 'host.paude.internal', allowed: 1, provider: 2, closed: 3, credential: 'sk-real', reason: '' }
  const visit = (port: number, text: string) => ({ port, bytes: Buffer.from(text, 'latin1') })
  const seen = testimony(
    [
      visit(1, '\x16\x03\x01..host.paude.internal..'),
      visit(1, '\x16\x03\x01..other.example..'),
      visit(1, 'SSH-2.0-x\r\n'),
      visit(1, 'GET / HTTP/1.1\r\nHost: host.paude.internal:1\r\nVia: 1.1 x\r\n\r\n'),
      visit(2, 'POST /v1/messages HTTP/1.1\r\nX-Api-Key: sk-real\r\n\r\n'),
      visit(2, 'GET /v1/files HTTP/1.1\r\nX-Api-Key: sk-real\r\n\r\n'),
      visit(3, ''),
    ],
    ports,
  )
  expect(seen).toEqual({
    'witness.closed': '1',
    'witness.host': 'host.paude.internal:1',
    'witness.tls.right': '1',
    'witness.tls.wrong': '1',
    'witness.plain': '1',
    'witness.leaks': 'Via: 1.1 x',
    'witness.strays': '1',
    'witness.credential': 'real',
  })
  expect(
    testimony([visit(2, 'POST /v1/messages HTTP/1.1\r\nX-Api-Key: a-placeholder\r\n\r\n')], ports)['witness.credential'],
  ).toBe('placeholder')
  expect(testimony([], ports)['witness.credential']).toBe('no request arrived')
})
