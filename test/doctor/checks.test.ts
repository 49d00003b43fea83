import { describe, expect, test } from 'bun:test'
import { backends } from '../../src/backends/registry.ts'
import { type Check, doctorExitCode, ok, problem, warning } from '../../src/doctor/check.ts'
import { desktopChecks, engineChecks, older } from '../../src/doctor/engine-checks.ts'
import { type EngineState, engineOf } from '../../src/doctor/engines.ts'
import { platformQuery, storageOf } from '../../src/doctor/look.ts'
import {
  clockChecks,
  diskChecks,
  folderChecks,
  initChecks,
  limitChecks,
  rootlessChecks,
} from '../../src/doctor/machine-checks.ts'
import {
  authorityChecks,
  credentialChecks,
  imageChecks,
  orphanChecks,
  proxyChecks,
  resolverChecks,
} from '../../src/doctor/session-checks.ts'
import { parseAllow } from '../../src/network/pattern.ts'

const states = (checks: readonly Check[]) => checks.map(({ check, state }) => `${check}: ${state}`)

const ready = (name: 'docker' | 'podman', version: string): EngineState => ({
  name,
  state: 'ready',
  version,
  rootless: false,
  why: '',
})
const unready = (name: 'docker' | 'podman', state: EngineState['state']): EngineState => ({
  name,
  state,
  version: '',
  rootless: false,
  why: 'because',
})

test('only a problem makes doctor fail', () => {
  expect(doctorExitCode([ok('a', ''), warning('b', '', '')])).toBe(0)
  expect(doctorExitCode([ok('a', ''), problem('b', '', '')])).toBe(1)
})

