import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fetchClaude } from '../../scripts/agents.ts'
import { type MessagesApi, type MessagesApiOptions, serveMessagesApi } from '../../src/demo/messages-api.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { insideWithout } from '../support/inside-without.ts'
import { copyProgram, openTmpdir } from '../support/place.ts'

export type BackendName = 'docker' | 'podman'

/** Claude Code's own program on the host; '' when there is none to compare with. */
export const hostClaude = process.env['PAUDE_TEST_CLAUDE'] ?? (await fetchClaude())

/** Everything a test file makes on disk lies below it; the environment names it too, so that its processes are known. */
export const root = realpathSync(mkdtempSync(join(openTmpdir(), 'paude-e2e-')))
/** The compiled program under test, where every user finds it and a box may have it, wherever the checkout lies. */
export const binary = join(root, 'bin/paude')
const built = resolve(process.env['PAUDE_TEST_BINARY'] || join(import.meta.dir, '../../dist/paude'))
export const home = join(root, 'home')
export const stateHome = join(root, 'state')
const sessions = join(stateHome, 'paude/sessions')

/** Ids of all sessions that ever had a folder here, also of those that are gone. */
const seen = new Set<string>()
let watcher: FSWatcher | null = null

/** Makes the folders; they go with the last test of a file, and several files may share this module. */
function prepare(): void {
  if (watcher !== null) return
  for (const folder of [home, sessions, join(root, 'projects'), dirname(binary)]) mkdirSync(folder, { recursive: true })
  for (const folder of [root, dirname(binary)]) chmodSync(folder, 0o755)
  if (!existsSync(built)) throw new Error(`${built} is not there: bun run e2e builds it`)
  copyProgram(built, binary)
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = Ada Test\n\temail = ada@example.test\n[init]\n\tdefaultBranch = main\n',
  )
  watcher = watch(sessions, (_, name) => void (name && seen.add(name)))
  watcher.unref()
}

/** Removes the folders: for a file that has no `describeEach`, after all of its tests. */
export function cleanUp(): void {
  watcher?.close()
  watcher = null
  rmSync(root, { recursive: true, force: true })
}

prepare()

/** Ids of the sessions this file has started so far. */
export function sessionIds(): readonly string[] {
  for (const name of names(sessions)) seen.add(name)
  return [...seen].filter((name) => /^paude-[a-z0-9]{6}$/.test(name))
}

/** The engines to test: PAUDE_TEST_BACKENDS, or those that answer. */
export function backends(): readonly BackendName[] {
  const known = ['docker', 'podman'] as const
  const given = process.env['PAUDE_TEST_BACKENDS']
  return given === undefined
    ? known.filter((name) => Bun.which(name) !== null && Bun.spawnSync([name, 'info']).exitCode === 0)
    : known.filter((name) => given.split(',').includes(name))
}

/** Whether what is the same on every engine is tested on this one: on the first of the suite, or of all suites that run at once. */
export const isFirst = (backend: BackendName): boolean =>
  backend === (process.env['PAUDE_TEST_BESIDE']?.split(',')[0] || backends()[0])

/** One group of tests for each engine. What its sessions leave behind is removed, and is an error. */
export function describeEach(name: string, body: (backend: BackendName) => void): void {
  prepare()
  afterAll(cleanUp)
  const found = backends()
  if (found.length === 0) test.skip(`${name}: no engine answers`, () => undefined)
  for (const backend of found)
    describe(`${name} on ${backend}`, () => {
      body(backend)
      afterAll(async () => {
        await poll('nothing is left', async () => (await leftovers(backend)).length === 0).catch(() => undefined)
        const left = await leftovers(backend)
        await sweep(backend)
        expect(left).toEqual([])
      }, 240_000)
    })
}

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type RunOptions = {
  /** Added to a small environment of the tests' own; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A fresh project when absent. */
  readonly cwd?: string
  /** Text, nothing at all (the default, /dev/null), a pipe that stays open, or no descriptor 0. */
  readonly stdin?: string | Uint8Array | { readonly kind: 'empty' | 'open' | 'closed' }
  /** Words before the program, such as setpriv. */
  readonly through?: readonly string[]
}

