import { describe, expect, test } from 'bun:test'
import { parseConfig } from '../../src/config/files/parse.ts'
import type { Config, Layer, Settings } from '../../src/config/keys/settings.ts'
import { mergeSources, onlySaid } from '../../src/config/layers/merge.ts'
import { allRows } from '../../src/config/sections/rows.ts'
import { split } from '../../src/project/widen.ts'

const USER = `backend = "docker"
agent_args = ["--verbose"]
devcontainer_failure = "end"
mounts = ["/data"]
env = ["EDITOR", "A=1"]
[image]
ref = "team/box:1"
base = "debian:13"
agent_version = "2.1.300"
packages = ["nodejs"]
pull = "missing"
ca_files = ["/ca.pem"]
[network]
mode = "restricted"
allow = ["*.example.org", "a.test:8443"]
groups = ["@github"]
deny = ["bad.example.org"]
upstream_proxy = "http://proxy.test:3128"
upstream_credentials = "env:PROXY"
dns = ["10.0.0.53"]
bandwidth = "5m"
[limits]
cpus = 2
memory = "4g"
pids = 512
[workspace]
mode = "clone"
agent_config = "read-only"
[security]
sandbox = "required"
[docker]
extra_flags = ["--shm-size=1g"]
[podman]
extra_flags = ["--shm-size=1g"]
`
const user = parseConfig({ layer: 'user', file: '/u.toml', text: USER }).sources
const baseWith = (flags: Layer = {}): Config =>
  mergeSources({ file: '/u.toml', sources: [...user, onlySaid('flag', flags, {})], managed: [] })
const judge = (text: string, base = baseWith()) => {
  const parts = parseConfig({ layer: 'project', file: '/p/paude.toml', text }).sources.map((source) => split(base, source))
  return {
    items: parts.flatMap(({ items }) => items.map(({ key, before, value }) => `${key}: ${before} > ${value}`)),
    rest: Object.assign({}, ...parts.map(({ rest }) => rest.values)) as Layer,
  }
}

