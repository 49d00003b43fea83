import { describe, expect, test } from 'bun:test'
import { parentsInHome } from '../../src/backends/home-folders.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import { parts } from '../../src/backends/oci/names.ts'
import { podman } from '../../src/backends/oci/podman.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import { HARDENED } from '../../src/box/security.ts'
import type { Security } from '../../src/box/spec.ts'
import type { Exec, Plan, Step } from '../../src/plan/plan.ts'
import { renderPlan } from '../../src/plan/render.ts'
import { removePlan, resumePlan, startPlan } from '../../src/session/life/plans.ts'
import { cases } from '../support/specs.ts'
import { flat } from '../support/steps.ts'

const isExec = (step: Step): step is Exec => step.kind === 'exec'
const execs = (plan: Plan): readonly Exec[] => flat(plan).filter(isExec)
const makes = ({ argv: [, verb] }: Exec): boolean => verb === 'run' || verb === 'create'
const named = (plan: Plan, name: string): Exec => {
  const found = execs(plan).find((step) => makes(step) && step.argv.includes(`--name=${name}`))
  if (found === undefined) throw new Error(`no step makes ${name}`)
  return found
}

describe.each([docker, podman])('$name', (backend) => {
  const spread = Object.entries(cases)
    .filter(([name]) => name !== 'rescue')
    .map(([name, { spec, options }]) => ({ name, spec, plan: startPlan(backend, spec, options) }))
  test.each(spread)('can take back everything that it makes: $name', ({ plan, spec }) => {
    for (const step of execs(plan)) {
      const [, verb, what] = step.argv
      if (!makes(step) && !(verb === 'volume' && what === 'create')) continue
      if (step.undo === undefined) throw new Error(`${step.argv.slice(0, 4).join(' ')} has no undo`)
      // A helper is gone when it has ended: what it works on is a volume.
      const helps = step.argv.includes('--label=paude.role=helper') && step.unless === undefined
      const name = helps
        ? parts(spec.id).workspace
        : (step.argv.find((word) => word.startsWith('--name='))?.slice('--name='.length) ??
          step.unless?.at(-1) ??
          step.argv.at(-1))
      expect(step.undo).toContain(name ?? '')
    }
    const undone = flat(plan).flatMap((step) => (step.kind === 'exec' || step.kind === 'later' ? (step.undo ?? []) : []))
    if (renderPlan(plan).includes(`src=${parts(spec.id).link}`)) expect(undone).toContain(parts(spec.id).link)
  })

  test('hardens what it asks an image by, and what stands in for a proxy', () => {
    const asked = backend.images?.run('an-image', 'true', { container: 'paude-x', created: '' }) ?? []
    for (const argv of [asked, backend.wall?.neighbour?.('an-image') ?? []])
      expect(argv).toEqual(expect.arrayContaining(['--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only']))
    expect(asked).toContain('--network=none')
  })

  test.each(spread)('hardens every container: $name', ({ plan, spec }) => {
    const made = execs(plan).filter(makes)
    expect(made.length).toBeGreaterThan(0)
    for (const { argv } of made) {
      // What a session gives up, the agent gives up, and nobody else.
      const { readOnlyRoot, noNewPrivileges, seccomp } = argv.includes(`--name=${spec.id}`) ? spec.security : HARDENED
      expect(argv).toContain('--cap-drop=ALL')
      expect(argv.filter((word) => word.startsWith('--security-opt'))).toEqual([
        ...(noNewPrivileges ? ['--security-opt=no-new-privileges'] : []),
        ...FILTERS[seccomp](spec.folder),
      ])
      expect(argv.includes('--read-only')).toBe(readOnlyRoot)
      expect(argv).toContain('--pull=never')
      expect(argv.join('\n')).toMatch(/^--label=paude\.role=(agent|proxy|helper)$/m)
      const unlimited = spec.limits.pids === 0 && argv.includes(`--name=${spec.id}`)
      expect(argv.join('\n')).toMatch(unlimited ? /^--pids-limit=-1$/m : /^--pids-limit=[1-9]\d*$/m)
      expect(argv).toContain(`--label=paude.id=${spec.id}`)
      expect(argv).toContain(`--label=paude.workspace=${spec.workspace}`)
    }
  })

  const FILTERS = {
    default: (folder: string) => [`--security-opt=seccomp=${folder}/seed/seccomp.json`],
    engine: () => [],
    off: () => ['--security-opt=seccomp=unconfined'],
  } as const
  const OWN = FILTERS.default((cases['plain'] ?? never()).spec.folder)
  const SWITCHES: readonly (readonly [given: Partial<Security>, gone: readonly string[], come: readonly string[]])[] = [
    [{ readOnlyRoot: false }, ['--read-only'], []],
    [{ noNewPrivileges: false }, ['--security-opt=no-new-privileges'], []],
    [{ seccomp: 'engine' }, OWN, []],
    [{ seccomp: 'off' }, OWN, ['--security-opt=seccomp=unconfined']],
  ]
  test.each(SWITCHES)('gives up what %j says, and changes nothing else', (given, gone, come) => {
    const { spec, options } = cases['plain'] ?? never()
    const words = (security: Security) =>
      execs(startPlan(backend, { ...spec, security }, options)).flatMap((step) =>
        step.argv.map((word) => `${step.argv[1]} ${word}`),
      )
    const [before, after] = [words(HARDENED), words({ ...HARDENED, ...given })]
    const agents = (flags: readonly string[]) => flags.map((flag) => `create ${flag}`)
    expect(after.toSorted()).toEqual([...without(before, agents(gone)), ...agents(come)].toSorted())
  })

  test.each(spread)('opens nothing of the host: $name', ({ plan, spec }) => {
    for (const { argv } of execs(plan).filter(makes)) {
      const text = argv
        .filter((word) => spec.security.seccomp === 'default' || word !== '--security-opt=seccomp=unconfined')
        .join('\n')
      expect(text).not.toContain('--privileged')
      expect(text).not.toMatch(/^--(network|net|pid|ipc|uts|cgroupns|userns)=host$/m)
      expect(text).not.toMatch(/\.sock\b/)
      expect(text).not.toMatch(/^--(device|volumes-from|publish|publish-all|group-add|security-opt=.*unconfined)/m)
      expect(argv.filter((word) => word.startsWith('--cap-add'))).toEqual(
        argv.includes('--label=paude.role=helper') ? ['--cap-add=CHOWN'] : [],
      )
    }
  })

  test.each(spread.filter(({ spec }) => spec.network.mode === 'restricted'))(
    'gives a restricted agent no network but its own loopback: $name',
    ({ plan, spec }) => {
      expect(networksOf(named(plan, spec.id))).toEqual(['--network=none'])
      expect(flat(plan).some((step) => step.kind === 'exec' && step.argv[1] === 'network')).toBe(false)
    },
  )

  test('gives the agent a network only when the wall is taken away', () => {
    const { plan, spec } = spread.find(({ name }) => name === 'network-open') ?? never()
    expect(networksOf(named(plan, spec.id))).toEqual([])
  })

  test.each(spread)('lets nothing of the image run before the wall is proven: $name', ({ plan, spec }) => {
    const { argv } = named(plan, spec.id)
    const words = argv.slice(argv.indexOf(spec.image) + 1)
    expect(argv).toContain('--entrypoint=/paude/init')
    expect(argv).toContain(`--mount=type=bind,src=${spec.init},dst=/paude/init,ro`)
    expect(words.slice(0, words.indexOf('--'))).toEqual(
      spec.network.mode === 'none'
        ? []
        : [
            // A wall that asks is closed to the box.
            `--wall=${spec.network.mode === 'ask' ? 'restricted' : spec.network.mode}`,
            ...(spec.network.policy.injections.some(({ way }) => way === 'base-url') ? ['--base-url'] : []),
            ...(spec.rootIs === null ? [] : [`--owner=${spec.rootIs}`]),
          ],
    )
    for (const { argv } of execs(plan).filter((step) => makes(step) && step.argv.includes(spec.image))) {
      expect(argv).toContain('--entrypoint=/paude/init')
      expect(argv).toContain(`--mount=type=bind,src=${spec.init},dst=/paude/init,ro`)
      expect(argv).toContain('--no-healthcheck')
    }
  })

  test.each(spread.filter(({ spec }) => spec.network.mode === 'none'))(
    'starts no proxy without a network: $name',
    ({ plan, spec }) => {
      expect(networksOf(named(plan, spec.id))).toEqual(['--network=none'])
      expect(renderPlan(plan)).not.toContain(parts(spec.id).proxy)
    },
  )

  test.each(spread)('mounts the wall and the seed read-only into the agent: $name', ({ plan, spec }) => {
    for (const target of ['/paude/seed', '/paude/link', '/etc/passwd', '/etc/resolv.conf'])
      for (const mount of named(plan, spec.id).argv.filter((word) => word.includes(`dst=${target}`)))
        expect(mount).toMatch(/,(ro|readonly)$/)
  })

  test.each([
    ['folder', ['agent', 'proxy']],
    ['volume', ['agent', 'proxy', 'link']],
    ['gate', ['agent', 'gate', 'proxy', 'link']],
    ['none', ['agent']],
  ] as const)('removes every part of a session whose meeting place is %s, and names no other', (link, wanted) => {
    const { spec } = cases['plain'] ?? never()
    const words = removePlan(backend, { ...handleOfSpec(spec), link }, { home: true }).flatMap((step) =>
      isExec(step) ? step.argv : [],
    )
    const all = parts(spec.id)
    expect(Object.entries(all).flatMap(([part, name]) => (words.includes(name) ? [part] : []))).toEqual([...wanted])
  })

  test.each([
    ['folder', 'side by side', ['proxy']],
    ['gate', 'in order', ['gate', 'proxy']],
  ] as const)('starts what a session with a %s needs, %s with the agent, when it goes on', (link, how, wanted) => {
    const { spec } = cases['plain'] ?? never()
    const plan = resumePlan(backend, { ...handleOfSpec(spec), link }, { attached: false, credential: null })
    const names = Object.entries(parts(spec.id)).filter(([part]) => part !== 'agent')
    const started = flat(plan).flatMap((step) =>
      isExec(step) && /^(re)?start$/.test(step.argv[1] ?? '')
        ? names.flatMap(([part, name]) => (step.argv.includes(name) ? [part] : []))
        : [],
    )
    expect(started).toEqual([...wanted])
    // What trails is not waited for.
    expect(plan.some((step) => step.kind === 'together' && step.trailing !== undefined)).toBe(how === 'side by side')
  })

  test('passes a secret variable on by its name alone', () => {
    const { plan, spec } = spread.find(({ name }) => name === 'secret-env') ?? never()
    const { argv, env } = named(plan, spec.id)
    expect(argv).toContain('--env=TOKEN')
    expect(env?.['TOKEN']).toMatchObject({ kind: 'secret' })
  })

  test('gives the credential to the proxy on stdin alone', () => {
    const { plan, spec } = spread.find(({ name }) => name === 'credential') ?? never()
    const holders = execs(plan).filter(({ stdin, env }) => typeof stdin === 'object' || Object.keys(env ?? {}).length > 0)
    expect(holders.map(({ argv }) => argv.slice(1, 4))).toEqual([['exec', '--interactive', parts(spec.id).proxy]])
  })
})

