import { describe, expect, test } from 'bun:test'
import { install } from '../../src/agents/claude/install.ts'
import { need } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/registry.ts'
import { PaudeError } from '../../src/errors.ts'
import { readAgentVersion } from '../../src/image/agent-version.ts'
import { type AgentImage, BASE, contextFiles, contextHash, type ImageSpec, imageRef } from '../../src/image/build.ts'
import type { Argv, Exec, Plan, Write } from '../../src/plan/plan.ts'

const claude: AgentImage = {
  image: 'agent',
  install,
  base: BASE,
  baseId: '',
  arch: 'x64',
  extraCa: '',
  agentVersion: '2.1.329',
  libc: 'glibc',
}
const proxy: ImageSpec = { image: 'proxy', base: BASE, baseId: '', arch: 'x64', extraCa: '' }
const host = { self: '/opt/paude', env: {}, platform: 'linux' } as const
const plan = (spec: ImageSpec, engine: 'docker' | 'podman' = 'docker', noCache = false) =>
  need(backends[engine], 'images').build({ spec, host, cache: '/var/cache of/paude', id: '7', noCache })

describe('the name of an image', () => {
  test('tells version and content', () => {
    expect(imageRef(claude)).toMatch(/^localhost\/paude\/claude:2\.1\.329-[0-9a-f]{32}$/)
    expect(imageRef(proxy)).toMatch(/^localhost\/paude\/proxy:[0-9a-f]{32}$/)
  })

  test('of what is built on a foreign image is never that of what all use, whatever its content', () => {
    const name = (spec: ImageSpec) => imageRef(spec).replace(/:.*/, '')
    const tools = { ...proxy, image: 'tools', wanted: { full: false, packages: ['jq'], tools: [] } } as const
    const custom = { ...claude, image: 'custom', base: 'registry.example.org/box:1' } as const
    for (const spec of [custom, { ...custom, base: BASE }, { ...claude, base: custom.base }])
      expect(name(spec)).toBe('localhost/paude/claude-custom')
    for (const base of [custom.base, imageRef(custom), `localhost/paude/devcontainer:${'0'.repeat(32)}`])
      expect(name({ ...tools, base })).toBe('localhost/paude/tools-custom')
    for (const base of [BASE, imageRef(claude)]) expect(name({ ...tools, base })).toBe('localhost/paude/tools')
  })

  test('is the same for the same content', () => {
    expect(imageRef({ ...claude })).toBe(imageRef(claude))
    const files = Object.entries(contextFiles(claude))
    expect(contextHash(claude, Object.fromEntries(files.toReversed()))).toBe(contextHash(claude))
  })

  test('is made once of a spec, however often it is asked for', () => {
    let read = 0
    const counted: ImageSpec = {
      ...proxy,
      get extraCa() {
        read++
        return ''
      },
    }
    const first = imageRef(counted)
    const once = read
    expect(imageRef(counted)).toBe(first)
    expect(read).toBe(once)
  })

  test.each([
    ['base', { base: 'docker.io/library/debian:sid-slim' }],
    ["the base's id", { baseId: 'sha256:1' }],
    ['processor', { arch: 'arm64' }],
    ['extra certificates', { extraCa: 'PEM' }],
    ['agent version', { agentVersion: '2.1.330' }],
    ['libc', { libc: 'musl' }],
    ['kind', { image: 'custom' }],
  ] as const)('changes with the %s', (_, change) => {
    expect(contextHash({ ...claude, ...change })).not.toBe(contextHash(claude))
  })

  for (const spec of [claude, { ...claude, image: 'custom' } as const, proxy])
    test.each(Object.keys(contextFiles(spec)))(`${spec.image} changes with every byte and the name of %s`, (path) => {
      const files = contextFiles(spec)
      const content = files[path] ?? ''
      const { [path]: _, ...rest } = files
      const others = [
        { ...files, [path]: `${content} ` },
        { ...rest, [`${path}x`]: content },
        rest,
        ...(content === '' ? [] : [{ ...files, [path]: content.slice(1) }]),
      ]
      for (const other of others) expect(contextHash(spec, other)).not.toBe(contextHash(spec))
    })

  test("does not change with the engine, the cache's place or the moment", () => {
    const tag = (steps: Plan) => execs(steps).flatMap(({ argv }) => argv.filter((word) => word.startsWith('--tag=')))
    expect(tag(plan(claude, 'podman', true))).toEqual(tag(plan(claude)))
  })
})