export type Running = {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => void
  /** What was printed so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Writes to the pipe of `stdin: { kind: 'open' }`; null closes it. */
  readonly write: (text: string | null) => void
  readonly done: Promise<Ran>
}

/** Runs paude to its end. */
export const paude = (argv: readonly string[], options: RunOptions = {}): Promise<Ran> => startPaude(argv, options).done

/** Starts paude and lets it run. */
export const startPaude = (argv: readonly string[], options: RunOptions = {}): Running => start([binary, ...argv], options)

/** Starts any program as paude is started. */
export function start(argv: readonly string[], { env = {}, cwd = makeProject(), stdin, through = [] }: RunOptions = {}): Running {
  prepare()
  const kind = typeof stdin === 'object' && 'kind' in stdin ? stdin.kind : stdin === undefined ? 'empty' : 'given'
  const closing = kind === 'closed' ? ['/bin/sh', '-c', 'exec "$@" <&-', 'sh'] : []
  const child = Bun.spawn([...through, ...closing, ...argv], {
    cwd,
    env: environment(env),
    stdin: kind === 'open' ? 'pipe' : kind === 'given' ? new Blob([stdin as string]) : 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = [collect(child.stdout), collect(child.stderr)]
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    stdout: out.text,
    stderr: err.text,
    write: (text) => {
      if (kind !== 'open' || typeof child.stdin !== 'object') throw new Error('stdin is not an open pipe')
      if (text === null) child.stdin.end()
      else {
        child.stdin.write(text)
        child.stdin.flush()
      }
    },
    done: (async () => {
      await Promise.all([out.ended, err.ended])
      const code = await child.exited
      return { code: child.signalCode === null ? code : -1, stdout: out.text(), stderr: err.text() }
    })(),
  }
}

/** The whole environment of a test's paude: nothing of the caller's but PATH and the cache of downloads. */
export const environment = (extra: RunOptions['env'] = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      PATH: process.env['PATH'],
      HOME: home,
      USER: 'tester',
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      XDG_STATE_HOME: stateHome,
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
      PAUDE_TEST_FILE: root,
      // Else what is looked at afterwards may still be going.
      PAUDE_WAIT_REMOVAL: '1',
      ...insideWithout(extra),
      ...extra,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )

function collect(stream: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder()
  let text = ''
  const ended = (async () => {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true })
  })()
  return { text: () => text, ended }
}

let projects = 0

/** A new git repository with one commit below `root`; `name` may be any folder name, `git: false` leaves it an empty folder. */
export function makeProject({ name = 'project', git = true }: { readonly name?: string; readonly git?: boolean } = {}): string {
  prepare()
  const folder = join(root, 'projects', String(++projects), name)
  mkdirSync(folder, { recursive: true })
  if (!git) return folder
  writeFileSync(join(folder, 'README.md'), '# A project\n')
  for (const words of [
    ['init', '--quiet'],
    ['add', '.'],
    ['commit', '--quiet', '--message=first'],
  ])
    runGit(folder, words)
  return folder
}

/** What git says in a folder, with the tests' own configuration. */
export const runGit = (folder: string, words: readonly string[]): string =>
  execFileSync('git', ['-C', folder, ...words], { env: environment(), encoding: 'utf8' }).trim()

export type Api = MessagesApi & {
  readonly key: string
  /** Variables with which Claude in a box finds it. */
  readonly env: { readonly ANTHROPIC_API_KEY: string; readonly ANTHROPIC_BASE_URL: string }
}

/** A scripted messages API that boxes reach as host.paude.internal. Prompts are scripts: `BASH id;;SAY done`. */
export function serveApi(options: Partial<MessagesApiOptions> = {}): Api {
  const key = options.key ?? `sk-ant-api03-real-${crypto.randomUUID()}`
  const api = serveMessagesApi({ hostname: '0.0.0.0', ...options, key })
  const scheme = options.tls === undefined ? 'http' : 'https'
  return { ...api, key, env: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: `${scheme}://${HOST_NAME}:${api.port}` } }
}

const WIDTH = Math.max(2, navigator.hardwareConcurrency)
let busy = 0
const waiting: (() => void)[] = []