const networksOf = ({ argv }: Exec): readonly string[] =>
  argv.filter((word) => word.startsWith('--network') || word.startsWith('--net='))
/** The words but for one of each. */
const without = (all: readonly string[], words: readonly string[]): readonly string[] =>
  words.reduce((left, word) => left.toSpliced(left.indexOf(word), left.includes(word) ? 1 : 0), all)

function never(): never {
  throw new Error('no such case')
}

// Untested on a machine with SELinux: what the documentation of the engines asks for.
describe.each([docker, podman])('SELinux and $name', (backend) => {
  const { spec } = cases['plain'] ?? missing()
  const levels = (id: string, selinux: boolean) =>
    execs(startPlan(backend, { ...spec, id, own: { ...spec.own, selinux } }, { attached: false }))
      .filter(makes)
      .flatMap(({ argv }) => argv.filter((word) => word.startsWith('--security-opt=label')))

  test('the containers of a session have one level, and those of another session another one', () => {
    const [one, other] = [levels('paude-bcd234', true), levels('paude-fgh567', true)]
    // docker's helper hands a fresh HOME over.
    expect(one).toHaveLength(backend.name === 'docker' ? 3 : 2)
    expect(new Set(one).size).toBe(1)
    expect(one[0]).not.toBe(other[0])
  })

  test('a level has two categories of those that the usual policies have, the lower first', () => {
    for (let at = 0; at < 500; at++) {
      const [, low = '', high = ''] =
        /^--security-opt=label=level:s0:c(\d+),c(\d+)$/.exec(levels(`paude-${at}`, true)[0] ?? '') ?? []
      expect(Number(low)).toBeLessThan(Number(high))
      expect(Number(high)).toBeLessThan(1024)
    }
  })

  test('nothing is asked of a machine without it, and no mount is ever labelled anew', () => {
    expect(levels('paude-bcd234', false)).toEqual([])
    for (const { spec, options } of Object.values(cases))
      for (const { argv } of execs(startPlan(backend, spec, options)))
        for (const word of argv) expect(word).not.toMatch(/relabel|^--(volume|mount)=.*[:,][zZ]$/)
  })
})

