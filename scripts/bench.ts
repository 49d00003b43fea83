/**
 * `bun run bench [--runs N] [--only WORD]`: budgets as ratios, each pair measured side by side in one run.
 *
 * Method: after one warm-up, the two commands of a pair take turns (A B A B …), so that a change of the machine's mood hits both;
 * the median of N ≥ 10 is reported. Times are wall clock of the whole process, from spawn to exit.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { $ } from 'zx'
import { serveMessagesApi } from '../src/demo/messages-api.ts'
import { benchClone } from './bench-clone.ts'
import { benchNetwork } from './bench-network.ts'
import { addMemory, type Bench, benchSessions, holderOf, memoryOf, type Row } from './bench-sessions.ts'
import { benchStart } from './bench-start.ts'

$.quiet = true
const paude = resolve('dist/paude')
const option = (name: string, fallback: string) => {
  const at = process.argv.indexOf(name)
  return at === -1 ? fallback : (process.argv[at + 1] ?? fallback)
}
const runs = Math.max(10, Number(option('--runs', '11')))
const only = option('--only', '')
const project = mkdtempSync(join(tmpdir(), 'paude-bench-'))
const state = mkdtempSync(join(tmpdir(), 'paude-bench-state-'))
// Sessions without a credential would ask for one.
const env = { ...process.env, XDG_STATE_HOME: state, ANTHROPIC_API_KEY: 'bench' }
const rows: Row[] = []
const load = () => (loadavg()[0] ?? 0).toFixed(1)
const loadBefore = load()

/** Credentials of a start: the first one has the most places. */
const FIVE = [
  'github = "env:BENCH_TOKEN"',
  'gitlab = "env:BENCH_TOKEN"',
  'huggingface = "env:BENCH_TOKEN"',
  'npm = { value = "env:BENCH_TOKEN", host = "npm.example.org" }',
  'tracker = { value = "env:BENCH_TOKEN", host = "tracker.example.org", header = "X-Token" }',
] as const

