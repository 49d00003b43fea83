import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backends } from '../../src/backends/registry.ts'
import { loadConfig } from '../../src/config/layers/load.ts'
import type { Context } from '../../src/context.ts'
import { readHost } from '../../src/host.ts'
import { extraCaCertificates } from '../../src/image/ca.ts'
import type { Argv, Plan } from '../../src/plan/plan.ts'
import type { Effects } from '../../src/run/effects.ts'
import type { Row } from '../../src/selftest/judge.ts'
import { type Report, selfTest } from '../../src/selftest/selftest.ts'
import { chooseImages } from '../../src/session/life/images.ts'

type Engine = keyof typeof backends

const main = join(import.meta.dir, '../../src/main.ts')
const program = process.env['PAUDE_TEST_BINARY'] ? [process.env['PAUDE_TEST_BINARY']] : [process.execPath, main]
const asked = (process.env['PAUDE_TEST_BACKENDS'] ?? 'docker,podman').split(',')
const engines = (Object.keys(backends) as Engine[]).filter(
  (name) => asked.includes(name) && Bun.which(name) !== null && Bun.spawnSync([name, 'info']).exitCode === 0,
)
const state = mkdtempSync(join(tmpdir(), 'selftest-state-'))
// What a self-test leaves in the folder for temporary files is looked at: that of another engine's suite, which runs at once, is not ours.
const usual = process.env['TMPDIR']
const place = mkdtempSync(join(tmpdir(), 'selftest-place-'))
chmodSync(place, 0o755)
beforeAll(() => {
  process.env['TMPDIR'] = place
})
const env = { ...process.env, XDG_STATE_HOME: state, TMPDIR: place, HTTP_PROXY: undefined, NO_COLOR: '1' }