/** Every way to open the box, by the setting it is about. */
const OPENING: readonly (readonly [setting: keyof Settings, text: string, item: string])[] = [
  ['backend', 'backend = "podman"', 'backend: docker > podman'],
  ['agents', '[agents.evil]\ncommand = "evil"', 'agents:  > evil: command = ["evil"]'],
  ['backend', 'backend = "auto"', 'backend: docker > auto'],
  ['sandbox', 'security.sandbox = "optional"', 'security.sandbox: required > optional'],
  ['devcontainerFailure', 'devcontainer_failure = "warn"', 'devcontainer_failure: end > warn'],
  ['image', 'image.ref = "evil/box"', 'image.ref: team/box:1 > evil/box'],
  ['imageBase', 'image.base = "evil"', 'image.base: debian:13 > evil'],
  ['agentVersion', 'image.agent_version = "1.0.0"', 'image.agent_version: 2.1.300 > 1.0.0'],
  ['imageVariant', 'image.variant = "full"', 'image.variant: slim > full'],
  ['imagePackages', 'image.packages = ["nodejs", "npm"]', 'image.packages:  > npm'],
  ['imageTools', 'image.tools = ["go@1.24"]', 'image.tools:  > go@1.24'],
  ['pluginsAllow', 'plugins.allow = ["*@evil"]', 'plugins.allow:  > *@evil'],
  ['pull', 'image.pull = "always"', 'image.pull: missing > always'],
  ['caFile', 'image.ca_files = ["/ca.pem", "/evil.pem"]', 'image.ca_files:  > /evil.pem'],
  ['network', 'network.mode = "open"', 'network.mode: restricted > open'],
  ['networkAllow', 'network.allow = ["evil.test"]', 'network.allow:  > evil.test'],
  ['networkAllow', 'network.allow = ["example.org"]', 'network.allow:  > example.org'],
  ['networkAllow', 'network.allow = ["http://a.test:8443"]', 'network.allow:  > http://a.test:8443'],
  ['networkAllow', 'network.allow = ["http://x.example.org:443"]', 'network.allow:  > http://x.example.org:443'],
  ['networkAllow', 'network.allow = ["a.test"]', 'network.allow:  > a.test'],
  ['networkAllow', 'network.allow = ["x.example.org:22"]', 'network.allow:  > x.example.org:22'],
  ['networkAllow', 'network.allow = ["x.example.org@10.0.0.0/8"]', 'network.allow:  > x.example.org@10.0.0.0/8'],
  ['networkAllow', 'network.allow = ["host.paude.internal:22"]', 'network.allow:  > host.paude.internal:22'],
  ['networkAllow', 'network.allow = ["@gitlab"]', 'network.allow:  > @gitlab'],
  ['networkGroups', 'network.groups = ["@gitlab"]', 'network.groups:  > @gitlab'],
  ['networkGroups', 'network.groups = ["gitlab"]', 'network.groups:  > gitlab'],
  ['networkPorts', 'network.ports = [443, 8443]', 'network.ports:  > 8443'],
  [
    'upstreamProxy',
    'network.upstream_proxy = "http://evil.test:3128"',
    'network.upstream_proxy: http://proxy.test:3128 > http://evil.test:3128',
  ],
  ['upstreamCredentials', 'network.upstream_credentials = "env:OTHER"', 'network.upstream_credentials: env:PROXY > env:OTHER'],
  ['upstreamExcept', 'network.upstream_except = [".evil.test"]', 'network.upstream_except:  > .evil.test'],
  ['dns', 'network.dns = ["10.6.6.6"]', 'network.dns:  > 10.6.6.6'],
  ['ip', 'network.ip = "ipv4"', 'network.ip: any > ipv4'],
  ['bandwidth', 'network.bandwidth = "6m"', 'network.bandwidth: 5m > 6m'],
  ['bandwidth', 'network.bandwidth = "none"', 'network.bandwidth: 5m > none'],
  ['inject', 'network.inject = "base-url"', 'network.inject: bump > base-url'],
  ['cpus', 'limits.cpus = 2.5', 'limits.cpus: 2 > 2.5'],
  ['cpus', 'limits.cpus = "none"', 'limits.cpus: 2 > none'],
  ['memory', 'limits.memory = "5g"', 'limits.memory: 4g > 5g'],
  ['memory', 'limits.memory = "none"', 'limits.memory: 4g > none'],
  ['pids', 'limits.pids = 513', 'limits.pids: 512 > 513'],
  ['pids', 'limits.pids = "none"', 'limits.pids: 512 > none'],
  ['readOnlyRoot', 'security.read_only_root = false', 'security.read_only_root: true > false'],
  ['noNewPrivileges', 'security.no_new_privileges = false', 'security.no_new_privileges: true > false'],
  ['seccomp', 'security.seccomp = "off"', 'security.seccomp: default > off'],
  ['seccomp', 'security.seccomp = "engine"', 'security.seccomp: default > engine'],
  ['workspaceMode', 'workspace.mode = "bind"', 'workspace.mode: clone > bind'],
  ['dirty', 'workspace.dirty = true', 'workspace.dirty: false > true'],
  ['agentConfig', 'workspace.agent_config = "shadow"', 'workspace.agent_config: read-only > shadow'],
  ['onFinding', 'workspace.on_finding = "warn"', 'workspace.on_finding: ask > warn'],
  ['alarm', 'workspace.watch = "tell"', 'workspace.watch: pause > tell'],
  ['mount', 'mounts = ["/data:rw"]', 'mounts:  > /data:rw'],
  ['repos', 'workspace.repos = ["/code/evil:ro"]', 'workspace.repos:  > /code/evil:ro'],
  ['wantsCredentials', 'wants_credentials = ["github"]', 'wants_credentials:  > github'],
  ['env', 'env = ["HOME_SECRET"]', 'env:  > HOME_SECRET'],
  ['env', 'env = ["A=2"]', 'env:  > A=2'],
  ['references', 'env = { B = "env:B" }', 'env:  > B = env:B'],
  ['references', 'env = { B = "file:/evil" }', 'env:  > B = file:/evil'],
  // Whatever else is said, since a word means something only behind the others.
  ['agentArgs', 'agent_args = ["--verbose"]', 'agent_args:  > --verbose'],
  ['dockerFlags', 'docker.extra_flags = ["--shm-size=2g"]', 'docker.extra_flags:  > --shm-size=2g'],
  ['podmanFlags', 'podman.extra_flags = ["--ulimit=nofile=9"]', 'podman.extra_flags:  > --ulimit=nofile=9'],
  ['kubernetesContext', 'kubernetes.context = "evil"', 'kubernetes.context: not set > evil'],
  ['kubernetesNamespace', 'kubernetes.namespace = "evil"', 'kubernetes.namespace: paude > evil'],
  ['kubernetesPullSecrets', 'kubernetes.pull_secrets = ["evil"]', 'kubernetes.pull_secrets:  > evil'],
  ['kubernetesStorageClass', 'kubernetes.storage_class = "evil"', 'kubernetes.storage_class: not set > evil'],
  ['kubernetesHomeSize', 'kubernetes.home_size = "6Gi"', 'kubernetes.home_size: 5Gi > 6Gi'],
  ['kubernetesWorkspaceSize', 'kubernetes.workspace_size = "1Ti"', 'kubernetes.workspace_size: 10Gi > 1Ti'],
  ['kubernetesRequests', 'kubernetes.requests = ["cpu=64"]', 'kubernetes.requests:  > cpu=64'],
  ['kubernetesLimits', 'kubernetes.limits = ["nvidia.com/gpu=1"]', 'kubernetes.limits:  > nvidia.com/gpu=1'],
  ['kubernetesNodeSelector', 'kubernetes.node_selector = ["a=evil"]', 'kubernetes.node_selector:  > a=evil'],
  ['kubernetesTolerations', 'kubernetes.tolerations = ["evil"]', 'kubernetes.tolerations:  > evil'],
  ['kubernetesRuntimeClass', 'kubernetes.runtime_class = "evil"', 'kubernetes.runtime_class: not set > evil'],
  ['kubernetesLabels', 'kubernetes.labels = ["a=evil"]', 'kubernetes.labels:  > a=evil'],
  ['kubernetesAnnotations', 'kubernetes.annotations = ["a=evil"]', 'kubernetes.annotations:  > a=evil'],
  ['kubernetesServiceAccount', 'kubernetes.service_account = "evil"', 'kubernetes.service_account: not set > evil'],
  ['kubernetesEgressCidrs', 'kubernetes.egress_cidrs = ["10.1.16.0/20"]', 'kubernetes.egress_cidrs:  > 10.1.16.0/20'],
  [
    'kubernetesPodPatch',
    `kubernetes.pod_patch = ['{"op":"add","path":"/spec/schedulerName","value":"evil"}']`,
    'kubernetes.pod_patch:  > {"op":"add","path":"/spec/schedulerName","value":"evil"}',
  ],
]

