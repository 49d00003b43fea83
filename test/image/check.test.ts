import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../../src/agents/claude/install.ts'
import { need } from '../../src/backends/backend.ts'
import { inspectQuery } from '../../src/backends/oci/inspect.ts'
import { backends } from '../../src/backends/registry.ts'
import { checkExitCode, checkImage } from '../../src/image/check.ts'
import { isReference } from '../../src/image/check-metadata.ts'
import type { CheckedImage } from '../../src/image/checked.ts'
import { readProbe } from '../../src/image/probed.ts'

const recorded = (name: string) => readFileSync(join(import.meta.dir, '../fixtures', name), 'utf8')
const engines = ['docker', 'podman'] as const

function image(engine: 'docker' | 'podman', kind: 'ours' | 'odd', change: Partial<CheckedImage> = {}): CheckedImage {
  const metadata = inspectQuery([engine], 'x').parse(recorded(`${engine}/image-inspect-${kind}.json`))
  const probe = readProbe(recorded(`${engine}/probe-${kind === 'ours' ? 'ours' : 'bare'}.txt`))
  return { reference: 'localhost/team/tool:1', architecture: 'x64', metadata, probe, agent: 'claude', install, ...change }
}

/** What is wrong, as `K22 warning secrets`. */
const complaints = (checked: CheckedImage) =>
  checkImage(checked)
    .filter(({ ok }) => !ok)
    .map(({ id, severity, title }) => `${id} ${severity} ${title}`)
const find = (checked: CheckedImage, title: string) => checkImage(checked).find((check) => check.title === title)

describe.each(engines)('%s', (engine) => {
  test('our own image passes its own check', () => {
    expect(complaints(image(engine, 'ours'))).toEqual([])
    expect(checkExitCode(checkImage(image(engine, 'ours')))).toBe(0)
  })

  test('a bare image with everything in its configuration', () => {
    expect(complaints(image(engine, 'odd'))).toEqual([
      'K20 warning VOLUME',
      'K20 warning HEALTHCHECK',
      'K20 warning STOPSIGNAL',
      'K21 warning proxy variables',
      'K22 warning secrets',
      'K5 note claude',
      'K10 warning curl',
      'K13 warning git',
    ])
    expect(checkExitCode(checkImage(image(engine, 'odd')))).toBe(0)
    expect(checkExitCode(checkImage(image(engine, 'odd', { agent: 'codex', install: null })))).toBe(1)
  })

  test('metadata says the same on both engines', () => {
    const { digests, size, labels, ...rest } = image(engine, 'odd').metadata
    expect(labels).toMatchObject({ note: 'fine' })
    expect(rest).toEqual({
      architecture: 'amd64',
      os: 'linux',
      layers: 1,
      user: '1000:1000',
      entrypoint: ['/usr/bin/env', '--'],
      command: ['sh'],
      environment: {
        PATH: expect.any(String),
        API_TOKEN: 'topsecret',
        http_proxy: 'http://proxy.example:8080',
        EMPTY_SECRET: '',
      },
      volumes: ['/data', '/workspace'],
      stopSignal: 'SIGINT',
      healthcheck: true,
    })
  })

  test('names secrets, and never shows one', () => {
    const all = JSON.stringify(checkImage(image(engine, 'odd')))
    expect(find(image(engine, 'odd'), 'secrets')?.message).toStartWith('API_TOKEN, registry.password look')
    expect(all).not.toMatch(/topsecret|hunter2|EMPTY_SECRET/)
  })

  test('without a container only metadata is judged', () => {
    expect(new Set(checkImage(image(engine, 'ours', { probe: null })).map(({ id }) => id))).toEqual(
      new Set(['K1', 'K3', 'K4', 'K18', 'K19', 'K20', 'K21', 'K22', 'K36']),
    )
  })
})