afterAll(() => {
  if (usual === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = usual
  for (const folder of [state, place]) rmSync(folder, { recursive: true, force: true })
})

/** Longest time one self-test may take, in ms: an image build may be part of it. */
const LONG = 300_000

test.skipIf(engines.length > 0)('an engine is there', () => {
  throw new Error('neither docker nor podman answers')
})

describe.each(engines)('paude selftest on %s', (engine) => {
  test(
    'holds, prints a report and leaves nothing behind',
    async () => {
      const { code, stdout } = await paude(['selftest', '--backend', engine, '--json'])
      const report = JSON.parse(stdout)
      expect(report.probes.filter(({ result }: { result: string }) => result === 'BROKEN')).toEqual([])
      expect(report.probes.filter(({ result }: { result: string }) => result === 'held').length).toBeGreaterThan(80)
      expect(
        report.probes.filter(({ result }: { result: string }) => result === 'not applicable').map(({ id }: { id: string }) => id),
      ).toEqual(process.getuid?.() === 0 ? ['C05'] : [])
      expect(Object.keys(report)).toEqual(['version', 'backend', 'engine', 'started', 'probes'])
      expect(report.backend).toBe(engine)
      expect(report.engine.version).not.toBe('')
      expect(code).toBe(0)
      expect(leftovers(engine)).toEqual([])
    },
    LONG,
  )

  test(
    'is interrupted and still takes everything away',
    async () => {
      const child = Bun.spawn([...program, 'selftest', '--backend', engine], { env, stdout: 'ignore', stderr: 'pipe' })
      while (containers(engine).length === 0 && child.exitCode === null) await Bun.sleep(20)
      child.kill('SIGINT')
      expect(await child.exited).toBe(130)
      expect(await new Response(child.stderr).text()).toContain('interrupted')
      expect(leftovers(engine)).toEqual([])
    },
    LONG,
  )

  test(
    'a box that has a network is found by the canaries, and no agent starts',
    async () => {
      const report = await tested(engine, (plan) =>
        edited(plan, (argv) => (isAgent(argv) ? without(argv, '--network=none') : argv)),
      )
      expect(broken(report)).toEqual(['K01'])
      expect(report.rows.filter(({ result }) => result === 'held')).toEqual([])
      expect(leftovers(engine)).toEqual([])
    },
    LONG,
  )

  test(
    'an agent that keeps its capabilities is found, and each area is told as soon as it is known',
    async () => {
      const early: Row[][] = []
      const report = await tested(
        engine,
        (plan) => edited(plan, (argv) => (isAgent(argv) ? without(argv, '--cap-drop=ALL') : argv)),
        (rows) => void early.push([...rows]),
      )
      const areas = early.map((rows) => [...new Set(rows.map(({ area }) => area))])
      expect(areas).toEqual([['network', 'proxy'], ['capabilities'], ['mounts'], ['neighbours']])
      for (const row of early.flat()) expect(report.rows).toContainEqual(row)
      expect(broken(report)).toContain('C01')
      expect(broken(report)).not.toContain('N01')
      expect(leftovers(engine)).toEqual([])
    },
    LONG,
  )

  test(
    'an agent without read-only root, without resolver of its own and with the real credential is found',
    async () => {
      const report = await tested(engine, (plan) => {
        const credential = secretOf(plan)
        return edited(plan, (argv) =>
          isAgent(argv)
            ? (argv
                .filter((word) => word !== '--read-only' && !word.includes('dst=/etc/resolv.conf'))
                .map((word) =>
                  word.startsWith('--env=ANTHROPIC_API_KEY=') ? `--env=ANTHROPIC_API_KEY=${credential}` : word,
                ) as unknown as Argv)
            : argv,
        )
      })
      for (const id of ['F01', 'F12', 'S01', 'S02', 'S06']) expect(broken(report)).toContain(id)
      expect(leftovers(engine)).toEqual([])
    },
    LONG,
  )
})

async function paude(words: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const child = Bun.spawn([...program, ...words], { env, stdout: 'pipe', stderr: 'ignore' })
  const stdout = await new Response(child.stdout).text()
  return { code: await child.exited, stdout }
}

/** The inner function of the verb, with a plan that somebody spoiled. */
async function tested(engine: Engine, alter: (plan: Plan) => Plan, onArea?: (rows: readonly Row[]) => void): Promise<Report> {
  const backend = backends[engine]
  const host = { ...readHost(), env }
  const config = await loadConfig(host, { image: '', network: 'restricted' })
  const effects: Effects = {
    note: () => undefined,
    moving: { moves: false, show: () => undefined, clear: () => undefined },
    verbose: null,
    attach: () => Promise.reject(new Error('nothing is attached here')),
    hold: () => Promise.reject(new Error('nothing is held here')),
    explain: ({ argv, outcome }) => backend.health.explain({ argv, ...outcome }),
  }
  const context = { host, effects: () => effects, note: effects.note } as unknown as Context
  const images = await chooseImages(context, {
    settings: config.settings,
    extraCa: extraCaCertificates(host, []),
    backend,
    kind: 'agent',
  })
  return selfTest({ host, config, backend, images, version: '0.0.0', effects, alter, onArea })
}

const broken = ({ rows }: Report): readonly string[] => rows.filter(({ result }) => result === 'BROKEN').map(({ id }) => id)

/** The plan with every argv edited. */
const edited = (plan: Plan, edit: (argv: Argv) => Argv): Plan =>
  plan.map((step) => {
    switch (step.kind) {
      case 'exec':
        return { ...step, argv: edit(step.argv) }
      case 'together':
        return {
          ...step,
          lanes: step.lanes.map((lane) => edited(lane, edit)),
          ...(step.trailing === undefined ? {} : { trailing: edited(step.trailing, edit) }),
        }
      default:
        return step
    }
  })

const isAgent = (argv: Argv): boolean => argv[1] === 'create' && argv.includes('--label=paude.role=agent')
const without = (argv: Argv, word: string): Argv => {
  const left = argv.filter((one) => one !== word)
  expect(left.length).toBe(argv.length - 1)
  return left as unknown as Argv
}

/** The value that goes to the proxy on stdin. */
function secretOf(plan: Plan): string {
  const steps = plan.flatMap((step) => (step.kind === 'together' ? [...step.lanes.flat(), ...(step.trailing ?? [])] : [step]))
  const stdin = steps.flatMap((step) =>
    step.kind === 'exec' && step.stdin !== undefined && typeof step.stdin !== 'string' ? [step.stdin.reveal()] : [],
  )
  expect(stdin.length).toBe(1)
  return stdin[0] ?? ''
}

const names = (argv: readonly string[]): readonly string[] =>
  Bun.spawnSync([...argv])
    .stdout.toString()
    .split('\n')
    .filter((line) => line !== '')

const containers = (engine: Engine) =>
  names([engine, 'ps', '--all', '--filter=label=paude.agent=selftest', '--format={{.Names}}'])

/** What a self-test could have forgotten: containers, volumes, folders. */
const leftovers = (engine: Engine): readonly string[] => [
  ...containers(engine),
  ...names([engine, 'volume', 'ls', '--format={{.Name}}']).filter((name) => name.startsWith('paude-home-selftest-')),
  ...readdirSync(tmpdir()).filter((name) => name.startsWith('paude-selftest-')),
  ...names(['find', join(state, 'paude/sessions'), '-mindepth', '1']),
]