test('looks into an image with the limits of a helper, and as an orphan to be found', () => {
  for (const { name, images } of [docker, podman]) {
    const argv: readonly string[] =
      images?.run('my/box:1', 'true', { container: 'paude-probe-1', created: '2026-01-02T03:04:05.000Z' }) ?? []
    for (const word of ['--name=paude-probe-1', '--label=paude.id=paude-probe-1', '--label=paude.role=helper'])
      expect(argv).toContain(word)
    for (const word of ['--pids-limit=64', '--memory=256m', '--no-healthcheck', '--log-driver=none', '--network=none'])
      expect(argv).toContain(word)
    expect(argv).toContain('--label=paude.created=2026-01-02T03:04:05.000Z')
    expect(argv.includes('--http-proxy=false')).toBe(name === 'podman')
  }
})

test('a fresh HOME has the folders that lead to what is mounted below it, but none of a project', () => {
  const { spec } = cases['plain'] ?? missing()
  const at = (target: string) => ({ source: '/x', target, readOnly: true })
  const mounts = ['/home/ada/.claude/CLAUDE.md', '/home/ada/.config/a/b', '/data', '/home/adam/x'].map((target) => ({
    ...at(target),
    file: true,
  }))
  const transport = {
    kind: 'bind',
    mounts: [at('/home/ada/src/engine'), at('/home/ada/src/engine/.git/hooks')],
    copies: [],
    shadows: [],
  } as const
  const found = parentsInHome({ ...spec, transport, mounts })
  expect(found).toEqual(['src', '.claude', '.config', '.config/a'])
  const { argv } =
    execs(startPlan(docker, { ...spec, transport, mounts }, { attached: false })).find(({ argv }) => argv.includes('own')) ??
    missing()
  expect(argv.slice(argv.indexOf('own'))).toEqual([
    'own',
    '1000',
    '1000',
    '/paude/home',
    ...found.map((path) => `/paude/home/${path}`),
  ])
})

function missing(): never {
  throw new Error('no such case')
}
