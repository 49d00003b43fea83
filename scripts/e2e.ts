import { rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'
import { fetchClaude } from './agents.ts'
import { binary, build, isStale } from './build.ts'
import { loadImages, whyNoCluster } from './cluster.mjs'
import { engineNames, whyUnusable } from './engines.mjs'
import { close, patternOf, readReport, type Tally, tallyOf, together, worthAgain } from './tally.ts'

const root = join(import.meta.dir, '..')
const cache = join(root, '.cache')

/** What is tested on every engine: files, and in each the tests whose names begin so. */
const CORE: Readonly<Record<string, readonly string[]>> = {
  // The clients of engines brought up beside the machine's own are root's alone; what Claude makes of its words is the same everywhere.
  main: [
    'paude in place of claude on \\w+ (?!what the agent of an ordinary user|messages|a (prompt|flag|conversation|commit bears|log) )',
  ],
  // What squid makes of a path or a credential is the same on every engine.
  wall: ['the wall on \\w+ (?!the (path|credential) )'],
  selftest: ['paude selftest on \\w+ holds'],
  security: ['the hardening of a sandbox'],
  sessions: ['sessions on \\w+ (Ctrl-P Ctrl-Q detaches|a stopped session continues|exec, shell, logs)'],
  network: ['a running session on \\w+ (is told the command|keeps its open streams|still has its own changes)'],
  'broken-start': ['a start whose proxy dies'],
}

/**
 * What is the same on every engine, and takes long. Of engines that are tested side by side each has its share: in this order, one
 * after the other, so that neighbours take about as long. What an engine has to do with it is tested on each by the other files.
 */
const SHARED = [
  ...['parity', 'gemini-parity', 'codex-parity', 'conversations', 'codex', 'gemini', 'ask', 'why', 'upstream', 'painting'],
  ...['log', 'events', 'agents', 'daily', 'services', 'imports', 'login', 'provider', 'watch', 'ways', 'host-credentials'],
  ...['host-git', 'trust', 'hostile', 'first-contact', 'planted', 'repos', 'checkpoint', 'unreached', 'credentials'],
].map((name) => `test/e2e/${name}.test.ts`)

/** What needs no engine: `npm test` runs it in a suite of its own, once, and those of its engines leave it out. */
const ENGINELESS = ['test/e2e/claude.test.ts', 'test/e2e/arm64.test.ts', 'test/e2e/zellij.test.ts']

/** What needs a cluster: a suite of its own, since the cluster is not there while the engines are tested. */
const OF_CLUSTERS = 'test/e2e/kubernetes*.test.ts'

/** Runs the compiled program against real engines. The words go to `bun test`, but for a first `--core`; without a file, all files run. */
async function e2e([first, ...rest]: readonly string[]): Promise<number> {
  const isCore = first === '--core'
  const words = isCore || first === undefined ? rest : [first, ...rest]
  const what = isCore
    ? [...Object.keys(CORE).map((name) => `./test/e2e/${name}.test.ts`), '-t', `^(${Object.values(CORE).flat().join('|')})`]
    : words.some((word) => word.endsWith('.test.ts'))
      ? []
      : ['test/e2e']
  const backends = await usableBackends()
  if (await isStale()) await build(binary)
  const all = await Array.fromAsync(new Bun.Glob('test/e2e/**/*.test.ts').scan(root))
  const ofClusters = (file: string) => new Bun.Glob(OF_CLUSTERS).match(file)
  const ignored = [
    ...(process.env['PAUDE_TEST_SUITE'] === undefined || words.length > 0 ? [] : ENGINELESS),
    ...(words.length > 0 ? [] : all.filter((file) => ofClusters(file) !== backends.includes('kubernetes'))),
    ...(words.length > 0 ? [] : ofOthers(backends)),
  ]
  const files = all.filter((file) => !ignored.includes(file))
  const env = {
    ...process.env,
    PAUDE_TEST_BINARY: binary,
    PAUDE_TEST_BACKENDS: backends.join(','),
    PAUDE_TEST_CLAUDE: await fetchClaude(),
  }
  await buildImages(backends)
  const report = join(cache, `${process.env['PAUDE_TEST_SUITE'] ?? 'e2e'}.xml`)
  const once = await play(
    { env, report, ignored, words: [...what, ...words] },
    words.length > 0 ? null : isCore ? Object.keys(CORE).map((name) => `test/e2e/${name}.test.ts`) : files,
  )
  // Whoever asks for one file wants to see it fail.
  const failed = words.length > 0 ? [] : worthAgain(readReport(report), once)
  if (failed.length === 0) return close(once)
  console.log(`\nplays again what failed beside the others: ${failed.map(({ group, name }) => `${group} ${name}`).join(', ')}\n`)
  const again = [...new Set(failed.map(({ file }) => `./${file}`)), '-t', patternOf(failed)]
  return close(together(once, await play({ env, report: `${report}.again`, ignored, words: again }, null), failed))
}

/** Of the shared files those of another engine, which is tested beside this one: PAUDE_TEST_BESIDE has all of them. */
function ofOthers(backends: readonly string[]): readonly string[] {
  const beside = named(process.env['PAUDE_TEST_BESIDE'])
  return beside.length === 0 ? [] : SHARED.filter((_, at) => !backends.includes(beside[at % beside.length] ?? ''))
}

type Part = {
  readonly env: NodeJS.ProcessEnv
  /** Of this run alone: suites of several engines run at once. */
  readonly report: string
  readonly ignored: readonly string[]
  readonly words: readonly string[]
}

/** `files`: those that must be in the report; null where only a part is played. */
async function play({ env, report, ignored, words }: Part, files: readonly string[] | null): Promise<Tally> {
  await rm(report, { force: true })
  const settings = [
    // Of a file's concurrent tests; most of them take turns, as many at a time as there are cores. The more there are, the more of a
    // test's own time it waits for its turn.
    `--max-concurrency=${2 * availableParallelism()}`,
    '--timeout=300000', // ms for one test: an image build is part of the first
    // Takes the place of bunfig.toml's, which leaves test/e2e out.
    ...['node_modules/**', ...ignored].map((pattern) => `--path-ignore-patterns=${pattern}`),
    '--reporter=junit',
    `--reporter-outfile=${report}`,
  ]
  const run = $({
    cwd: root,
    env,
    stdio: ['inherit', 'inherit', 'pipe'],
    nothrow: true,
  })`${process.execPath} test ${settings} ${words}`
  // bun writes its report on stderr, which zx passes on.
  const { exitCode, stderr } = await run
  return tallyOf({ report: readReport(report), log: stderr }, files, exitCode ?? 1)
}

/**
 * What a first use builds: no test should be the one whose stderr is full of it. Not in the checkout: paude runs no engine's client
 * that lies in the project, and those of further engines do.
 */
async function buildImages(backends: readonly string[]): Promise<void> {
  for (const backend of backends)
    if (backend === 'kubernetes') await loadIntoCluster()
    else await $({ stdio: 'inherit', cwd: tmpdir() })`${binary} --backend ${backend} image build`
}

/** Images of the first engine that answers. */
async function loadIntoCluster(): Promise<void> {
  const reasons = await Promise.all(engineNames.map(async (name) => ({ name, why: await whyUnusable(name) })))
  const engine = reasons.find(({ why }) => why === '')?.name
  if (engine === undefined) throw new Error(`no engine to build the images with: ${reasons.map(({ why }) => why).join(', ')}`)
  const quiet = $({ stdio: ['ignore', 'pipe', 'inherit'], cwd: tmpdir() })
  // It prints their names, whether it had to build them or not.
  const built = [
    await quiet`${binary} --backend ${engine} image build`,
    await quiet`${binary} --backend ${engine} --agent shell image build`,
  ]
  const references = [...new Set(built.flatMap(({ stdout }) => stdout.split('\n')))].filter((line) => line !== '')
  await loadImages(engine, references, process.env['PAUDE_TEST_KUBECONFIG'] ?? '')
}

/** PAUDE_TEST_BACKENDS when it is set, else every engine that answers. A cluster is tested on when it is asked for. */
async function usableBackends(): Promise<readonly string[]> {
  const given = process.env['PAUDE_TEST_BACKENDS']
  const asked = given === undefined ? engineNames : named(given)
  const why = (name: string) => (name === 'kubernetes' ? whyNoCluster() : whyUnusable(name))
  const reasons = await Promise.all(
    [...engineNames, 'kubernetes'].map(async (name) => [name, asked.includes(name) ? await why(name) : 'not asked for'] as const),
  )
  const usable = reasons.filter(([, reason]) => reason === '').map(([name]) => name)
  console.log(`e2e: backends under test: ${usable.join(', ') || 'none'}`)
  for (const [name, reason] of reasons) if (reason !== '') console.log(`!!! NOT TESTED: ${name}: ${reason}`)
  return usable
}

/** The names of a list with commas. */
const named = (list = ''): readonly string[] => list.split(',').filter((name) => name !== '')

process.exitCode = await e2e(process.argv.slice(2))