/** What never needs a word of the user. */
const NARROWING: readonly (readonly [text: string, rest: Layer])[] = [
  ['agent = "claude"', { agent: 'claude' }],
  ['backend = "docker"', { backend: 'docker' }],
  ['devcontainer_failure = "end"', { devcontainerFailure: 'end' }],
  ['image.pull = "never"', { pull: 'never' }],
  ['network.mode = "none"', { network: 'none' }],
  ['network.mode = "restricted"', { network: 'restricted' }],
  ['network.deny = ["x.example.org"]', { networkDeny: ['x.example.org'] }],
  ['network.allow = ["x.example.org", "*.y.example.org"]', { networkAllow: ['x.example.org', '*.y.example.org'] }],
  ['network.allow = ["a.test:8443", "@github"]', { networkAllow: ['a.test:8443', '@github'] }],
  ['network.ports = [443]', { networkPorts: ['443'] }],
  ['network.bandwidth = "500k"', { bandwidth: '500k' }],
  ['limits.cpus = 0.5', { cpus: '0.5' }],
  ['limits.memory = "4096m"', { memory: '4096m' }],
  ['limits.pids = 100', { pids: '100' }],
  ['security.read_only_root = true', { readOnlyRoot: 'true' }],
  ['security.no_new_privileges = true', { noNewPrivileges: 'true' }],
  ['security.seccomp = "default"', { seccomp: 'default' }],
  ['workspace.protect = ["docs"]', { protect: ['docs'] }],
  ['workspace.overlay = ["node_modules"]', { overlay: ['node_modules'] }],
  ['workspace.mode = "clone"', { workspaceMode: 'clone' }],
  ['workspace.guard = ["warn:.tool"]', { guard: ['warn:.tool'] }],
  ['workspace.agent_config = "read-only"', { agentConfig: 'read-only' }],
  ['workspace.on_finding = "revert"', { onFinding: 'revert' }],
  ['kubernetes.home_size = "1Gi"', { kubernetesHomeSize: '1Gi' }],
  ['env = ["EDITOR"]', { env: ['EDITOR'], references: [] }],
  ['mounts = ["/data"]', { mount: ['/data'] }],
]