/** Runs at most as many at a time as there are cores: for concurrent tests, whose limit bun sets for all files. */
export async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  if (busy >= WIDTH) await new Promise<void>((resolve) => waiting.push(resolve))
  else busy++
  try {
    return await act()
  } finally {
    const next = waiting.shift()
    if (next === undefined) busy--
    else next()
  }
}

/** Asks until the answer is neither false, null nor undefined; throws `what`, with what it says was there instead, after so many seconds. */
export async function poll<T>(
  what: string | (() => Promise<string>),
  ask: () => T | Promise<T>,
  seconds = 60,
): Promise<Exclude<T, false | null | undefined>> {
  const end = Date.now() + seconds * 1000
  while (true) {
    const answer = await ask()
    if (answer !== false && answer !== null && answer !== undefined) return answer as Exclude<T, false | null | undefined>
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${typeof what === 'string' ? what : await what()}`)
    await Bun.sleep(50)
  }
}

/** Runs an engine's client. */
export async function engine(backend: BackendName, words: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([backend, ...words], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', env: { ...process.env } })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

/** Builds the image of the proxy, of a copy: an engine with a root of its own need not see the checkout. */
export async function buildWall(backend: BackendName, tag: string): Promise<void> {
  prepare()
  const context = join(root, 'squid')
  cpSync(join(import.meta.dir, '../../squid'), context, { recursive: true })
  // Of this build alone, as the product's: others may build at the same time.
  const stage = `e2e-${crypto.randomUUID()}`
  const { code, stderr } = await engine(backend, ['build', '--quiet', `--build-arg=STAGE=${stage}`, `--tag=${tag}`, context])
  await engine(backend, ['image', 'prune', '--force', `--filter=label=paude.stage=${stage}`])
  if (code !== 0) throw new Error(stderr)
}

/** This machine's address on the network that an engine gives its containers. */
export async function gatewayOf(backend: BackendName): Promise<string> {
  if (backend === 'podman')
    return (
      await engine('podman', ['network', 'inspect', '--format={{range .Subnets}}{{.Gateway}}{{end}}', 'podman'])
    ).stdout.trim()
  // docker tells the gateway of its default network only from a daemon's second start on. The bridge has it from the first.
  const format = '--format={{index .Options "com.docker.network.bridge.name"}}'
  const bridge = (await engine('docker', ['network', 'inspect', format, 'bridge'])).stdout.trim()
  // Node's networkInterfaces leaves out a bridge that no container uses at the moment.
  const { stdout, stderr } = Bun.spawnSync(['ip', '-4', '-oneline', 'address', 'show', 'dev', bridge])
  const address = / inet ([\d.]+)\//.exec(stdout.toString())?.[1]
  if (address === undefined) throw new Error(`docker's bridge ${bridge} has no address of IPv4 on this machine: ${stderr}`)
  return address
}

/** Names of a session's containers that exist, whatever their state. */
export async function containersOf(backend: BackendName, id: string): Promise<readonly string[]> {
  const { stdout } = await engine(backend, ['ps', '--all', `--filter=label=paude.id=${id}`, '--format={{.Names}}'])
  return lines(stdout)
}

/** Containers, volumes, folders and processes of this file's sessions that exist now; HOME volumes too when asked for. */
export async function leftovers(backend: BackendName, { homes = false } = {}): Promise<readonly string[]> {
  const ids = sessionIds()
  const bears = (text: string) => ids.some((id) => text.includes(id))
  const workspace = backend === 'docker' ? '{{.Label "paude.workspace"}}' : '{{index .Labels "paude.workspace"}}'
  const [containers, volumes, owned] = await Promise.all([
    engine(backend, ['ps', '--all', `--format={{.Names}} ${workspace}`]),
    engine(backend, ['volume', 'ls', '--format={{.Name}}']),
    homes ? homeVolumes(backend) : [],
  ])
  return [
    ...lines(containers.stdout)
      .filter((line) => bears(line) || line.includes(` ${root}/`))
      .map((line) => `container ${line.split(' ')[0]}`),
    ...lines(volumes.stdout)
      .filter(bears)
      .map((name) => `volume ${name}`),
    ...owned.map((name) => `volume ${name}`),
    ...names(sessions).map((name) => `folder ${name}`),
    ...processes().map(({ pid, words }) => `process ${pid} ${words}`),
  ]
}

/** Expects that nothing is left of what fits, at the latest after a minute: for what is removed behind the back of its caller. */
export async function expectNothingLeft(backend: BackendName, fits: (part: string) => boolean = () => true): Promise<void> {
  const left = async () => (await leftovers(backend)).filter(fits)
  await poll('nothing is left', async () => (await left()).length === 0).catch(() => undefined)
  expect(await left()).toEqual([])
}

/** Expects that nothing is left of what fits now, but for processes: podman's conmon lives for a moment after its container. */
export async function expectGone(backend: BackendName, fits: (part: string) => boolean = () => true): Promise<void> {
  expect((await leftovers(backend)).filter((part) => fits(part) && !part.startsWith('process '))).toEqual([])
  await expectNothingLeft(backend, fits)
}

/** Processes that this file's paude started, and those that speak of its sessions. */
export function processes(): readonly { readonly pid: number; readonly words: string }[] {
  const ids = sessionIds()
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const ours = readFileSync(`/proc/${name}/environ`, 'utf8').includes(`PAUDE_TEST_FILE=${root}\0`)
      // podman's service keeps one for five minutes of each exec, so that its end can be asked for.
      if (/conmon .* --exit-delay /.test(words)) return []
      return words !== '' && (ours || ids.some((id) => words.includes(id))) ? [{ pid: Number(name), words }] : []
    } catch {
      return []
    }
  })
}

