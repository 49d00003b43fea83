import { join } from 'node:path'
import type { Place } from '../../box/cluster.ts'
import { type Handle, handleOfSpec } from '../../box/handle.ts'
import { SECCOMP_FILE } from '../../box/seccomp.ts'
import { FILLED, type SessionSpec } from '../../box/spec.ts'
import { type Argv, exec, guard, type Plan, together, write } from '../../plan/plan.ts'
import { type Secret, secret } from '../../secret.ts'
import { asSent } from './as-sent.ts'
import { LOOK_FILE, LOOK_SECONDS } from './look.ts'
import { applying, kubectl, ofSession, parts, REST, REST_BUT_POLICIES } from './names.ts'
import { listText, type Manifest, marked, object } from './object.ts'
import { agentJob, annotationsOf, claim, goesWithPod, lookPod, proxyDeployment, proxyService, type Spec } from './pods.ts'
import { standing, ways } from './policies.ts'
import { inPod, scriptWords } from './words-inside.ts'

type Where = Place | undefined

/** What a session on a cluster is told; another kind never gets here. */
export function clusterSpec(spec: SessionSpec): Spec {
  if (spec.own.kind === 'kubernetes') return spec as Spec
  throw new Error(`a session of ${spec.own.kind} on a cluster`)
}

/** File of a session's folder with the agent's Job, which a start makes anew. */
export const JOB_FILE = 'agent.json'

/**
 * Policies and volumes first, then the pods; the agent's pod runs its proof, and waits in its first program for its workspace and for who
 * begins it. Nothing of the session is there without its policies.
 */
export function makePlan(spec: Spec): Plan {
  const { cluster } = spec.own
  const { network } = spec
  const hasProxy = network.mode !== 'none'
  const job = listText(owned(spec, [agentJob(spec)]))
  return [
    write(join(spec.folder, JOB_FILE), job),
    ...(spec.transport.kind === 'volume' && !goesWithPod(spec)
      ? [write(join(spec.folder, LOOK_FILE), listText(owned(spec, [lookPod(spec, LOOK_SECONDS)])))]
      : []),
    // Each call costs a good part of a second, and a node tries again late when a Secret of a pod is not there yet.
    together(
      [
        [
          exec(applying(cluster), {
            stdin: listText([
              ...standing(),
              ...owned(spec, [...ways(spec), ...workspace(spec), seed(spec), ...(hasProxy ? proxyParts(spec) : [])]),
            ]),
            undo: removeParts(cluster, spec.id),
          }),
          ...(hasProxy ? [tellWay(spec)] : []),
        ],
        home(spec),
        ...secrets(spec),
      ].filter((lane) => lane.length > 0),
    ),
    exec(applying(cluster), { stdin: job, undo: removeAgent(cluster, spec.id) }),
    ...awaitAgent(handleOfSpec(spec)),
    ...fill(spec),
  ]
}

const owned = ({ own: { owner } }: Spec, items: readonly Manifest[]): readonly Manifest[] => marked(owner, items)

const home = (spec: Spec): Plan => {
  const { cluster } = spec.own
  const name = spec.homeVolume
  if (name === '') return []
  const labels = { 'paude.role': 'home', 'paude.maker': spec.id }
  return [
    // Not applied: one that is there has another maker, whose start must not be undone.
    exec(kubectl(cluster, 'create', '--filename=-'), {
      stdin: listText([claim(spec, { name, size: cluster.homeSize, labels })]),
      unless: kubectl(cluster, 'get', 'persistentvolumeclaim', name),
      undo: kubectl(cluster, 'delete', 'persistentvolumeclaim', `--selector=paude.maker=${spec.id}`, '--wait=false'),
    }),
  ]
}

const workspace = (spec: Spec): readonly Manifest[] =>
  spec.transport.kind !== 'volume' || goesWithPod(spec)
    ? []
    : [
        claim(spec, {
          name: spec.transport.volume.name,
          size: spec.own.cluster.workspaceSize,
          labels: { 'paude.id': spec.id, 'paude.role': 'workspace' },
          annotations: annotationsOf(spec),
        }),
      ]

/** A Secret, since the words of a start stand in it. */
const seed = (spec: Spec): Manifest =>
  object('v1', 'Secret', {
    name: parts(spec.id).seed,
    labels: { 'paude.id': spec.id },
    type: 'Opaque',
    stringData: Object.fromEntries(Object.entries(spec.seed).filter(([name]) => name !== SECCOMP_FILE)),
  })

const proxyParts = (spec: Spec): readonly Manifest[] => [
  ...(spec.network.mode === 'none' ? [] : [policyMap(spec.id, spec.network.policyFiles)]),
  proxyService(spec),
  proxyDeployment(spec),
]

/** A name of a ConfigMap has no slash. */
export const policyMap = (id: string, files: Readonly<Record<string, string>>): Manifest =>
  object('v1', 'ConfigMap', {
    name: parts(id).policy,
    labels: { 'paude.id': id },
    data: Object.fromEntries(Object.entries(files).map(([path, content]) => [path.replaceAll('/', '__'), content])),
  })

