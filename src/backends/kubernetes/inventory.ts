import type { Place } from '../../box/cluster.ts'
import type { Handle, Listed, State } from '../../box/handle.ts'
import { SESSION_ID } from '../../box/session-id.ts'
import { PaudeError } from '../../errors.ts'
import type { Query } from '../../plan/query.ts'
import type { Inventory } from '../backend.ts'
import { kubectl, ofSession, parts } from './names.ts'
import { remainsQuery, removeRemains } from './remains.ts'

type Meta = {
  readonly name: string
  readonly creationTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}
type Terminated = { readonly exitCode: number; readonly reason?: string }
type Container = { readonly name: string; readonly state?: { readonly running?: unknown; readonly terminated?: Terminated } }
type Item = {
  readonly kind: string
  readonly metadata: Meta
  readonly status?: {
    readonly phase?: string
    readonly containerStatuses?: readonly Container[]
    readonly initContainerStatuses?: readonly Container[]
  }
}

const itemsOf = (stdout: string): readonly Item[] => (JSON.parse(stdout) as { readonly items: readonly Item[] }).items

/** How an agent stands, by its newest pod; one without a pod was stopped. */
function stateOf(pods: readonly Item[]): State {
  const [pod] = pods.toSorted((one, other) =>
    (other.metadata.creationTimestamp ?? '').localeCompare(one.metadata.creationTimestamp ?? ''),
  )
  if (pod === undefined) return { status: 'exited', exitCode: STOPPED }
  const { phase = 'Pending', containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const agent = containerStatuses.find(({ name }) => name === 'agent')?.state ?? {}
  if (agent.terminated !== undefined)
    return {
      status: 'exited',
      exitCode: agent.terminated.exitCode,
      ...(agent.terminated.reason === 'OOMKilled' ? { outOfMemory: true } : {}),
    }
  if (agent.running !== undefined) return { status: 'running', exitCode: 0 }
  if (phase === 'Pending' || phase === 'Running') return { status: 'created', exitCode: 0 }
  const failed = initContainerStatuses.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)
  return { status: 'exited', exitCode: failed?.state?.terminated?.exitCode ?? STOPPED }
}

/** Of an agent whose pod is gone: nobody else tells its exit code. */
const STOPPED = 137

/** An agent, and the workspace of one whose Job is gone, as after a start that was interrupted: the next start makes it anew. */
const KINDS = 'jobs,pods,persistentvolumeclaims'
const ROLES = 'paude.role in (agent,workspace)'

export const stateQuery = ({ cluster, id }: Handle): Query<State> => ({
  argv: kubectl(cluster, 'get', KINDS, `${ofSession(id)},${ROLES}`, '--output=json'),
  parse: (stdout) => {
    const items = itemsOf(stdout)
    if (items.length === 0)
      throw new PaudeError('not-found', `session ${id} does not exist on its cluster`, { hint: 'paude sessions' })
    return stateOf(items.filter(({ kind }) => kind === 'Pod'))
  },
})

/** Everything of ours on the clusters on which this machine has sessions: one call for each namespace. */
export const inventory: Inventory = {
  sessions: (boxes) =>
    placesOf(boxes()).map((place) => ({
      argv: kubectl(place, '--request-timeout=10s', 'get', KINDS, `--selector=${ROLES}`, '--output=json'),
      parse: (stdout) => {
        const items = itemsOf(stdout)
        return [...listed(items, place), ...withoutJob(items, place, boxes())]
      },
    })),
  parts: (boxes) => placesOf(boxes()).map(remainsQuery),
  volumes: () => [],
  // A cluster has a server of its own for that, or none.
  usage: null,
  outOfMemory: null,
  told: ({ cluster, id, homeVolume }) => [
    kubectl(cluster, 'get', 'jobs,pods,deployments,services,configmaps,networkpolicies', ofSession(id), '--output=json'),
    kubectl(cluster, 'get', 'persistentvolumeclaim', homeVolume, parts(id).workspace, '--output=json'),
  ],
  removeParts: removeRemains,
}

const placesOf = (boxes: readonly Pick<Handle, 'cluster'>[]): readonly Place[] => [
  ...new Map(
    boxes.flatMap(({ cluster }) =>
      cluster === undefined ? [] : [[`${cluster.context} ${cluster.namespace}`, cluster] as const],
    ),
  ).values(),
]

const idOf = ({ metadata: { labels = {} } }: Item): string => labels['paude.id'] ?? ''

const listed = (items: readonly Item[], place: Place): readonly Listed[] =>
  items
    .filter((one) => one.kind === 'Job' && SESSION_ID.test(idOf(one)))
    .map((job) => {
      const { labels = {} } = job.metadata
      const state = stateOf(items.filter((one) => one.kind === 'Pod' && idOf(one) === idOf(job)))
      return rowOf(job, { place, state, agent: labels['paude.agent'] ?? '', homeVolume: labels['paude.home'] ?? '' })
    })

/** Of sessions that this machine knows alone: the start of another person makes the workspace first as well. */
function withoutJob(items: readonly Item[], place: Place, boxes: readonly Handle[]): readonly Listed[] {
  const jobs = new Set(items.filter(({ kind }) => kind === 'Job').map(idOf))
  return items
    .filter((item) => item.kind === 'PersistentVolumeClaim' && !jobs.has(idOf(item)))
    .flatMap((claim) => {
      const box = boxes.find(({ id }) => id === idOf(claim))
      return box === undefined ? [] : [rowOf(claim, { place, state: stateOf([]), ...box })]
    })
}

function rowOf(
  { metadata: { labels = {}, annotations = {} } }: Item,
  {
    place: { context, namespace },
    state: { status, exitCode, outOfMemory },
    agent,
    homeVolume,
  }: Pick<Handle, 'agent' | 'homeVolume'> & { readonly place: Place; readonly state: State },
): Listed {
  return {
    id: labels['paude.id'] ?? '',
    name: annotations['paude.name'] ?? '',
    agent,
    workspace: annotations['paude.workspace'] ?? '',
    status,
    exitCode: status === 'exited' ? exitCode : null,
    ...(outOfMemory === undefined ? {} : { outOfMemory }),
    created: annotations['paude.created'] ?? '',
    network: annotations['paude.network'] ?? '',
    homeVolume,
    cluster: { context, namespace },
  }
}