/** Kills a paude together with the shells that would remove its session, and what an earlier one left. */
export async function killWithRemover({ pid, kill, stdout, stderr }: Running): Promise<void> {
  const ended = !existsSync(`/proc/${pid}`)
  const removers = processes().filter((one) => one.words.startsWith('/bin/sh -c while read') && parentOf(one.pid) === pid)
  for (const remover of removers) process.kill(remover.pid, 'SIGKILL')
  kill('SIGKILL')
  // Not until its streams are closed: the engine's client has them and goes on.
  await poll('it is gone', () => !existsSync(`/proc/${pid}`))
  if (removers.length === 0) throw new Error(`${pid} ${ended ? 'had ended' : 'had no remover'}: ${stdout()}${stderr()}`)
}

const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Volumes of this file's projects: HOME and overlays. */
export async function homeVolumes(backend: BackendName): Promise<readonly string[]> {
  const { stdout } = await engine(backend, ['volume', 'ls', '--filter=label=paude.role', '--format={{.Name}}'])
  const volumes = lines(stdout)
  if (volumes.length === 0) return []
  const inspected = await engine(backend, ['volume', 'inspect', ...volumes])
  const found = JSON.parse(inspected.stdout || '[]') as { Name: string; Labels?: Record<string, string> | null }[]
  return found.flatMap(({ Name, Labels }) =>
    ['home', 'overlay'].includes(Labels?.['paude.role'] ?? '') && Labels?.['paude.workspace']?.startsWith(`${root}/`)
      ? [Name]
      : [],
  )
}

/** The image that starts use here. */
export async function agentImage(backend: BackendName): Promise<string> {
  const { stdout } = await paude(['--backend', backend, '--print-config'])
  return /^image\s+(localhost\S+)$/m.exec(stdout)?.[1] ?? ''
}

/** Removes everything of this file's sessions, HOME volumes included. */
async function sweep(backend: BackendName): Promise<void> {
  const left = await leftovers(backend)
  const of = (kind: string) => left.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  const depend = backend === 'podman' ? ['--depend', '--time=0'] : []
  for (const name of of('container')) await engine(backend, ['rm', '--force', '--volumes', ...depend, name])
  for (const name of [...of('volume'), ...(await homeVolumes(backend))]) await engine(backend, ['volume', 'rm', '--force', name])
  for (const name of of('folder')) rmSync(join(sessions, name), { recursive: true, force: true })
}

/** Makes a parent folder and writes a file. */
export function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

export const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('paude-'))
  } catch {
    return []
  }
}