test.each(OPENING)('%s opens the sandbox: %s', (_, text, item) => {
  const { items, rest } = judge(text)
  expect(items).toEqual([item])
  // Nothing of it is left that would hold unasked.
  expect(judge(text, baseWith()).rest).toEqual(rest)
  expect(JSON.stringify(Object.values(rest))).not.toMatch(/evil|open|none|2g|off|false/)
})

test('every setting that a file may hold has its row', () => {
  const rows = new Set<string>([...OPENING.map(([setting]) => setting)])
  const ruled = allRows.flatMap(([key, { rule }]) => (rule === 'own' || rule === 'closes' ? [] : [key]))
  // A project's file may not hold the first at all, or what opens of them; the next are said by a devcontainer.json, and tested with it; there is one agent.
  const elsewhere = [
    'projectConfig',
    'fallback',
    'importConfig',
    'importKeep',
    'imageBuild',
    'lifecycle',
    'agent',
    'dockerProgram',
    'podmanProgram',
  ]
  expect(ruled.filter((key) => !rows.has(key) && !elsewhere.includes(key))).toEqual([])
})

test.each(NARROWING)('%s holds unasked', (text, rest) => {
  expect(judge(text)).toEqual({ items: [], rest })
})

describe('what the user has', () => {
  test('is what is opened against: without a limit no limit opens', () => {
    const bare = mergeSources({ file: '', sources: [], managed: [] })
    expect(judge('limits.memory = "64g"\nlimits.cpus = "none"', bare).items).toEqual([])
    expect(judge('limits.pids = 5000', bare).items).toEqual(['limits.pids: 4096 > 5000'])
    expect(judge('limits.pids = "none"', bare).items).toEqual(['limits.pids: 4096 > none'])
    const weak = mergeSources({ file: '', sources: [onlySaid('user', { seccomp: 'off' }, {})], managed: [] })
    expect(judge('security.seccomp = "off"\nsecurity.read_only_root = false', weak).items).toEqual([
      'security.read_only_root: true > false',
    ])
    expect(judge('image.ref = "x"', bare).items).toEqual(['image.ref: not set > x'])
  })

  test('holds where it was said in this very call, so nothing is asked', () => {
    expect(judge('network.mode = "open"\nlimits.memory = "64g"', baseWith({ network: 'none', memory: '1g' }))).toEqual({
      items: [],
      rest: {},
    })
  })

  test('is not opened by a file that says less than another one of the project', () => {
    expect(judge('network.mode = "restricted"').items).toEqual([])
  })
})
