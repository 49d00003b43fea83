import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import { type Backend, need } from '../backends/backend.ts'
import { API_KEY } from '../credentials/providers.ts'
import { type Receipt, readReceipt } from '../network/receipt.ts'
import { quote } from '../plan/shell.ts'
import { capture, type Outcome } from '../run/process.ts'
import { question } from '../run/question.ts'
import { readNoted } from '../session/record/noted.ts'
import box from './box.sh' with { type: 'text' }
import helper from './helper.sh' with { type: 'text' }
import { canaryFacts, readFacts } from './judge.ts'
import type { Facts } from './probe.ts'
import type { Made } from './sessions.ts'
import type { Witness } from './witness.ts'

/** Runs a script in one of the session's parts; it comes on stdin, so nothing of it is in an argv. */
const inside = (
  backend: Backend,
  { handle }: Pick<Made, 'handle'>,
  { part, script, heard }: { readonly part: 'agent' | 'proxy'; readonly script: string; readonly heard?: (text: string) => void },
): Promise<Outcome> => {
  const how = { part, terminal: false, stdin: true, folder: '' } as const
  return capture(need(backend, 'inside').exec(handle, ['bash', '-s'], how), { stdin: script, heard })
}

const assignments = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quote(String(value))}\n`)
    .join('')

/** What the box found before it started the agent, and '' when the agent runs; else why it does not. */
export async function waitForWall(
  backend: Backend,
  { handle }: Made,
): Promise<{ readonly canaries: Facts; readonly fault: string }> {
  let receipt: Receipt | null = null
  // The box itself gives up after ten seconds.
  for (let tries = 0; tries < 600 && receipt === null; tries++) {
    receipt = readReceipt(await notedOf(backend, handle))
    if (receipt === null) await Bun.sleep(20)
  }
  if (receipt?.ok === true) return { canaries: canaryFacts(receipt), fault: '' }
  const { stderr } = await question(backend.life.logs(handle, { follow: false }))
  const fault = stderr.trim().split('\n').at(-1) || 'the sandbox reported nothing'
  return { canaries: canaryFacts(receipt), fault }
}

/** Begins with the receipt: what the proxy noted on this machine, or its log where it notes nothing here. */
const notedOf = async (backend: Backend, handle: Made['handle']): Promise<string> =>
  backend.can.isolation === 'container'
    ? readNoted(handle.folder)
    : (await question(need(backend, 'wall').requests(handle, { follow: false }))).stdout

export async function lookFromProxy(backend: Backend, made: Made, other: string): Promise<Facts> {
  const values = { other, other_port: portsOf(backend).neighbour }
  const { stdout } = await inside(backend, made, { part: 'proxy', script: assignments(values) + helper })
  return readFacts(stdout, 'proxy')
}

/** Where a proxy listens for other sessions than its own, as far as it does. */
const portsOf = (backend: Backend) => need(backend, 'wall').beside?.ports ?? { neighbour: 3128, own: 3128 }

export async function neighbourNamespaces(backend: Backend, made: Made): Promise<Facts> {
  const script = NAMESPACES.map((name) => `echo ${name}=$(readlink /proc/self/ns/${name})\n`).join('')
  const { stdout } = await inside(backend, made, { part: 'agent', script })
  return readFacts(stdout, 'neighbour.namespace')
}

const NAMESPACES = ['pid', 'ipc', 'mnt', 'uts', 'net'] as const

export type Target = {
  readonly witness: Witness
  readonly credential: string
  readonly placeholder: string
  readonly outside: string
  /** The resolver that the proxy asks; '' where it tells none. */
  readonly resolver: string
  readonly neighbour: { readonly id: string; readonly address: string }
  readonly ownProxy: string
  /** Told how far the script has come, and what it has seen by then. */
  readonly reached: (stage: string, facts: Facts) => Promise<void>
}

/** Everything that is tried in the agent's own box. */
export async function lookFromInside(backend: Backend, made: Made, target: Target): Promise<Facts> {
  const { spec } = made
  const { witness, credential, placeholder, outside, resolver, neighbour, ownProxy, reached } = target
  const { beside } = need(backend, 'wall')
  const ports = portsOf(backend)
  const values = {
    allowed_port: witness.allowed,
    provider_port: witness.provider,
    closed_port: witness.closed,
    // Documentation addresses stand in for what the engine did not name.
    host: witness.host,
    provider_host: witness.providerHost,
    host_address: witness.address || '192.0.2.2',
    host_addresses: ownAddresses().join(' '),
    resolver: (beside === null ? '' : resolver) || '192.0.2.53',
    governor: beside?.governor.address ?? '',
    governor_port: beside?.governor.port ?? '',
    neighbour: neighbour.address || '192.0.2.3',
    neighbour_id: neighbour.id,
    neighbour_port: ports.neighbour,
    own_port: ports.own,
    own_proxy: ownProxy || '192.0.2.4',
    project: spec.directory,
    outside_file: outside,
    needle: credential,
    placeholder,
    variable: API_KEY.variable,
    system_files: Object.keys(spec.system).join(' '),
    system_folders: [...new Set(Object.keys(spec.system).map((place) => dirname(place)))].join(' '),
    pids: spec.limits.pids,
  }
  // Nothing that the script starts may read the rest of it.
  const script = `${assignments(values)}${box}\nmain </dev/null\n`
  const { stdout, stderr, code } = await inside(backend, made, { part: 'agent', script, heard: stageReader(reached) })
  const facts = readFacts(stdout, 'box')
  if (facts['box.done'] === 'yes') return facts
  return { ...facts, 'box.refused': `the probes ended early with exit code ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}` }
}

/** Takes the text of the script as it comes. */
function stageReader(reached: Target['reached']): (text: string) => void {
  let seen = ''
  let told = ''
  return (text) => {
    seen += text
    // A line that is not whole yet says nothing.
    const facts = readFacts(seen.slice(0, seen.lastIndexOf('\n') + 1), 'box')
    const stage = facts['box.stage'] ?? ''
    if (stage === told) return
    told = stage
    // What is told early is told again at the end.
    reached(stage, facts).catch(() => undefined)
  }
}

/** This machine's addresses beside loopback, at most eight. */
const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ internal, address, family }) => (internal || (family === 'IPv6' && address.startsWith('fe80')) ? [] : [address]))
    .slice(0, 8)

/** What this machine and the engine know of the session: is the credential in any of it? */
export async function lookFromOutside(backend: Backend, { spec, handle }: Made, credential: string): Promise<Facts> {
  const [told, logs] = await Promise.all([
    Promise.all(backend.inventory.told(handle).map((argv) => question(argv))),
    Promise.all([
      question(backend.life.logs(handle, { follow: false })),
      question(need(backend, 'wall').requests(handle, { follow: false })),
    ]),
  ])
  return {
    'outside.secret.inspect': searched(
      told.map(({ stdout, code }) => (code === 0 ? stdout : null)),
      credential,
    ),
    'outside.secret.logs': searched(
      logs.map(({ stdout, stderr, code }) => (code === 0 ? stdout + stderr : null)),
      credential,
    ),
    'outside.secret.folder': searched(filesBelow(spec.folder).map(readText), credential),
    'outside.secret.words': existsSync('/proc/self/cmdline')
      ? searched(commandLines(), credential)
      : 'not applicable: this system has no command lines in /proc',
    'outside.config': readText(join(spec.workspace, '.git/config'))?.includes('selftest') === false ? 'as it was' : 'changed',
    'outside.claude': isAsItWas(join(spec.workspace, '.claude')) ? 'as it was' : 'changed',
    'outside.owner': ownerOf(join(spec.workspace, 'from-the-box')),
    ...Object.fromEntries(
      Object.entries(backend.can.isolation === 'pod' ? FIRST : here()).map(([name, value]) => [
        `outside.namespace.${name}`,
        value,
      ]),
    ),
  }
}

const isAsItWas = (folder: string): boolean =>
  readdirSync(folder).join() === 'settings.json' && readText(join(folder, 'settings.json')) === '{}\n'

/** Pure: how many texts there were, or in how many of them the value is. A text that could not be had is no proof. */
export function searched(texts: readonly (string | null)[], value: string): string {
  const missing = texts.filter((text) => text === null).length
  if (missing > 0) return `${missing} of ${texts.length} could not be read`
  const found = texts.filter((text) => text?.includes(value)).length
  return found > 0 ? `found in ${found} of ${texts.length}` : `${texts.length} searched`
}

const filesBelow = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((path) => lstatSync(path).isFile())
    : []

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

/** A process that ended meanwhile has no words any more. */
const commandLines = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readText(`/proc/${pid}/cmdline`) ?? '')

function ownerOf(path: string): string {
  try {
    const { uid, gid } = statSync(path)
    return `${uid}:${gid}`
  } catch {
    return ''
  }
}

/** The first namespaces of every Linux kernel, so of whatever node a pod is on. */
const FIRST = { pid: 'pid:[4026531836]', ipc: 'ipc:[4026531839]', uts: 'uts:[4026531838]' }

const here = () => Object.fromEntries(NAMESPACES.map((name) => [name, namespaceHere(name)]))

/** '' where the engine's containers are not processes of this kernel. */
function namespaceHere(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`)
  } catch {
    return ''
  }
}