/** What nobody else may read: the credential, which the proxy alone mounts, and the variables of the agent. Each by itself. */
function secrets(spec: Spec): readonly Plan[] {
  const { id, network, secretEnvironment, own } = spec
  const named = Object.entries(secretEnvironment)
  const credential = network.mode === 'none' ? null : network.credential
  return [
    ...(credential === null ? [] : [[tellCredential({ cluster: own.cluster, id, mark: own.owner }, credential)]]),
    ...(named.length === 0
      ? []
      : [
          [
            exec(applying(own.cluster), {
              stdin: secretObject(
                { id, mark: own.owner },
                {
                  name: parts(id).environment,
                  data: Object.fromEntries(named.map(([name, value]) => [name, value.reveal()])),
                },
              ),
            }),
          ],
        ]),
  ]
}

/** The credential as a Secret of the session. */
export const tellCredential = (box: Pick<Handle, 'cluster' | 'id' | 'mark'>, credential: Secret) =>
  exec(applying(box.cluster), {
    stdin: secretObject(box, { name: parts(box.id).credential, data: { secret: credential.reveal() } }),
  })

const secretObject = (
  { id, mark = '' }: Pick<Handle, 'id' | 'mark'>,
  { name, data }: { readonly name: string; readonly data: Readonly<Record<string, string>> },
): Secret =>
  secret(listText(marked(mark, [object('v1', 'Secret', { name, labels: { 'paude.id': id }, type: 'Opaque', stringData: data })])))

/** The address of the proxy is known once its Service is made: kubectl itself writes it where the agent's pod reads it. */
function tellWay(spec: Spec): Plan[number] {
  const { cluster } = spec.own
  const { proxy, way } = parts(spec.id)
  const data = { proxy: '{{.spec.clusterIP}}' }
  const [map] = owned(spec, [object('v1', 'ConfigMap', { name: way, labels: { 'paude.id': spec.id }, data })])
  return {
    kind: 'pipe',
    from: kubectl(cluster, 'get', 'service', proxy, `--output=go-template=${JSON.stringify(map)}`),
    to: applying(cluster),
  }
}

/** How pods stand, a line a pod. No more of them is asked for: their labels, annotations and variables are the user's or the project's own text. */
const STANDING = [
  '{range .items[*]}phase={.status.phase}',
  ' waits={.status.initContainerStatuses[*].state.waiting.reason} {.status.containerStatuses[*].state.waiting.reason}',
  '{"\\n"}{end}',
].join('')

/** Until the agent's pod has proved its wall and its first program waits. */
export function awaitAgent(box: Pick<Handle, 'cluster' | 'id' | 'account' | 'link'>): Plan {
  const { cluster: place, id } = box
  const pods = kubectl(place, 'get', 'pods', `${ofSession(id)},paude.role=agent`)
  const ask: Argv = [...pods, `--output=jsonpath=${STANDING}`]
  return [
    asSent(box),
    // One call that waits in place of many that ask: each takes time, on a small machine from the pod. What it does not see is asked for.
    guard(
      kubectl(
        place,
        ...['wait', 'pods', `${ofSession(id)},paude.role=agent`, '--for=jsonpath={.status.phase}=Running', '--timeout=5s'],
      ),
      [
        {
          kind: 'until',
          ask,
          ready: '^phase=Running ',
          never: {
            pattern:
              '^phase=Failed |^phase=[A-Za-z]* waits=.*(ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError)',
          },
          why: [...pods, '--output=json'],
          log: kubectl(place, 'logs', `job/${id}`, '--container=proof'),
          title: 'the pod of the agent runs and its wall is proved',
          every: 0.3,
          most: 300,
        },
      ],
    ),
    // The pod runs, so its proof has succeeded: the agent need not wait until the proxy's log has it too.
    ...(box.link === 'none' ? [] : [together([], { trailing: [handReceipt(place, id)] })]),
  ]
}

/** What the proof printed becomes the first line of the proxy's log. No agent reaches that pipe, nor the log of the proof. */
function handReceipt(place: Where, id: string): Plan[number] {
  return {
    kind: 'pipe',
    from: kubectl(place, 'logs', `job/${id}`, '--container=proof'),
    to: kubectl(
      place,
      ...['exec', '--stdin', `deployment/${parts(id).proxy}`, '--container=proxy', '--'],
      ...['/usr/bin/bash', '-c', 'cat >/paude/link/receipt'],
    ),
  }
}

function fill(spec: Spec): Plan {
  const { transport, own } = spec
  if (transport.kind !== 'volume' || transport.fill === null) return []
  const { from, script, words } = transport.fill
  return [
    {
      kind: 'pipe',
      from,
      to: inPod(own.cluster, spec.id, scriptWords(script, words, transport.volume.root), { stdin: true }),
      printed: join(spec.folder, FILLED),
    },
  ]
}

/** Waits until its pod is gone: until then its policies must stay. */
export const removeAgent = (place: Where, id: string): Argv =>
  kubectl(place, 'delete', 'job', id, '--ignore-not-found', '--cascade=foreground', '--wait=true')

/** All of a session at once but its policies, which must stay until its pods are gone. */
export const removeRunning = (place: Where, id: string): Argv =>
  kubectl(place, 'delete', `job,${REST_BUT_POLICIES}`, ofSession(id), '--ignore-not-found', '--cascade=foreground', '--wait=true')

/** What is left then. */
export const removePolicies = (place: Where, id: string): Argv =>
  kubectl(place, 'delete', 'networkpolicy', ofSession(id), '--ignore-not-found')

/** Everything else of a session. Its agent is closed in without these too. */
export const removeParts = (place: Where, id: string): Argv =>
  kubectl(place, 'delete', REST, ofSession(id), '--ignore-not-found', '--cascade=foreground', '--wait=true')
