import { join } from 'node:path'
import type { Handle, Listed, Part, State } from '../../box/handle.ts'
import { type Argv, exec } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Inventory } from '../backend.ts'
import { unescaped } from './flags.ts'
import { container, EXIT, parts, scripted } from './names.ts'

type Labels = Readonly<Record<string, string>>

/** Of `list` and `inspect`, as far as it is read. */
type Container = {
  readonly id: string
  readonly configuration: { readonly labels?: Labels; readonly image?: { readonly reference?: string } }
  readonly status: { readonly state: string; readonly startedDate?: string }
}

type Volume = { readonly id: string; readonly configuration: { readonly labels?: Labels } }

export const containersIn = (stdout: string): readonly Container[] => JSON.parse(stdout || '[]') as Container[]

const fact = (labels: Labels | undefined, name: string): string => unescaped(labels?.[`paude.${name}`] ?? '')

/** Of an agent that kept no exit code: its virtual machine was ended. */
const ENDED = 137

const exitFile = ({ folder }: Pick<Handle, 'folder'>): string => join(folder, 'out', EXIT)

/** The box writes that file, so no more of it is read than a code is long. */
const READ_CODE = 'head -c 3 "$2" 2>/dev/null | tr -cd 0-9'

function stateOf({ status: { state, startedDate } }: Container, code: string): State {
  if (state === 'running' || state === 'stopping') return { status: 'running', exitCode: 0 }
  if (startedDate === undefined) return { status: 'created', exitCode: 0 }
  return { status: 'exited', exitCode: /^\d{1,3}$/.test(code) && Number(code) < 256 ? Number(code) : ENDED }
}

/** The first line is the exit code, if any. */
export const stateQuery = (box: Handle): Query<State> => ({
  argv: scripted(`printf '%s\\n' "$(${READ_CODE})"; exec container inspect "$1"`, parts(box.id).agent, exitFile(box)),
  parse: (stdout) => {
    const end = stdout.indexOf('\n')
    const [found] = containersIn(stdout.slice(end + 1))
    if (found === undefined) throw new Error('container inspect told of nothing')
    return stateOf(found, stdout.slice(0, end))
  },
})

/** A line for each known session with its exit code, an empty one, and what the engine lists. */
const LIST = `while [ $# -gt 1 ]; do printf '%s %s\\n' "$1" "$(${READ_CODE})"; shift 2; done; echo; exec container list --all --format json`

const sessionsQuery = (boxes: readonly Handle[]): Query<readonly Listed[]> => ({
  argv: scripted(LIST, ...boxes.flatMap((box) => [box.id, exitFile(box)])),
  parse: (stdout) => {
    const end = stdout.startsWith('\n') ? 0 : stdout.indexOf('\n\n') + 1
    const codes = new Map(
      stdout
        .slice(0, end)
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ') as [string, string]),
    )
    return ours(stdout.slice(end)).flatMap((one) =>
      fact(one.configuration.labels, 'role') === 'agent' ? [listed(one, codes)] : [],
    )
  },
})

const ours = (stdout: string): readonly Container[] =>
  containersIn(stdout.trim()).filter(({ configuration }) => fact(configuration.labels, 'id') !== '')

function listed(one: Container, codes: ReadonlyMap<string, string>): Listed {
  const of = (name: string) => fact(one.configuration.labels, name)
  const { status, exitCode } = stateOf(one, codes.get(one.id) ?? '')
  return {
    id: of('id'),
    name: of('name'),
    agent: of('agent'),
    workspace: of('workspace'),
    status,
    exitCode: status === 'exited' ? exitCode : null,
    created: of('created'),
    network: of('network'),
  }
}

const PARTS: Query<readonly Part[]> = {
  argv: container('list', '--all', '--format=json'),
  parse: (stdout) =>
    ours(stdout).map(({ id, configuration: { labels }, status: { state } }) => ({
      kind: 'container',
      reference: id,
      session: fact(labels, 'id'),
      role: fact(labels, 'role'),
      running: state === 'running',
      created: fact(labels, 'created'),
      workspace: '',
    })),
}

const VOLUMES: Query<readonly Part[]> = {
  argv: container('volume', 'list', '--format=json'),
  parse: (stdout) =>
    (JSON.parse(stdout || '[]') as Volume[])
      .filter(({ configuration: { labels } }) => fact(labels, 'role') !== '')
      .map(({ id, configuration: { labels } }) => ({
        kind: 'volume',
        reference: id,
        session: fact(labels, 'id'),
        role: fact(labels, 'role'),
        running: false,
        created: fact(labels, 'created'),
        workspace: fact(labels, 'workspace'),
      })),
}

/** What bears our labels on this machine: the engine filters nothing by itself. */
export const inventory: Inventory = {
  sessions: (boxes) => [sessionsQuery(boxes())],
  parts: () => [PARTS],
  volumes: () => [VOLUMES],
  // It tells of CPU time since the start, and keeps no reason of an end.
  usage: null,
  outOfMemory: null,
  told: ({ id, homeVolume }) => {
    const { agent, proxy } = parts(id)
    return [...[agent, proxy].map((part): Argv => container('inspect', part)), container('volume', 'inspect', homeVolume)]
  },
  // Containers before volumes, and each by itself: one that is gone would keep the others.
  removeParts: (all) => [
    ...all
      .filter(({ kind }) => kind === 'container')
      .map(({ reference }) => exec(container('delete', '--force', reference), { tolerant: true })),
    ...all
      .filter(({ kind }) => kind === 'volume')
      .map(({ reference }) => exec(container('volume', 'delete', reference), { tolerant: true })),
  ],
}

/** Prints the names of these containers that are still there. */
export const remaining = (...names: readonly string[]): Argv =>
  scripted(
    'ids=$(container list --all --quiet) || exit; for id in $ids; do for name; do [ "$id" != "$name" ] || echo "$id"; done; done',
    ...names,
  )
