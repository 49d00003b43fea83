import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { EngineInfo } from '../../src/backends/backend.ts'
import { type Check, ok, problem, sameOnce, warning } from '../../src/backends/check.ts'
import { usualSettings } from '../../src/backends/keys.ts'
import { desktopChecks, resolverConfChecks, rootlessChecks } from '../../src/backends/oci/checks.ts'
import { infoOf } from '../../src/backends/oci/health.ts'
import { backends } from '../../src/backends/registry.ts'
import { older } from '../../src/backends/version.ts'
import { engineChecks } from '../../src/doctor/engine-checks.ts'
import { type EngineState, engineOf } from '../../src/doctor/engines.ts'
import { lookAuthorities, madeAt } from '../../src/doctor/inspect.ts'
import { doctorExitCode } from '../../src/doctor/looked.ts'
import { clockChecks, diskChecks, folderChecks, limitChecks, selinuxChecks } from '../../src/doctor/machine-checks.ts'
import {
  authorityChecks,
  credentialChecks,
  homeChecks,
  imageChecks,
  orphanChecks,
  proxyChecks,
  resolverChecks,
} from '../../src/doctor/session-checks.ts'
import { readHost } from '../../src/host.ts'
import { parseAllow } from '../../src/network/pattern.ts'
import { DIRECT } from '../../src/network/ways.ts'

const states = (checks: readonly Check[]) => checks.map(({ check, state }) => `${check}: ${state}`)

const ready = (name: 'docker' | 'podman', version: string, runtime = 'runc 1.3.3'): EngineState => ({
  name,
  state: 'ready',
  version,
  rootless: false,
  runtime,
  why: '',
})
const unready = (name: EngineState['name'], state: EngineState['state']): EngineState => ({
  name,
  state,
  version: '',
  rootless: false,
  runtime: '',
  why: 'because',
})

test('only a problem makes doctor fail', () => {
  expect(doctorExitCode([ok('a', ''), warning('b', '', '')])).toBe(0)
  expect(doctorExitCode([ok('a', ''), problem('b', '', '')])).toBe(1)
})

describe('engines', () => {
  test.each([
    ['one is enough', [ready('docker', '27.0.3'), unready('podman', 'not installed')], ['docker: ok', 'podman: ok', 'runc: ok']],
    [
      'a dead one beside a good one is a warning',
      [unready('docker', 'not running'), ready('podman', '4.3.1')],
      ['docker: warning', 'podman: ok', 'runc: ok'],
    ],
    [
      'none is a problem',
      [unready('docker', 'not installed'), unready('podman', 'not installed')],
      ['engine: problem', 'docker: warning', 'podman: warning'],
    ],
    [
      'denied and alone is a problem',
      [unready('docker', 'no permission'), unready('podman', 'not installed')],
      ['engine: problem', 'docker: problem', 'podman: warning'],
    ],
    [
      'too old is a problem',
      [ready('docker', '19.03.15'), ready('podman', '4.2')],
      ['docker: problem', 'podman: problem', 'runc: ok'],
    ],
    ['a fix of the newest', [ready('docker', '28.5.9')], ['docker: ok', 'runc: ok']],
    [
      'newer than any that was tested',
      [ready('docker', '28.6.0'), ready('podman', '6.0.1')],
      ['docker: warning', 'podman: warning', 'runc: ok'],
    ],
    ['at the oldest tested', [ready('docker', '20.10.0'), ready('podman', '4.3.0')], ['docker: ok', 'podman: ok', 'runc: ok']],
  ] as const)('%s', (_, engines, expected) => {
    expect(states(engineChecks(engines))).toEqual([...expected])
  })

  test('the one that starts here use is a problem where it does not work, whatever others do', () => {
    const engines = [ready('docker', '28.0.0'), unready('kubernetes', 'not running')]
    expect(states(engineChecks(engines))).toEqual(['docker: ok', 'kubernetes: warning', 'runc: ok'])
    expect(states(engineChecks(engines, 'kubernetes'))).toEqual(['docker: ok', 'kubernetes: problem', 'runc: ok'])
    expect(states(engineChecks([ready('docker', '28.0.0'), unready('podman', 'not installed')], 'podman'))).toEqual([
      'docker: ok',
      'podman: problem',
      'runc: ok',
    ])
  })

  test('each program is shown with its version and the page of its security fixes', () => {
    const rows = engineChecks([ready('docker', '28.0.0', 'runc 1.1.5+ds1'), ready('podman', '5.8.0', 'runc 1.1.5+ds1')])
    expect(rows.map(({ check, detail }) => `${check} ${detail}`)).toEqual([
      'docker 28.0.0; security fixes: https://docs.docker.com/engine/release-notes',
      'podman 5.8.0; security fixes: https://github.com/containers/podman/security/advisories',
      'runc 1.1.5+ds1; security fixes: https://github.com/opencontainers/runc/security/advisories',
    ])
  })

  test('another runtime than runc is not judged by its number', () => {
    expect(states(engineChecks([ready('podman', '5.8.0', 'crun 1.8')]))).toEqual(['podman: ok'])
  })

  test.each([
    ['Docker Desktop 4.43.2 (199162)', ['docker desktop: problem']],
    ['Docker Desktop 4.44.3 (202357)', ['docker desktop: ok']],
    ['Docker Engine - Community', []],
  ])('%s', (platform, expected) => {
    expect(states(desktopChecks(platform))).toEqual([...expected])
  })

  test('versions are compared by number', () => {
    expect(older('4.10', '4.3')).toBe(false)
    expect(older('v4.2.9-rc1', '4.3')).toBe(true)
    expect(older('20.10', '20.10.0')).toBe(false)
    expect(older('unknown', '1')).toBe(false)
  })
})