/** Wall-clock milliseconds of one command; a failure stops the bench, since a failing command is fast. */
async function time(argv: readonly string[]): Promise<number> {
  const start = performance.now()
  const child = Bun.spawn([...argv], { cwd: project, env, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const code = await child.exited
  const took = performance.now() - start
  if (code !== 0) throw new Error(`${argv.join(' ')} failed with ${code}: ${await new Response(child.stderr).text()}`)
  return took
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`

/** Measures two commands in turns and holds the ratio (less `slack` milliseconds) against its budget; one of 0 leaves `slack` alone. */
async function pair(
  what: string,
  { ours, theirs, budget, slack = 0 }: { ours: readonly string[]; theirs: readonly string[]; budget: number; slack?: number },
): Promise<void> {
  if (only !== '' && !what.includes(only)) return
  await time(ours)
  await time(theirs)
  const a: number[] = []
  const b: number[] = []
  for (let run = 0; run < runs; run++) {
    a.push(await time(ours))
    b.push(await time(theirs))
  }
  const [x, y] = [median(a), median(b)]
  const ratio = (x - slack) / y
  add({
    what,
    ours: ms(x),
    theirs: ms(y),
    ratio: `${(x / y).toFixed(2)} ×`,
    budget: budget === 0 ? `≤ ${slack} ms` : `≤ ${budget} ×${slack > 0 ? ` + ${slack} ms` : ''}`,
    kept: ratio <= budget,
  })
}

function add(row: Row): void {
  rows.push(row)
  console.log(
    `${row.kept ? '  ' : '! '}${row.what.padEnd(46)} ${row.ours.padStart(12)} ${row.theirs.padStart(12)} ${row.ratio.padStart(8)}  ${row.budget}`,
  )
}

const bench: Bench = { paude, project, env, state, runs, median, pair, add }
const engines = (process.env['PAUDE_TEST_BACKENDS'] ?? 'docker,podman').split(',').filter((name) => Bun.which(name))

await $({ cwd: project })`git init -q .`
console.log(`${cpus().length} cores, ${arch()}, ${runs} runs each, medians\n`)
console.log(`  ${'what'.padEnd(46)} ${'paude'.padStart(12)} ${'other'.padStart(12)} ${'ratio'.padStart(8)}  budget`)
try {
  await pair('paude --version / podman --version', { ours: [paude, '--version'], theirs: ['podman', '--version'], budget: 1 })
  await pair('paude --help / podman --version', { ours: [paude, '--help'], theirs: ['podman', '--version'], budget: 1 })
  await pair('paude --dry-run / podman --version', {
    ours: [paude, '--backend', 'docker', '--dry-run'],
    theirs: ['podman', '--version'],
    budget: 1,
  })
  // What a shell asks at Tab, and what ends at once.
  for (const words of ['completion bash', 'help flags', 'sesions'])
    await pair(`paude ${words} / podman --version`, {
      ours: ['sh', '-c', `${paude} ${words} || :`],
      theirs: ['sh', '-c', 'podman --version || :'],
      budget: 1,
    })
  await pair('paude status', { ours: [paude, 'status'], theirs: ['podman', '--version'], budget: 0, slack: 300 })
  await pair('paude doctor', {
    ours: ['sh', '-c', `${paude} doctor || :`],
    theirs: ['podman', '--version'],
    budget: 0,
    slack: 1500,
  })
  await benchConfig()
  for (const engine of engines) await benchEngine(engine)
} finally {
  rmSync(project, { recursive: true, force: true })
  rmSync(state, { recursive: true, force: true })
}
// What was measured by hand stands below.
const [, byHand] = readFileSync('bench.md', 'utf8').split('\n## Kubernetes\n')
writeFileSync('bench.md', `${report()}${byHand === undefined ? '' : `\n## Kubernetes\n${byHand}`}`)
console.log(`\nwritten to bench.md; ${rows.filter(({ kept }) => !kept).length} of ${rows.length} miss their budget`)

/** What layers cost a start: the same folder nine deep, with and without files, and a long list against an empty one. */
async function benchConfig(): Promise<void> {
  const deep = (top: string, text: string | null) => {
    const folders = Array.from({ length: 9 }, (_, depth) => join(project, top, ...Array<string>(depth).fill('below')))
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true })
      if (text !== null) writeFileSync(join(folder, 'paude.toml'), text)
    }
    return folders.at(-1) ?? ''
  }
  const words =
    '[limits]\nmemory = "4g"\npids = 100\n[network]\nmode = "restricted"\ndeny = []\n[workspace]\nprotect = ["docs"]\n'
  const start = (folder: string, config: string) =>
    ['env', `--chdir=${folder}`, `XDG_CONFIG_HOME=${config}`, paude, '--backend', 'docker', '--dry-run'] as const
  const [none, empty, full] = [user('none', ''), user('empty', 'network.allow = []\n'), user('full', words)]
  const [bare, layered] = [deep('bare', null), deep('layered', words)]
  await pair('start, one file of configuration / an empty one', {
    ours: start(bare, full),
    theirs: start(bare, none),
    budget: 1.2,
  })
  await pair('start, ten layers / one empty file', { ours: start(layered, full), theirs: start(bare, none), budget: 1.5 })
  await pair('dry run, 10,000 allowed hosts / none', { ours: start(bare, longList()), theirs: start(bare, empty), budget: 2 })
}

/** A folder for XDG_CONFIG_HOME with this config.toml. */
function user(name: string, text: string): string {
  const folder = join(state, name)
  mkdirSync(join(folder, 'paude'), { recursive: true })
  writeFileSync(join(folder, 'paude/config.toml'), text)
  return folder
}

function longList(): string {
  const hosts = Array.from({ length: 10_000 }, (_, at) => `"h${at}.example.org"`)
  return user('long', `network.allow = [${hosts.join(', ')}]\n`)
}

async function benchEngine(engine: string): Promise<void> {
  // The images must be there: a build is no start.
  const [image = ''] = (await $({ cwd: project, env })`${paude} --backend ${engine} image build`).stdout.trim().split('\n')
  const bare = [engine, 'run', '--rm', '--entrypoint=true', image]
  await pair(`${engine}: run, network none / bare run`, {
    ours: [paude, '--backend', engine, 'run', '--', 'true'],
    theirs: bare,
    budget: 1,
  })
  await pair(`${engine}: run, walled / bare run`, {
    ours: [paude, '--backend', engine, 'run', '--network=restricted', '--', 'true'],
    theirs: bare,
    budget: 1.25,
  })
  const listed = (config: string) =>
    ['env', `XDG_CONFIG_HOME=${config}`, paude, '--backend', engine, 'run', '--network=restricted', '--', 'true'] as const
  await pair(`${engine}: start, 10,000 allowed hosts / none`, {
    ours: listed(longList()),
    theirs: listed(user('empty', 'network.allow = []\n')),
    budget: 1.2,
  })
  const bound = (config: string) => ['env', 'BENCH_TOKEN=bench-token-0123456789', ...listed(config).slice(1)] as const
  await pair(`${engine}: start, five credentials / one`, {
    ours: bound(user('five', `[credentials]\n${FIVE.join('\n')}\n`)),
    theirs: bound(user('one', `[credentials]\n${FIVE[0]}\n`)),
    budget: 1.05,
  })
  if (only === '' || 'start resume claude'.includes(only)) await benchStart(bench, engine, image)
  if (only === '' || 'sessions attach holder'.includes(only)) await benchSessions(bench, engine, image)
  if (only === '' || 'network policy entries'.includes(only)) await benchNetwork(bench, engine)
  if (only === '' || 'clone pull'.includes(only)) await benchClone(bench, engine)
  if (only === '' || 'wall'.includes(only)) await benchWall(engine)
}

/** Memory of the wall, latency and throughput through the wall against a direct bridge, to a server on this machine. */
async function benchWall(engine: string): Promise<void> {
  const key = randomBytes(8).toString('hex')
  const serve = (more: { readonly tls?: { readonly key: string; readonly cert: string } }) =>
    Bun.serve({
      hostname: '0.0.0.0',
      port: 0,
      ...more,
      fetch: (request) => new Response(new URL(request.url).pathname === `/${key}/big` ? new Uint8Array(64 * 1024 * 1024) : 'ok'),
    })
  const [server, secure] = [serve({}), serve({ tls: await certificate() })]
  const api = serveMessagesApi({ hostname: '0.0.0.0', key })
  const { port } = server
  try {
    const id = (
      await $({
        cwd: project,
        env: { ...env, ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: `http://host.paude.internal:${api.port}` },
      })`${paude} --backend ${engine} --network-allow host.paude.internal:${port} --network-allow host.paude.internal:${secure.port} --detach`
    ).stdout.trim()
    try {
      const gateway = (await $({ nothrow: true })`${engine} exec ${id} cat /paude/link/gateway`).stdout.trim()
      await benchMemory(engine, id)
      await benchHolder(engine, id)
      await benchHook(engine, id)
      const measure = async (container: string, url: string) =>
        Number((await $`${engine} exec ${container} sh -c ${curlMedian(url, 30)}`).stdout.trim()) * 1000
      const image = (await $`${engine} container inspect --format {{.Config.Image}} ${id}`).stdout.trim()
      const direct = `${id}-bench`
      await $`${engine} run --detach --rm --name ${direct} --entrypoint sleep ${image} 300`
      try {
        const walled = await measure(id, `http://host.paude.internal:${port}/${key}/small`)
        const bare = await measure(direct, `http://${gateway}:${port}/${key}/small`)
        add({
          what: `${engine}: one small request, walled / direct bridge`,
          ours: ms(walled),
          theirs: ms(bare),
          ratio: `+${(walled - bare).toFixed(1)} ms`,
          budget: '≤ + 1.5 ms',
          kept: walled - bare <= 1.5,
        })
        for (const [what, scheme, at, ...words] of [
          ['download through a tunnel', 'https', secure.port, '--insecure'],
          ['download of plain http', 'http', port],
        ] as const) {
          const free = await throughput(engine, direct, `${scheme}://${gateway}:${at}/${key}/big`, words)
          const fast = await throughput(engine, id, `${scheme}://host.paude.internal:${at}/${key}/big`, words)
          add({
            what: `${engine}: ${what}, walled / direct bridge`,
            ours: `${fast} MB/s`,
            theirs: `${free} MB/s`,
            ratio: `${(fast / free).toFixed(2)} ×`,
            budget: '≥ 0.5 ×',
            kept: fast / free >= 0.5,
          })
        }
      } finally {
        await $({ nothrow: true })`${engine} rm -f ${direct}`
      }
    } finally {
      await $({ cwd: project, env })`${paude} rm --force --volumes ${id}`
    }
  } finally {
    await Promise.all([server.stop(true), secure.stop(true), api.stop()])
  }
}