describe('the plan', () => {
  const work = `/var/cache of/paude/build-${contextHash(claude)}-7`

  const downloads = '/var/cache of/paude/downloads'
  const kept = `${downloads}/claude-code-linux-x64-2.1.329`

  test('fetches with paude itself what is not in the cache as it came, builds and leaves nothing', () => {
    const steps = plan(claude)
    const fetching = steps.find((step) => step.kind === 'guard')
    const inFolder = (script: string): Argv => [
      'sh',
      '-c',
      `cd "$1" && ${script}`,
      'sh',
      downloads,
      'claude-code-linux-x64-2.1.329',
    ]
    expect(fetching?.unless).toEqual(inFolder('sha256sum --check --status "$2.sha256"'))
    const [fetched, moved, summed] = execs(fetching?.steps ?? [])
    expect(fetched).toEqual({
      kind: 'exec',
      argv: [
        '/opt/paude',
        'add',
        '--ignore-scripts',
        '--exact',
        '--no-save',
        '--os=linux',
        '--cpu=x64',
        '--libc=glibc',
        '@anthropic-ai/claude-code-linux-x64@2.1.329',
      ],
      title: 'fetching Claude Code 2.1.329',
      env: { BUN_BE_BUN: '1', BUN_INSTALL_CACHE_DIR: `${work}/packages` },
      folder: `${work}/fetch`,
    })
    expect(moved?.argv).toEqual(['mv', '-f', '--', `${work}/fetch/node_modules/@anthropic-ai/claude-code-linux-x64/claude`, kept])
    expect(summed?.argv).toEqual(inFolder('sha256sum -- "$2" >"$2.sha256"'))
    const [made, linked, building, removal] = execs(steps)
    expect(made?.argv.at(-1)).toBe(downloads)
    expect(linked?.argv).toEqual(['ln', '--', kept, `${work}/context/download`])
    expect(building?.title).toBe('building the image with Claude Code 2.1.329')
    expect(removal).toEqual({ kind: 'exec', argv: ['rm', '-rf', '--', work], tolerant: true })
  })

  test('makes its one folder first, so that a failure takes all of it back', () => {
    expect(plan(claude)[0]).toEqual({ kind: 'folder', path: work, mode: 0o700 })
    for (const step of plan(claude))
      if (step.kind === 'write' || step.kind === 'folder') expect(`${step.path}/`).toStartWith(`${work}/`)
  })

  test('gives docker and podman their own flags', () => {
    const context = `${work}/context`
    const rest = [
      `--tag=${imageRef(claude)}`,
      `--build-arg=BASE=${BASE}`,
      '--build-arg=AGENT_VERSION=2.1.329',
      '--label=paude.image=claude',
      '--label=paude.agent-version=2.1.329',
      `--label=paude.context-hash=${contextHash(claude)}`,
      `--file=${context}/Dockerfile`,
      context,
    ]
    expect(execs(plan(claude, 'docker'))[2]?.argv).toEqual(['docker', 'build', '--force-rm', ...rest])
    expect(execs(plan(claude, 'podman', true))[2]?.argv).toEqual([
      'podman',
      'build',
      '--format=docker',
      '--http-proxy=false',
      '--no-cache',
      ...rest,
    ])
  })

  test("writes the context's files readable for all, scripts executable", () => {
    const modes = Object.fromEntries(
      writes(plan(proxy)).map(({ path, mode, content }) => [path.split('/').at(-1), [mode, content.startsWith('#!')]]),
    )
    expect(modes['Dockerfile']).toEqual([0o644, false])
    expect(modes['proxy']).toEqual([0o755, true])
    expect(writes(plan({ ...proxy, extraCa: 'PEM' })).find(({ path }) => path.endsWith('extra-ca.crt'))?.content).toBe('PEM')
  })

  test('fetches nothing for the proxy, and removes the stage of this very build, also when it fails', () => {
    const [building, pruning, removal, ...rest] = execs(plan(proxy, 'podman'))
    const stage = `${contextHash(proxy)}-7`
    expect(building?.argv).toContain(`--build-arg=STAGE=${stage}`)
    expect(pruning?.argv).toEqual(['podman', 'image', 'prune', '--force', `--filter=label=paude.stage=${stage}`])
    expect([building?.undo, removal?.argv[0], rest]).toEqual([pruning?.argv, 'rm', []])
  })

  test('asks for the release that runs in the sandbox', () => {
    const fetched = (spec: AgentImage) =>
      plan(spec)
        .flatMap((step) => (step.kind === 'guard' ? execs(step.steps) : []))[0]
        ?.argv.slice(-3)
    expect(fetched({ ...claude, arch: 'arm64', libc: 'musl' })).toEqual([
      '--cpu=arm64',
      '--libc=musl',
      '@anthropic-ai/claude-code-linux-arm64-musl@2.1.329',
    ])
    expect(() => plan({ ...claude, arch: 'riscv64' })).toThrow(
      new PaudeError('unsupported', 'Claude Code has no release for riscv64'),
    )
  })
})

test.each(['2.1.329', '10.0.0', install.version])('%s is a version', (text) => {
  expect(readAgentVersion(text)).toBe(text)
})

test.each(['latest', '2.1', '^2.1.0', '2.1.329-beta.1', '2.1.329 ', '--x', '', '2.1.329\n', 'file:../x'])(
  '%j is no version',
  (text) => {
    expect(() => readAgentVersion(text)).toThrow(PaudeError)
  },
)

const execs = (steps: Plan) => steps.filter((step): step is Exec => step.kind === 'exec')
const writes = (steps: Plan) => steps.filter((step): step is Write => step.kind === 'write')