describe('engines', () => {
  test.each([
    ['one is enough', [ready('docker', '27.0.3'), unready('podman', 'not installed')], ['docker: ok', 'podman: ok']],
    [
      'a dead one beside a good one is a warning',
      [unready('docker', 'not running'), ready('podman', '4.3.1')],
      ['docker: warning', 'podman: ok'],
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
      ['docker: problem', 'docker advisories: warning', 'podman: problem'],
    ],
    [
      'at the floor',
      [ready('docker', '20.10.0'), ready('podman', '4.3.0')],
      ['docker: ok', 'docker advisories: warning', 'podman: ok'],
    ],
  ] as const)('%s', (_, engines, expected) => {
    expect(states(engineChecks(engines))).toEqual([...expected])
  })

  test.each([
    ['20.10.24+dfsg1', true],
    ['23.0.10', true],
    ['23.0.11', false],
    ['24.0.9', true],
    ['25.0.4', true],
    ['25.0.5', false],
    ['26.0.0', false],
    ['28.2.2', false],
  ])('%s has CVE-2024-29018: %p', (version, has) => {
    expect(engineChecks([ready('docker', version)]).some(({ detail }) => detail.includes('CVE-2024-29018'))).toBe(has)
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
  const answered = (code: number, stdout: string, stderr = '') => engineOf('docker', backends.docker, { code, stdout, stderr })
  test('silence', () =>
    expect(engineOf('docker', backends.docker, null)).toMatchObject({ state: 'not running', why: 'no answer within 10 s' }))
  test('a client without its daemon', () =>
    expect(
      answered(1, '{"Client":{}}', 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?').state,
    ).toBe('not running'))
  test('no permission', () =>
    expect(answered(1, '', 'permission denied while trying to connect to the Docker daemon socket at unix:///x').state).toBe(
      'no permission',
    ))
  test('nonsense', () =>
    expect(answered(0, 'hello')).toMatchObject({ state: 'not running', why: 'its answer could not be understood' }))
  test('no server in the answer', () =>
    expect(answered(0, '{"Client":{"Version":"28"},"Server":null}').state).toBe('not running'))
  test('ready', () =>
    expect(answered(0, '{"Client":{"Version":"28.2.2"},"Server":{"Version":"20.10.24+dfsg1","Arch":"amd64"}}')).toMatchObject({
      state: 'ready',
      version: '20.10.24+dfsg1',
      why: '',
    }))
})

test('recorded answers about storage, clock and platform', () => {
  expect(storageOf('docker').parse('["/var/lib/docker","2026-11-21T11:06:29.549449848Z"]\n')).toEqual({
    root: '/var/lib/docker',
    clock: Date.parse('2026-11-21T11:06:29.549Z'),
  })
  expect(storageOf('podman').parse('"/var/lib/containers/storage"\n')).toEqual({
    root: '/var/lib/containers/storage',
    clock: null,
  })
  expect(platformQuery.parse('{"Name":"Docker Desktop 4.44.3 (1)"}')).toBe('Docker Desktop 4.44.3 (1)')
  expect(platformQuery.parse('null')).toBe('')
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
  test.each([
    [{ controllers: ['cpu', 'memory', 'pids'], rootless: true }, 'ok'],
    [{ controllers: ['memory', 'pids'], rootless: true }, 'warning'],
    [{ controllers: null, rootless: true }, 'warning'],
    [{ controllers: null, rootless: false }, 'ok'],
  ] as const)('limits: %p', (facts, expected) => {
    expect(limitChecks(facts)[0]?.state).toBe(expected)
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

  test.each([
    [{ now: 1000, made: 2000, engine: null }, 'problem'],
    [{ now: 2e12, made: 1e12, engine: null }, 'ok'],
    [{ now: 2e12, made: 1e12, engine: 2e12 - 29_000 }, 'ok'],
    [{ now: 2e12, made: 1e12, engine: 2e12 + 60_000 }, 'warning'],
  ] as const)('clock: %p', (facts, expected) => {
    expect(clockChecks(facts)[0]?.state).toBe(expected)
  })

  test('a missing catatonit is no fault', () =>
    expect([...initChecks(false), ...initChecks(true)].map(({ state }) => state)).toEqual(['ok', 'ok']))
})

describe('sessions', () => {
  test('images: what is missing is built, what is old may go', () => {
    expect(states(imageChecks('docker', ['a:1', 'b:1'], ['a:1', 'b:1']))).toEqual(['images on docker: ok'])
    const [now, old] = imageChecks('docker', ['a:2', 'b:1'], ['a:1', 'b:1', 'c:1', 'd:1', 'e:1'])
    expect(now?.detail).toBe('a:2 is built at the next start')
    expect(old).toMatchObject({ state: 'warning', fix: 'docker image rm a:1 c:1 d:1 …' })
  })

  test('orphans', () => {
    expect(orphanChecks(0)[0]?.state).toBe('ok')
    expect(orphanChecks(2)[0]).toMatchObject({ state: 'warning', fix: 'paude rm --orphans' })
  })

  test('a credential is named, never shown', () => {
    expect(credentialChecks({ variable: 'ANTHROPIC_API_KEY', fault: '' })[0]?.detail).toBe(
      'ANTHROPIC_API_KEY is set and stays outside the box',
    )
    expect(credentialChecks({ variable: '', fault: '' })[0]?.state).toBe('ok')
    expect(credentialChecks({ variable: '', fault: 'odd characters' })[0]?.state).toBe('problem')
  })

  test("the machine's proxy is named, never shown", () => {
    const [check] = proxyChecks({ https_proxy: 'http://ada:hunter2@proxy.example:8080' })
    expect(check).toMatchObject({ state: 'warning' })
    expect(JSON.stringify(check)).not.toContain('hunter2')
    expect(check?.detail).toStartWith('https_proxy is set')
    expect(proxyChecks({ HTTP_PROXY: '' })[0]?.state).toBe('ok')
  })

  test('extra certificates', () => {
    expect(authorityChecks({ count: 2, fault: '' })[0]?.detail).toStartWith('2 ')
    expect(authorityChecks({ count: 0, fault: 'unreadable' })[0]?.state).toBe('problem')
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
    expect(resolverChecks('api.example.org:443', addresses)[0]).toMatchObject({ state, fix })
    // What is suggested must be accepted.
    if (fix !== '') expect(parseAllow(fix.split(' ').at(-1) ?? '', 'test').privateRange).not.toBe('')
  })

  test('provider that does not resolve', () => {
    expect(resolverChecks('api.example.org:443', null)[0]?.state).toBe('warning')
    expect(resolverChecks('api.example.org:443', [])[0]?.state).toBe('warning')
  })
})