/** Of a server that nobody trusts: its clients are told not to ask. */
async function certificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(state, 'server.key'), join(state, 'server.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await $`openssl req -x509 ${kind} -keyout ${key} -out ${cert} -subj /CN=bench`
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

/** Median of `count` whole curl calls, in seconds, measured by curl itself. */
function curlMedian(url: string, count: number): string {
  return `for i in $(seq ${count}); do curl -sS -o /dev/null -w '%{time_total}\\n' ${url}; done | sort -n | sed -n ${Math.floor(count / 2)}p`
}

async function throughput(engine: string, container: string, url: string, words: readonly string[] = []): Promise<number> {
  const text =
    await $`${engine} exec ${container} sh -c ${`for i in 1 2 3; do curl -sS ${words.join(' ')} -o /dev/null -w '%{speed_download}\\n' ${url}; done | sort -n | sed -n 2p`}`
  return Math.round(Number(text.stdout.trim()) / 1e6)
}

/** Memory of all that is not the agent: of the proxy as the kernel's control group counts it, and of the first program of the box its share (PSS). */
async function benchMemory(engine: string, id: string): Promise<void> {
  const first = async (name: string) => (await $`${engine} container inspect --format {{.State.Pid}} ${name}`).stdout.trim()
  const init = memoryOf(Number(await first(id))).pss / 1024 / 1024
  const group =
    readFileSync(`/proc/${await first(`${id}-proxy`)}/cgroup`, 'utf8')
      .split('\n')
      .find((line) => line.includes(':memory:') || line.startsWith('0::'))
      ?.split(':')[2] ?? ''
  const stat = readStat([`/sys/fs/cgroup/memory${group}/memory.stat`, `/sys/fs/cgroup${group}/memory.stat`])
  const proxy = Number(/^(?:total_)?rss (\d+)/m.exec(stat)?.[1] ?? /^anon (\d+)/m.exec(stat)?.[1] ?? Number.NaN) / 1024 / 1024
  const sum = init + proxy
  add({
    what: `${engine}: memory of init + proxy`,
    ours: `${sum.toFixed(1)} MiB`,
    theirs: '-',
    ratio: `${init.toFixed(1)} + ${proxy.toFixed(1)}`,
    budget: '≤ 22 MiB',
    kept: sum <= 22,
  })
}

/** Memory of the holder of a real Claude Code that shows its prompt. */
async function benchHolder(engine: string, id: string): Promise<void> {
  const screen = $({ cwd: project, env })
  while (!(await screen`${paude} screen ${id}`).stdout.includes('❯')) await Bun.sleep(100)
  addMemory(bench, `${engine}: memory of the holder of Claude Code`, memoryOf(holderOf(state, id)).rss)
}

/** What the agent waits for each of its hooks, against a program of sh that does nothing. */
async function benchHook(engine: string, id: string): Promise<void> {
  const measure = async (words: string) => {
    const script = `for i in $(seq 40); do s=$(date +%s%N); printf '{"hook_event_name":"Stop"}\n' | ${words}; echo $(($(date +%s%N) - s)); done`
    const { stdout } = await $`${engine} exec ${id} sh -c ${script}`
    return median(stdout.trim().split('\n').map(Number)) / 1e6
  }
  const [hook, nothing] = [await measure('/bin/sh /paude/seed/hook.sh'), await measure('/bin/sh -c :')]
  add({
    what: `${engine}: a hook of the agent / an empty sh`,
    ours: ms(hook),
    theirs: ms(nothing),
    ratio: `${(hook / nothing).toFixed(2)} ×`,
    budget: '≤ 5 ×',
    kept: hook / nothing <= 5,
  })
}

function readStat(paths: readonly string[]): string {
  for (const path of paths)
    try {
      return readFileSync(path, 'utf8')
    } catch {}
  return ''
}

function report(): string {
  const line = ({ what, ours, theirs, ratio, budget, kept }: Row) =>
    `| ${what} | ${ours} | ${theirs} | ${ratio} | ${budget} | ${kept ? 'yes' : '**no**'} |`
  return [
    '# Benchmark',
    '',
    `Made by \`bun run bench\` on ${cpus().length} cores (${arch()}): medians of ${runs} runs, the two commands of a pair in turns, after one warm-up.`,
    'Figures are of that machine; the ratios are what the budgets are about.',
    `Its load was ${loadBefore} before and ${load()} after: above ${cpus().length} it had other work, and times that stand alone are doubtful.`,
    '',
    'Sessions and holders: real ones without a network, whose agent is a shell script that fills its screen and 2000 lines behind it. Attach:',
    'from the start of the process until the end of the screen has reached its terminal (120 × 40). Memory of one: RSS from `/proc`; some 40 MB of',
    'it are the program itself, which every holder counts again. Memory of all together: PSS, which counts what they share once. CPU: user and system time over 20 s, under redraws',
    'with one terminal attached.',
    '',
    '| what | paude | other | ratio | budget | kept |',
    '| --- | ---: | ---: | ---: | --- | --- |',
    ...rows.map(line),
    '',
  ].join('\n')
}