describe('what an engine answers', () => {
  const docker = { ...backends.docker.health, version: backends.docker.health.version(usualSettings) }
  const answered = (code: number, stdout: string, stderr = '') => engineOf('docker', docker, { code, stdout, stderr })
  test('an engine that says nothing is not answering', () =>
    expect(engineOf('docker', docker, { code: 137, stdout: '', stderr: '', silent: 15 })).toMatchObject({
      state: 'not answering',
      why: 'no answer within 15 s',
    }))
  test('a client that cannot be started is told', () =>
    expect(engineOf('docker', docker, null)).toMatchObject({ state: 'not running', why: 'its client cannot be started' }))
  test('a client without its daemon', () =>
    expect(
      answered(1, '{"Client":{}}', 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?').state,
    ).toBe('not running'))
  test('a refused socket is told as missing permission', () =>
    expect(answered(1, '', 'permission denied while trying to connect to the Docker daemon socket at unix:///x').state).toBe(
      'no permission',
    ))
  test('an answer that makes no sense means that the engine is not running', () =>
    expect(answered(0, 'hello')).toMatchObject({ state: 'not running', why: 'its answer could not be understood' }))
  test('an answer without a server means that the engine is not running', () =>
    expect(answered(0, '{"Client":{"Version":"28"},"Server":null}').state).toBe('not running'))
  test('an engine that tells its version is ready', () =>
    expect(answered(0, '{"Client":{"Version":"28.2.2"},"Server":{"Version":"20.10.24+dfsg1","Arch":"amd64"}}')).toMatchObject({
      state: 'ready',
      version: '20.10.24+dfsg1',
      why: '',
    }))
})

const recorded = (name: string) => readFileSync(join(import.meta.dir, '../fixtures', name, 'info.out'), 'utf8')

test('recorded answers about the machine of an engine', () => {
  expect(infoOf({ name: 'docker', client: ['docker'] }).parse(recorded('docker'))).toEqual({
    root: '/var/lib/docker',
    clock: Date.parse('2026-11-21T20:11:05.137Z'),
    rootless: false,
    selinux: false,
    groups: '1',
    limits: ['cpu', 'memory', 'pids'],
  })
  expect(infoOf({ name: 'podman', client: ['podman'] }).parse(recorded('podman'))).toEqual({
    root: '/var/lib/containers/storage',
    clock: null,
    rootless: false,
    selinux: false,
    groups: '1',
    limits: ['cpu', 'memory', 'pids'],
  })
})

test('an engine that keeps something to itself is no fault', () => {
  expect(
    infoOf({ name: 'docker', client: ['docker'] }).parse(
      '{"SecurityOptions":["name=rootless","name=selinux"],"CgroupVersion":"2"}',
    ),
  ).toEqual({
    root: '',
    clock: null,
    rootless: true,
    selinux: true,
    groups: '2',
    limits: [],
  })
  expect(infoOf({ name: 'podman', client: ['podman'] }).parse('{}')).toMatchObject({ root: '', limits: [] })
})

test('rootless podman on control groups of version 1 names controllers that it cannot use', () => {
  const host = { cgroupVersion: 'v1', cgroupControllers: ['cpu', 'memory', 'pids'], security: { rootless: true } }
  expect(infoOf({ name: 'podman', client: ['podman'] }).parse(JSON.stringify({ host })).limits).toEqual([])
})

test('each engine looks at what it needs of the machine, and two that need the same are told once', () => {
  const machine = (uid: number, ready: boolean, rootless = false) => ({
    host: { ...readHost(), uid },
    text: () => '',
    there: () => false,
    ready,
    info: rootless ? { ...infoOf({ name: 'docker', client: ['docker'] }).parse('{}'), rootless } : null,
  })
  const names = (checks: readonly Check[]) => checks.map(({ check }) => check)
  const ids = ['rootless ids', 'rootless mapping', 'runtime folder']
  const { docker, podman } = { docker: backends.docker.health, podman: backends.podman.health }
  expect(names(podman.machine(machine(0, false)))).toEqual([])
  expect(names(podman.machine(machine(1000, false)))).toEqual(ids)
  expect(names(docker.machine(machine(1000, true)))).toEqual(['resolver of docker'])
  const both = [...docker.machine(machine(1000, true, true)), ...podman.machine(machine(1000, true))]
  expect(names(sameOnce(both))).toEqual([...ids, 'resolver of docker'])
})

test('the platform that docker names', () => {
  const [platform] = backends.docker.health.checks(usualSettings)
  expect(states(platform?.parse('{"Server":{"Platform":{"Name":"Docker Desktop 4.44.3 (1)"}}}') ?? [])).toEqual([
    'docker desktop: ok',
  ])
  expect(platform?.parse('{"Server":null}')).toEqual([])
})

describe('rootless podman', () => {
  const good = {
    user: 'ada',
    uid: 1000,
    subuid: 'ada:100000:65536\n',
    subgid: '1000:100000:65536\n',
    runtimeDir: '/run/user/1000',
    runtimeDirExists: true,
    newuidmap: true,
  }
  test.each([
    ['all is there', {}, ['ok', 'ok', 'ok']],
    ["another user's ids", { subuid: 'bob:100000:65536\n' }, ['problem', 'ok', 'ok']],
    ['too few', { subgid: 'ada:100000:1000\n' }, ['problem', 'ok', 'ok']],
    ['two rows together', { subuid: 'ada:1:32768\nada:100000:32768\n' }, ['ok', 'ok', 'ok']],
    ['no newuidmap', { newuidmap: false }, ['ok', 'problem', 'ok']],
    ['no XDG_RUNTIME_DIR', { runtimeDir: '', runtimeDirExists: false }, ['ok', 'ok', 'warning']],
    ['one that is gone', { runtimeDirExists: false }, ['ok', 'ok', 'problem']],
  ])('%s', (_, change, expected) => {
    expect(rootlessChecks({ ...good, ...change }).map(({ state }) => state as string)).toEqual(expected)
  })
})

describe('machine', () => {
  const info: EngineInfo = {
    root: '/',
    clock: null,
    rootless: true,
    selinux: false,
    groups: '2',
    limits: ['cpu', 'memory', 'pids'],
  }
  test.each([
    [{}, 'ok', ''],
    [{ limits: ['memory', 'pids'] }, 'warning', 'Delegate=cpu memory pids'],
    [{ limits: [], groups: '1' }, 'warning', 'unified_cgroup_hierarchy'],
    [{ limits: ['cpu', 'pids'], rootless: false }, 'warning', 'cgroup_enable=memory'],
  ] as const)('limits: %p', (change, state, fix) => {
    const [check] = limitChecks('podman', { ...info, ...change })
    expect(check?.state).toBe(state)
    expect(check?.fix).toContain(fix)
  })

  test('SELinux matters where it enforces and the engine takes part', () => {
    const folders = ['/srv/my project', '/home/ada/.local/state/paude']
    const ask = (enforces: boolean, selinux: boolean) => selinuxChecks([{ name: 'podman', selinux }], { enforces, folders })[0]
    expect([ask(false, true), ask(true, false)].map((check) => check?.state)).toEqual(['ok', 'ok'])
    expect(ask(true, true)).toMatchObject({
      state: 'warning',
      fix: "chcon --recursive --type=container_file_t '/srv/my project' /home/ada/.local/state/paude",
    })
  })

  const folder = { path: '/s', exists: true, writable: true, mode: 0o700, owner: 1000 }
  test.each([
    [{}, 'ok'],
    [{ mode: 0o755 }, 'warning'],
    [{ owner: 0 }, 'problem'],
    [{ writable: false }, 'problem'],
    [{ exists: false, owner: 0, mode: 0o755 }, 'ok'],
    [{ exists: false, writable: false }, 'problem'],
  ] as const)('folder: %p', (change, expected) => {
    expect(folderChecks({ 'state folder': { ...folder, ...change } }, 1000)[0]?.state).toBe(expected)
  })

  test.each([
    [null, 'ok'],
    [0.5, 'problem'],
    [2, 'warning'],
    [9, 'ok'],
  ] as const)('%p GiB free', (gib, expected) => {
    expect(diskChecks({ docker: gib === null ? null : gib * 1024 ** 3 })[0]?.state).toBe(expected)
  })

  test('what is said to free room spares stopped sessions', () => {
    expect(diskChecks({ docker: 0, builds: 0 }).map(({ fix }) => fix)).toEqual([
      'paude image rm --stale',
      'export XDG_CACHE_HOME=/a/folder/with/more/room',
    ])
  })

  test.each([
    [{ now: 1000, made: 2000, engine: null }, 'problem'],
    [{ now: 2e12, made: 1e12, engine: null }, 'ok'],
    [{ now: 2e12, made: 1e12, engine: 2e12 - 29_000 }, 'ok'],
    [{ now: 2e12, made: 1e12, engine: 2e12 + 60_000 }, 'warning'],
  ] as const)('clock: %p', (facts, expected) => {
    expect(clockChecks(facts)[0]?.state).toBe(expected)
  })
})

describe('sessions', () => {
  const image = (reference: string) => ({ reference, size: 600_000_000 })
  const looked = (wanted: readonly string[], found: readonly string[], stages: readonly string[] = []) =>
    imageChecks('docker', { wanted, found: found.map(image), stages: stages.map(image) })

  test('images: what is missing is built, what is old may go', () => {
    expect(states(looked(['a:1', 'b:1'], ['a:1', 'b:1']))).toEqual(['images on docker: ok'])
    const [now, old] = looked(['a:2', 'b:1'], ['a:1', 'b:1', 'c:1'])
    expect(now?.detail).toBe('a:2 is built at the next start on docker')
    expect(old).toMatchObject({ state: 'warning', fix: 'paude --backend docker image rm --stale' })
    expect(old?.detail).toStartWith('2 that a start here does not use (another project may): 1200 MB')
  })

  test('images: what builds leave behind may go', () => {
    expect(looked(['a:1'], ['a:1'], ['0123'])[1]?.detail).toStartWith('1 left behind by builds: 600 MB')
  })

  test('HOME volumes of folders that are gone', () => {
    expect(homeChecks(backends.docker, [])).toEqual([])
    expect(homeChecks(backends.podman, [{ volume: 'paude-home-claude-1', workspace: '/srv/gone' }])[0]).toMatchObject({
      state: 'warning',
      fix: 'paude home rm --deleted',
    })
  })

  test.each([
    ['a real one', 'nameserver 192.0.2.1\n', '', 'ok'],
    ['loopback', 'search example.org\nnameserver 127.0.0.1\nnameserver ::1\n', '', 'warning'],
    ['loopback and a real one', 'nameserver 127.0.0.1\nnameserver 192.0.2.1\n', '', 'ok'],
    ["systemd's, which docker looks behind", 'nameserver 127.0.0.53\n', '', 'ok'],
    ['loopback, but docker was told another', 'nameserver 127.0.0.1\n', '{ "dns": ["192.0.2.1"] }', 'ok'],
    ['none', '# nameserver 127.0.0.1\n', '', 'ok'],
  ] as const)('resolver of docker: %s', (_, conf, daemon, expected) => {
    expect(resolverConfChecks({ conf, daemon })[0]?.state).toBe(expected)
  })

  test('what a killed paude left is a warning with the command that removes it', () => {
    expect(orphanChecks({ parts: [], forsaken: [] })[0]?.state).toBe('ok')
    expect(orphanChecks({ parts: ['a', 'b'], forsaken: [] })).toMatchObject([{ state: 'warning', fix: 'paude rm --orphans' }])
    expect(orphanChecks({ parts: ['a'], forsaken: ['paude-bcd234'] })).toMatchObject([
      { state: 'warning', detail: expect.stringContaining('the paude process of paude-bcd234 was killed') },
      { state: 'warning', detail: expect.stringContaining('1 containers') },
    ])
  })

  test('a credential is named, never shown', () => {
    const site = 'models.test:443'
    const none = { variable: '', inside: false, fault: '', site }
    expect(credentialChecks({ ...none, variable: 'ANTHROPIC_API_KEY' })[0]?.detail).toBe(
      'ANTHROPIC_API_KEY; it stays outside the sandbox',
    )
    expect(credentialChecks(none)).toMatchObject([{ state: 'warning', fix: 'paude login' }])
    expect(credentialChecks({ ...none, inside: true })[0]?.state).toBe('ok')
    expect(credentialChecks({ ...none, fault: 'odd characters', site: '' })[0]?.state).toBe('problem')
    expect(credentialChecks({ ...none, site: '' })).toEqual([])
  })

  test('the clock is held against the age of the program itself', () => {
    const self = join(mkdtempSync(join(tmpdir(), 'paude-made-')), 'paude')
    writeFileSync(self, '')
    const made = Date.UTC(2030, 5, 2)
    utimesSync(self, made / 1000, made / 1000)
    const state = (now: number) => clockChecks({ now, made: madeAt({ self }), engine: null })[0]?.state
    expect([state(Date.UTC(2030, 4, 1)), state(Date.UTC(2030, 5, 1, 12)), state(Date.UTC(2031, 0))]).toEqual([
      'problem',
      'ok',
      'ok',
    ])
    rmSync(dirname(self), { recursive: true })
    expect(madeAt({ self })).toBe(0)
  })

  test("the machine's proxy is named, its login never shown, and the key that takes it is", () => {
    const none = { ways: DIRECT, fault: null }
    const [check] = proxyChecks({ https_proxy: 'http://ada:hunter2@proxy.example:8080' }, none)
    expect(check).toMatchObject({
      state: 'warning',
      fix: 'paude config set network.upstream_proxy http://proxy.example:8080; for its name and password: paude config set network.upstream_credentials env:NAME',
    })
    expect(JSON.stringify(check)).not.toContain('hunter2')
    expect(check?.detail).toStartWith('https_proxy is set')
    expect(proxyChecks({ HTTP_PROXY: '' }, none)[0]?.state).toBe('ok')
    for (const [value, place] of [
      ['proxy.example:3128', 'http://proxy.example:3128'],
      ['socks5://proxy.example:1080', 'http://HOST:PORT'],
      ['http://localhost:3128', 'http://HOST:PORT'],
    ] as const)
      expect(proxyChecks({ ALL_PROXY: value }, none)[0]?.fix).toBe(`paude config set network.upstream_proxy ${place}`)
  })

  test('with network.upstream_proxy nothing is said of what connects directly, nor of what this machine resolves', () => {
    const upstream = { scheme: 'http', host: 'proxy.example', port: 8080, except: ['*.near.example'], credentials: '' } as const
    const ways = { ...DIRECT, upstream }
    expect(proxyChecks({ HTTPS_PROXY: 'http://proxy.example:8080' }, { ways, fault: null })).toEqual([
      ok('proxy of this machine', 'requests go through network.upstream_proxy, proxy.example:8080'),
    ])
    expect(resolverChecks('api.example.org:443', null, ways)).toEqual([
      ok('provider', 'the upstream proxy resolves api.example.org'),
    ])
    expect(resolverChecks('api.near.example:443', null, ways)[0]?.state).toBe('warning')
    expect(resolverChecks('api.example.org:443', null, { ...DIRECT, dns: ['10.0.0.53'] })[0]?.state).toBe('ok')
  })

  test('an upstream proxy that no start takes is a problem', () => {
    const fault = { message: 'network.upstream_proxy is missing', hint: 'name it' }
    expect(proxyChecks({}, { ways: DIRECT, fault })).toEqual([problem('proxy of this machine', fault.message, fault.hint)])
  })

  test('extra certificates are counted, and those that cannot be read are a problem', () => {
    expect(authorityChecks({ count: 2, expired: [], fault: '' })[0]?.detail).toBe('the sandbox also trusts 2 of this machine')
    expect(authorityChecks({ count: 0, expired: [], fault: 'unreadable' })[0]?.state).toBe('problem')
  })

  test('an authority whose time is over is named', () => {
    const host = { ...readHost(), platform: 'linux' } as const
    const files = [join(import.meta.dir, '../fixtures/authority.pem')]
    expect(lookAuthorities(host, files, Date.UTC(2030, 0))).toEqual({ count: 1, expired: [], fault: '' })
    const late = lookAuthorities(host, files, Date.UTC(2040, 0))
    expect(late.expired).toEqual(['Example Corporate CA'])
    expect(authorityChecks(late)[0]).toMatchObject({ state: 'warning' })
  })

  test.each([
    ['public', ['160.79.104.10'], 'ok', ''],
    ['private', ['10.20.30.40'], 'warning', 'paude --network-allow api.example.org:443@10.20.30.0/24'],
    [
      'documentation range, as company mirrors do',
      ['198.51.100.9'],
      'warning',
      'paude --network-allow api.example.org:443@198.51.100.0/24',
    ],
    ['mixed', ['160.79.104.10', '192.168.7.7'], 'warning', 'paude --network-allow api.example.org:443@192.168.7.0/24'],
    ['private IPv6', ['fd12:3456:789a:1::5'], 'warning', 'paude --network-allow api.example.org:443@fd12:3456:789a:1::/64'],
    ['unique local with a gap', ['fd00::5'], 'warning', 'paude --network-allow api.example.org:443@fd00::/64'],
  ])('provider resolves to %s', (_, addresses, state, fix) => {
    expect(resolverChecks('api.example.org:443', addresses, DIRECT)[0]).toMatchObject({ state, fix })
    // What is suggested must be accepted.
    if (fix !== '') expect(parseAllow(fix.split(' ').at(-1) ?? '', 'test').privateRange).not.toBe('')
  })

  test('provider that does not resolve', () => {
    expect(resolverChecks('api.example.org:443', null, DIRECT)[0]?.state).toBe('warning')
    expect(resolverChecks('api.example.org:443', [], DIRECT)[0]?.state).toBe('warning')
  })
})
