import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../backends/backend.ts'
import { parts } from '../backends/oci/names.ts'
import type { SessionSpec } from '../box/spec.ts'
import { quote } from '../plan/shell.ts'
import { capture, type Outcome } from '../run/process.ts'
import box from './box.sh' with { type: 'text' }
import helper from './helper.sh' with { type: 'text' }
import { readFacts, readReceipt } from './judge.ts'
import type { Facts } from './probe.ts'
import { type Made, PIDS } from './sessions.ts'
import type { Witness } from './witness.ts'

/** Runs a script in one of the session's containers; it comes on stdin, so nothing of it is in an argv. */
const inside = ({ program }: Backend, container: string, script: string): Promise<Outcome> =>
  capture([program, 'exec', '--interactive', container, 'bash', '-s'], { stdin: script })

const assignments = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quote(String(value))}\n`)
    .join('')

/** '' when the wall stands and the agent runs; else why it does not. */
export async function waitForWall(backend: Backend, { spec }: Made): Promise<string> {
  const script =
    'for _ in {1..600}; do [ -e /paude/link/ready ] && echo ready && exit; [ -e /paude/link/failed ] && cat /paude/link/failed && exit; sleep 0.02; done; echo "the gate did not open"\n'
  const { code, stdout } = await inside(backend, parts(spec.id).agent, script)
  if (code === 0 && stdout.trim() === 'ready') return ''
  const { stderr } = await capture(
    backend.logs(
      { id: spec.id, agent: 'claude', folder: '', terminal: false, walled: true, homeVolume: '', directory: '' },
      { follow: false },
    ),
  )
  return stdout.trim() || stderr.trim().split('\n').at(-1) || 'the agent did not start'
}

export async function receipt(backend: Backend, { handle }: Made): Promise<Facts> {
  const { stdout } = await capture(backend.receipt(handle))
  return readReceipt(stdout)
}

export async function lookFromHelper(
  backend: Backend,
  { id }: SessionSpec,
  role: 'gate' | 'proxy',
  other: string,
): Promise<Facts> {
  const { stdout } = await inside(backend, parts(id)[role], assignments({ other }) + helper)
  return readFacts(stdout, role)
}

export async function neighbourNamespaces(backend: Backend, { id }: SessionSpec): Promise<Facts> {
  const { stdout } = await inside(
    backend,
    parts(id).agent,
    NAMESPACES.map((name) => `echo ${name}=$(readlink /proc/self/ns/${name})\n`).join(''),
  )
  return readFacts(stdout, 'neighbour.namespace')
}

const NAMESPACES = ['pid', 'ipc', 'mnt', 'uts', 'net'] as const

export type Target = {
  readonly witness: Witness
  readonly credential: string
  readonly placeholder: string
  readonly outside: string
  readonly hostAddress: string
  readonly neighbour: { readonly id: string; readonly address: string }
  readonly ownProxy: string
}

/** Everything that is tried in the agent's own box. */
export async function lookFromInside(backend: Backend, { spec }: Made, target: Target): Promise<Facts> {
  const { witness, credential, placeholder, outside, hostAddress, neighbour, ownProxy } = target
  const values = {
    allowed_port: witness.allowed,
    provider_port: witness.provider,
    closed_port: witness.closed,
    // Documentation addresses stand in for what the engine did not name.
    host_address: hostAddress || '192.0.2.2',
    host_addresses: ownAddresses().join(' '),
    neighbour: neighbour.address || '192.0.2.3',
    neighbour_id: neighbour.id,
    own_proxy: ownProxy || '192.0.2.4',
    project: spec.workspace,
    outside_file: outside,
    needle: credential,
    placeholder,
    pids: PIDS,
  }
  // Nothing that the script starts may read the rest of it.
  const { stdout, stderr, code } = await inside(backend, parts(spec.id).agent, `${assignments(values)}${box}\nmain </dev/null\n`)
  const facts = readFacts(stdout, 'box')
  if (facts['box.done'] === 'yes') return facts
  return { ...facts, 'box.refused': `the probes ended early with exit code ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}` }
}

/** This machine's addresses beside loopback, at most eight. */
const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ internal, address, family }) => (internal || (family === 'IPv6' && address.startsWith('fe80')) ? [] : [address]))
    .slice(0, 8)

/** What this machine and the engine know of the session: is the credential in any of it? */
export async function lookFromOutside(
  { program, ...backend }: Backend,
  { spec, handle }: Made,
  credential: string,
): Promise<Facts> {
  const { agent, gate, proxy, link } = parts(spec.id)
  const [told, logs] = await Promise.all([
    Promise.all([
      ...[agent, gate, proxy].map((name) => capture([program, 'container', 'inspect', name])),
      ...[link, spec.homeVolume].map((name) => capture([program, 'volume', 'inspect', name])),
    ]),
    Promise.all([
      capture(backend.logs(handle, { follow: false })),
      capture(backend.requests(handle, { follow: false })),
      capture(backend.receipt(handle)),
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
      : 'not applicable: this system shows no command lines in /proc',
    'outside.owner': ownerOf(join(spec.workspace, 'from-the-box')),
    ...Object.fromEntries(NAMESPACES.map((name) => [`outside.namespace.${name}`, namespaceHere(name)])),
  }
}

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

/** '' where the engine's containers are not processes of this kernel. */
function namespaceHere(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`)
  } catch {
    return ''
  }
}
