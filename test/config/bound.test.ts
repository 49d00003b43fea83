import { describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../../src/config/files/parse.ts'
import type { Layer } from '../../src/config/keys/settings.ts'
import { readManagedFile } from '../../src/config/layers/managed.ts'
import { mergeSources, onlySaid } from '../../src/config/layers/merge.ts'

const config = (managed: string, said: Layer = {}) =>
  mergeSources({
    file: '',
    sources: [onlySaid('flag', said, { network: '--network', networkAllow: '--network-allow' })],
    managed: parseConfig({ layer: 'managed', file: '/m.toml', text: managed }).sources,
  })

describe('a managed file', () => {
  test('lowers what nobody asked for, and says so', () => {
    const { settings, origins } = config('network.mode = "none"\nlimits.memory = "2g"\nlimits.pids = 100\nbackend = "podman"\n')
    expect(settings).toMatchObject({ network: 'none', memory: '2g', pids: '100', backend: 'podman' })
    expect(origins.memory).toEqual([{ layer: 'managed', place: '/m.toml:2' }])
  })

  test('forbids your own set-up, and bounds plugins by patterns', () => {
    expect(config('agent_config.import = "off"\n').settings.importConfig).toBe('off')
    expect(() => config('agent_config.import = "off"\n', { importConfig: 'on' })).toThrow('agent_config.import = on')
    const most = 'plugins.allow = ["*@team", "mcp:docs"]\nplugins.deny = ["mcp:x"]\n'
    expect(config(most).settings).toMatchObject({ pluginsAllow: ['*@team', 'mcp:docs'], pluginsDeny: ['mcp:x'] })
    expect(config(most, { pluginsAllow: ['fmt@team'] }).settings.pluginsAllow).toEqual(['fmt@team'])
    for (const entry of ['*', 'fmt@*', 'mcp:*', 'a@b']) expect(() => config(most, { pluginsAllow: [entry] })).toThrow(entry)
  })

  test("keeps the agents' configuration from everybody's sandbox where it says so", () => {
    const most = 'workspace.agent_config = "read-only"\n'
    expect(config(most).settings.agentConfig).toBe('read-only')
    expect(() => config(most, { agentConfig: 'shadow' })).toThrow('workspace.agent_config = shadow')
  })

  test.each([
    ['[443, 8443]', ['443']],
    ['[8443]', ['8443']],
    ['[80, 443, 8443]', []],
  ])('lowers the ports that nobody asked for to those of %s', (ports, held) => {
    expect(config(`network.allow = ["a.org"]\nnetwork.ports = ${ports}\n`, { networkAllow: ['a.org'] }).settings).toMatchObject({
      networkPorts: held,
    })
  })

  test('leaves to everybody the exceptions and the login that it names beside its proxy', () => {
    const text =
      'network.upstream_proxy = "http://p.corp.example:3128"\nnetwork.upstream_except = ["in.corp.example"]\nnetwork.upstream_credentials = "env:CORP"\n'
    expect(config(text, { upstreamExcept: ['in.corp.example'] }).settings).toMatchObject({
      upstreamProxy: 'http://p.corp.example:3128',
      upstreamExcept: ['in.corp.example'],
      upstreamCredentials: 'env:CORP',
    })
  })

  test('denies and protects for everybody', () => {
    const { settings, origins } = config('network.deny = ["bad.org"]\nworkspace.protect = ["ci"]\n', {
      networkDeny: ['mine.org'],
    })
    expect(settings).toMatchObject({ networkDeny: ['mine.org', 'bad.org'], protect: ['ci'] })
    expect(origins.networkDeny[1]).toEqual({ layer: 'managed', place: '/m.toml:1' })
  })

  const refused: readonly (readonly [managed: string, said: Layer, words: string])[] = [
    [
      'network.mode = "restricted"',
      { network: 'open' },
      'network.mode = open (flag --network) exceeds the limit in /m.toml:1: restricted',
    ],
    [
      'network.allow = ["*.ours.org"]\nnetwork.ports = [4318]',
      { networkAllow: ['http://otel.ours.org:4318'] },
      'network.allow = http://otel.ours.org:4318 (flag --network-allow) exceeds the limit in /m.toml:1: *.ours.org',
    ],
    [
      'network.allow = ["*.ours.org"]',
      { networkAllow: ['evil.org'] },
      'network.allow = evil.org (flag --network-allow) exceeds the limit in /m.toml:1: *.ours.org',
    ],
    [
      'network.groups = ["@github"]',
      { networkAllow: ['evil.org'] },
      'network.allow = evil.org (flag --network-allow) exceeds the limit in /m.toml:1: @github',
    ],
    [
      'network.groups = ["@github"]',
      { network: 'record' },
      'network.mode = record (flag --network) exceeds the limit in /m.toml:1: restricted',
    ],
    ['network.allow = ["*.ours.org"]', { network: 'open' }, 'network.mode = open'],
    ['network.mode = "open"\nnetwork.allow = []', { network: 'open' }, 'network.mode = open'],
    ['network.mode = "none"\nnetwork.allow = []', { network: 'restricted' }, 'network.mode = restricted'],
    ['network.groups = ["@github"]', { networkGroups: ['@npm'] }, 'network.groups = @npm'],
    ['network.ports = [443]', { networkPorts: ['443', '80'] }, 'network.ports = 80 (flag ) exceeds the limit in /m.toml:1: 443'],
    [
      'network.allow = ["a.org"]',
      { networkAllow: ['a.org'], networkPorts: ['443', '8443'] },
      'network.allow = a.org:8443 (flag --network-allow) exceeds the limit in /m.toml:1: a.org',
    ],
    ['network.allow = ["a.org"]\nnetwork.ports = [443]', { networkAllow: ['a.org:80'] }, 'network.allow = a.org:80'],
    ['network.allow = []', { networkAllow: ['@github'] }, 'exceeds the limit in /m.toml:1: nothing'],
    [
      'network.upstream_proxy = "http://p.corp.example:3128"',
      { upstreamExcept: ['.github.com'] },
      'network.upstream_except = .github.com (flag ) exceeds the limit in /m.toml:1: nothing',
    ],
    [
      'network.upstream_proxy = "http://p.corp.example:3128"\nnetwork.upstream_except = ["in.corp.example"]',
      { upstreamExcept: ['in.corp.example', 'github.com'] },
      'network.upstream_except = github.com (flag ) exceeds the limit in /m.toml:2: in.corp.example',
    ],
    [
      'network.upstream_proxy = "http://p.corp.example:3128"',
      { upstreamCredentials: 'env:MINE' },
      'network.upstream_credentials = env:MINE (flag ) exceeds the limit in /m.toml:1: nothing',
    ],
    ['limits.memory = "2g"', { memory: '3g' }, 'limits.memory = 3g'],
    ['limits.memory = "2g"', { memory: 'none' }, 'limits.memory = none'],
    ['limits.cpus = 1', { cpus: '2' }, 'limits.cpus = 2'],
    ['limits.pids = 100', { pids: '4096' }, 'limits.pids = 4096'],
    ['limits.pids = 100', { pids: 'none' }, 'limits.pids = none'],
    ['image.ref = "ours:1"', { image: 'theirs:1' }, 'image.ref = theirs:1'],
    ['image.pull = "missing"', { pull: 'always' }, 'image.pull = always'],
    ['backend = "podman"', { backend: 'docker' }, 'backend = docker'],
    ['mounts = ["/data"]', { mount: ['/other'] }, 'mounts = /other'],
    ['docker.extra_flags = []', { dockerFlags: ['--shm-size=1g'] }, 'docker.extra_flags = --shm-size=1g'],
    ['security.project_config = "restrict"', { projectConfig: 'ask' }, 'security.project_config = ask'],
    ['security.read_only_root = true', { readOnlyRoot: 'false' }, 'security.read_only_root = false'],
    ['security.no_new_privileges = true', { noNewPrivileges: 'false' }, 'security.no_new_privileges = false'],
    ['security.seccomp = "default"', { seccomp: 'off' }, 'security.seccomp = off'],
    ['security.seccomp = "default"', { seccomp: 'engine' }, 'security.seccomp = engine'],
    ['security.seccomp = "engine"', { seccomp: 'off' }, 'security.seccomp = off'],
  ]
  test.each(refused)('%s refuses %j by name', (managed, said, words) => {
    expect(() => config(managed, said)).toThrow(words)
  })

  const granted: readonly (readonly [managed: string, said: Layer])[] = [
    ['network.mode = "restricted"', { network: 'none' }],
    ['network.allow = ["*.ours.org"]', { networkAllow: ['git.ours.org'] }],
    ['network.ports = [443, 8443]', { networkPorts: ['8443'] }],
    ['network.allow = ["a.org:443"]', { networkAllow: ['a.org'], networkPorts: ['443'] }],
    ['network.allow = ["a.org"]\nnetwork.ports = [8443]', { networkAllow: ['a.org:8443'] }],
    ['network.groups = ["@github"]', { networkAllow: ['@github'], networkGroups: ['@github'] }],
    ['limits.memory = "2g"', { memory: '1g' }],
    ['limits.pids = "none"', { pids: '9000' }],
    ['security.project_config = "restrict"', { projectConfig: 'ignore' }],
    ['security.seccomp = "off"', { seccomp: 'off' }],
    ['security.read_only_root = false', { readOnlyRoot: 'true' }],
    ['security.read_only_root = true', { noNewPrivileges: 'false' }],
  ]
  test.each(granted)('%s grants %j', (managed, said) => {
    expect(config(managed, said).settings).toMatchObject(said)
  })
})

describe.skipIf(process.getuid?.() !== 0)('a managed file that is not only root’s', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-managed-'))
  const file = join(folder, 'managed.toml')
  const cases: readonly (readonly [words: string | null, make: () => void])[] = [
    [null, () => rmSync(file, { force: true })],
    ['does not belong to root', () => chownSync(file, 65534, 65534)],
    ['is writable for other users than root', () => chmodSync(file, 0o666)],
    ['is writable for other users than root', () => chmodSync(folder, 0o777)],
    ['does not belong to root', () => chownSync(folder, 65534, 65534)],
    [
      'is not a file',
      () => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
  ]
  test.each(cases)('is fatal, and none is none: %p', (words, make) => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o755 })
    writeFileSync(file, 'backend = "docker"\n', { mode: 0o644 })
    expect(readManagedFile(file)?.text).toContain('docker')
    make()
    try {
      if (words === null) expect(readManagedFile(file)).toBeNull()
      else expect(() => readManagedFile(file)).toThrow(words)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