describe('what the probe finds', () => {
  const probed = (change: Readonly<Record<string, string | undefined>>, agent = 'claude') => {
    const { probe } = image('docker', 'ours')
    const merged = { ...probe, ...change }
    return image('docker', 'ours', {
      agent,
      install: agent === 'claude' ? install : null,
      probe: Object.fromEntries(Object.entries(merged).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    })
  }

  test.each([
    ['no shell', { sh: undefined }, 'K9 error shell', /shell/],
    ['a script cut short', { end: undefined }, 'K9 error shell', /POSIX/],
    ['an agent that hangs', { 'agent-code': '124', 'agent-output': '' }, 'K6 error claude --version', /any user/],
    [
      'an agent without node',
      { 'agent-code': '127', 'agent-output': 'env: node: No such file or directory' },
      'K6 error claude --version',
      /apt-get install .* nodejs$/,
    ],
    [
      'an agent nobody may read',
      { 'agent-code': '126', 'agent-output': 'Permission denied' },
      'K6 error claude --version',
      /below \/root/,
    ],
    [
      'glibc on musl',
      { 'agent-code': '127', 'agent-output': 'not found', libc: 'musl' },
      'K6 error claude --version',
      /musl build/,
    ],
    [
      'musl without libraries',
      { 'agent-code': '127', libc: 'musl', os: 'alpine ', 'libraries-missing': 'libgcc_s.so.1' },
      'K6 error claude --version',
      /^RUN apk add --no-cache libstdc\+\+ libgcc$/,
    ],
    ['an old agent', { 'agent-output': '1.0.128 (Claude Code)' }, 'K7 warning version', /^install /],
    ['no bash', { bash: undefined, os: 'alpine ' }, 'K8 error bash', /^RUN apk add --no-cache bash$/],
    ['no curl', { curl: undefined, os: 'fedora ' }, 'K10 warning curl', /^RUN dnf install --assumeyes curl$/],
    [
      'missing basics',
      { 'tools-missing': 'chown', os: 'rocky rhel centos fedora' },
      'K11 error basic tools',
      /^RUN dnf .*coreutils$/,
    ],
    ['no tar', { tar: undefined, os: 'mine' }, 'K12 warning tar', /^install tar$/],
    ['no git', { git: undefined, os: 'ubuntu debian' }, 'K13 warning git', /^image.packages = \["git"\], or RUN apt-get .* git$/],
    ['an old git', { 'git-version': 'git version 2.30.2' }, 'K14 warning git version', /2\.31/],
    ['no HOME', { 'home-writable': 'mkdir: cannot create directory' }, 'K16 error HOME', /HOME/],
    ['another HOME', { home: '/root' }, 'K16 error HOME', /HOME/],
    ['no certificates', { ca: undefined }, 'K23 error CA bundle', /ca-certificates$/],
    ['privileges', { capabilities: '00000000a80425fb' }, 'K33 error hardening', /doctor/],
    ['a writable root', { 'root-writable': 'yes' }, 'K33 error hardening', /doctor/],
    ['sudo', { sudo: '/usr/bin/sudo' }, 'K33 warning sudo', /during the image build/],
    [
      'a curl with trust of its own',
      { 'trust-curl': 'no', 'trust-git': 'yes' },
      'K24 warning CA variable of curl',
      /distribution/,
    ],
    ['a git with trust of its own', { 'trust-git': 'no' }, 'K24 warning CA variable of git', /image build/],
    ['a python with trust of its own', { 'trust-python': 'no' }, 'K24 warning CA variable of python', /image build/],
    ['a node with trust of its own', { 'trust-node': 'no' }, 'K24 warning CA variable of node', /image build/],
    ['a node without a proxy', { 'node-version': 'v20.19.2' }, 'K24 warning node version', /Node 24/],
    ['a node of a short release', { 'node-version': 'v23.11.0' }, 'K24 warning node version', /Node 24/],
    ['no terminfo', { terminfo: undefined, os: 'alpine ' }, 'K34 warning terminfo', /ncurses-terminfo-base$/],
  ] as const)('%s', (_, change, complaint, fix) => {
    expect(complaints(probed(change))).toEqual([complaint])
    expect(checkImage(probed(change)).find(({ ok }) => !ok)?.fix).toMatch(fix)
    expect(checkExitCode(checkImage(probed(change)))).toBe(complaint.includes(' error ') ? 1 : 0)
  })

  test('what obeys the variables of certificates is named in one row, and what was not tried in none', () => {
    const trusts = { 'trust-curl': 'yes', 'trust-git': 'yes', 'trust-node': 'yes', 'node-version': 'v22.21.0' }
    expect(find(probed(trusts), 'CA variables')).toMatchObject({ id: 'K24', ok: true, message: 'obeyed by curl, git, node' })
    expect(complaints(probed(trusts))).toEqual([])
    expect(find(probed({}), 'CA variables')).toBeUndefined()
  })

  test('Claude Code cannot be added to an Alpine without its libraries', () => {
    const alpine = { agent: undefined, libc: 'musl', os: 'alpine ', 'libraries-missing': 'libstdc++.so.6' }
    expect(complaints(probed(alpine))).toEqual(['K5 error claude'])
  })

  test('an agent outside PATH is pointed at', () => {
    const found = find(probed({ agent: undefined, 'agent-elsewhere': '/opt/codex/bin/codex' }, 'codex'), 'codex')
    expect(found?.fix).toBe('RUN chmod a+rx /opt/codex/bin/codex && ln -s /opt/codex/bin/codex /usr/local/bin/')
  })

  test('bash is a must for Claude Code only', () => {
    expect(complaints(probed({ bash: undefined }, 'gemini'))).toEqual(['K8 warning bash'])
  })
})

test('another processor is an error', () => {
  expect(complaints(image('docker', 'ours', { architecture: 'arm64' }))).toEqual(['K3 error processor'])
})

test.each([
  'debian',
  'debian:trixie-slim',
  'registry.example:5000/a/b_c/d-e:1.2',
  `x@sha256:${'0'.repeat(64)}`,
  'localhost/x:y',
  '[::1]:5000/x',
  'a__b/c',
])('%s is a name', (text) => {
  expect(isReference(text)).toBe(true)
})

test.each([
  '',
  '-x',
  '--privileged',
  'team/X',
  'a b',
  'x:',
  'x@sha256:12',
  'a//b',
  'x:-tag',
  'x\n',
  '/x',
  'x/',
  `x:${'y'.repeat(129)}`,
  'https://x/y',
])('%j is no name', (text) => {
  expect(isReference(text)).toBe(false)
})

test('a name without a tag is a warning', () => {
  for (const reference of ['registry.example:5000/tool', 'tool:latest'])
    expect(complaints(image('docker', 'ours', { reference }))).toEqual(['K1 warning tag'])
})

test("the probe runs with a session's hardening", () => {
  const as = { container: 'paude-probe-1', created: '2026-01-02T03:04:05.000Z' }
  const argv = need(backends.podman, 'images').probe('tool:1', { uid: 1001, gid: 1002, agent: 'codex' }, as)
  expect(argv.slice(0, argv.indexOf('tool:1'))).toEqual([
    'podman',
    'run',
    '--rm',
    '--name=paude-probe-1',
    '--label=paude.id=paude-probe-1',
    '--label=paude.role=helper',
    '--label=paude.created=2026-01-02T03:04:05.000Z',
    '--pull=never',
    '--network=none',
    '--http-proxy=false',
    '--read-only-tmpfs=false',
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--user=1001:1002',
    '--userns=keep-id',
    '--pids-limit=256',
    '--memory=1g',
    '--log-driver=none',
    '--no-healthcheck',
    '--tmpfs=/tmp:rw,exec,nosuid,nodev,size=256m,mode=1777',
    '--workdir=/',
    '--env=HOME=/tmp/home',
    '--env=LANG=C.UTF-8',
    '--entrypoint=/bin/sh',
  ])
  expect(argv.slice(-2)).toEqual(['check', 'codex'])
})
