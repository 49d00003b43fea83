import { existsSync } from 'node:fs'
import type { Place } from '../../box/cluster.ts'
import { PaudeError } from '../../errors.ts'
import { type Argv, exec, type Plan, together } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Engine, Failure, Files, Inside, Life, Ports, Terminal, Wall } from '../backend.ts'
import { importedTar } from '../imported-tar.ts'
import type { BackendSettings } from '../keys.ts'
import { layLines, thereScript } from '../lay-script.ts'
import { programs } from '../names.ts'
import { BROUGHT, beside, SERVICE_VARIABLES } from './beside.ts'
import { clusterChecks } from './checks.ts'
import { clusterOf } from './cluster.ts'
import { explain } from './explain.ts'
import { inventory, stateQuery } from './inventory.ts'
import { currentContext, kubeconfigs } from './kubeconfig.ts'
import { looking, removeLook } from './look.ts'
import {
  awaitAgent,
  clusterSpec,
  JOB_FILE,
  makePlan,
  policyMap,
  removeAgent,
  removePolicies,
  removeRunning,
  tellCredential,
} from './make.ts'
import { INIT, kubectl, ofSession, parts, REST } from './names.ts'
import { listText } from './object.ts'
import { rightsManifest } from './rights.ts'
import { type Event, type Pod, troubleOf } from './trouble.ts'
import { inFolder, inPod } from './words-inside.ts'

/** Says a signal to the first program of an agent's pod, which hands it on. */
const say = (signal: string): readonly string[] => ['/bin/sh', '-c', `kill -s ${signal} 1`]

/** Ends the agent: asked first, then all its programs at once. The first program ends with the agent, and this with it. */
const ending = (seconds: number): readonly string[] => ['/bin/sh', '-c', `kill -s TERM 1; sleep ${seconds}; kill -s KILL -1`]

/** A proxy takes its credential when it starts: one that outlived its agent would keep an old one. */
const proxyAnew = (place: Place | undefined, id: string): Plan => [
  exec(replicas(place, id, 0)),
  exec(kubectl(place, 'wait', 'pod', `${ofSession(id)},paude.role=proxy`, '--for=delete', '--timeout=60s')),
  exec(replicas(place, id, 1), { undo: replicas(place, id, 0) }),
]

const patched = (place: Place | undefined, object: readonly [kind: string, name: string], spec: object): Argv =>
  kubectl(place, 'patch', ...object, '--type=merge', `--patch=${JSON.stringify({ spec })}`)

/** Not by `kubectl scale`, which needs a right of its own (`deployments/scale`). */
const replicas = (place: Place | undefined, id: string, count: 0 | 1): Argv =>
  patched(place, ['deployment', parts(id).proxy], { replicas: count })

/** Ends when the agent of a pod has ended; with an error where there is no pod. */
const untilEnded = (place: Place | undefined, id: string, patience: string): Argv =>
  kubectl(
    place,
    ...['wait', 'pod', `${ofSession(id)},paude.role=agent`, `--timeout=${patience}`],
    '--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}',
  )

/**
 * The node tells of an agent's end a moment later; until then a `start` would find it running. Of a pod that was evicted no container has
 * an end, and a pod that is gone tells nothing, so this asks for what still runs. A node that is lost never answers.
 */
const untilStopped = (place: Place | undefined, id: string): Plan[number] => ({
  kind: 'until',
  ask: kubectl(place, 'get', 'pods', `${ofSession(id)},paude.role=agent`, '--output=jsonpath=({.items[*].status.phase})'),
  ready: '^[(]((Failed|Succeeded) ?)*[)]$',
  title: 'the pod of the agent has ended',
  every: 0.3,
  most: 30,
  tolerant: true,
})

/** Takes the pod of an agent away and keeps its Job. */
const suspend = (place: Place | undefined, id: string): Argv => patched(place, ['job', id], { suspend: true })

/** A session that does not run keeps no credential. */
const forgetCredential = (place: Place | undefined, id: string): Argv =>
  kubectl(place, 'delete', 'secret', parts(id).credential, '--ignore-not-found')

/** Changes an object where it is there: without it there is nothing to stop. */
const whereThere = (argv: Argv, place: Place | undefined, object: string) =>
  exec(argv, { left: kubectl(place, 'get', object, '--ignore-not-found', '--output=name') })

const life: Life = {
  make: (spec) => makePlan(clusterSpec(spec)),
  begin: ({ cluster, id }) => [exec(inPod(cluster, id, [INIT, 'begin']))],

  wake: (box, credential) => {
    const { cluster, id, link, folder } = box
    const told = credential === null ? [] : [{ ...tellCredential(box, credential), undo: forgetCredential(cluster, id) }]
    return [
      together([...(link === 'none' ? [] : [[...told, ...proxyAnew(cluster, id)]]), [exec(removeLook(cluster, id))]]),
      // A Job is carried out once. It goes last: whatever comes before, the stopped session stays as it is.
      exec(removeAgent(cluster, id)),
      exec(kubectl(cluster, 'apply', '--server-side', '--field-manager=paude', `--filename=${folder}/${JOB_FILE}`), {
        undo: suspend(cluster, id),
      }),
      ...awaitAgent(box),
    ]
  },

  anew: JOB_FILE,

  stop: ({ cluster, id, link }, grace) => [
    exec(inPod(cluster, id, ending(grace)), { tolerant: true }),
    // Before what may fail.
    ...(link === 'none'
      ? []
      : [exec(forgetCredential(cluster, id)), whereThere(replicas(cluster, id, 0), cluster, `deployment/${parts(id).proxy}`)]),
    // One that nobody could speak to, and one that was not begun.
    whereThere(suspend(cluster, id), cluster, `job/${id}`),
    untilStopped(cluster, id),
  ],

  remove: (box) => [
    exec(removeRunning(box.cluster, box.id), { left: life.remains(box) }),
    exec(removePolicies(box.cluster, box.id), { left: life.remains(box) }),
  ],

  remains: ({ cluster, id }) => kubectl(cluster, 'get', `job,${REST}`, ofSession(id), '--output=name'),

  // A claim that is in use would go as soon as it is not: so nothing is asked to go while a session has it.
  removeHomes: ({ cluster }, volumes) => [
    ...volumes.map((name) =>
      exec(kubectl(cluster, 'wait', 'job', `--selector=paude.home=${name}`, '--for=delete', '--timeout=1s')),
    ),
    exec(kubectl(cluster, 'delete', 'persistentvolumeclaim', ...volumes)),
  ],

  signal: ({ cluster, id }, signal) =>
    inPod(cluster, id, signal === 'TERM' ? ending(10) : signal === 'KILL' ? ['/bin/sh', '-c', 'kill -s KILL -1'] : say(signal)),
  pause: null,
  state: stateQuery,
  wait: ({ cluster, id }) => untilEnded(cluster, id, '1h'),
  logs: ({ cluster, id }, { follow, since = '', tail }) =>
    kubectl(
      cluster,
      ...['logs', `job/${id}`, '--container=agent'],
      ...(follow ? ['--follow'] : []),
      ...(since === '' ? [] : [`--since-time=${since}`]),
      ...(tail === undefined ? [] : [`--tail=${tail}`]),
    ),
}

/** The seed of a session says what its copy is called: at a later start the copy of then has the name of the first one. */
const bring: Files['bring'] = ({ cluster, id }, copy) => [
  {
    kind: 'pipe',
    from: importedTar(copy),
    to: inPod(cluster, id, ['/bin/sh', '-c', UNPACK], { stdin: true }),
    title: "bringing your agent's set-up into the pod",
  },
]

const UNPACK = 'read -r name </paude/seed/imported && cd /paude/imported && mkdir "$name" && cd "$name" && exec tar -xof -'

/** Joining begins an agent with a terminal; one without gets the caller's streams as its own. */
const terminal: Terminal = {
  begins: true,
  keeps: false,
  open: (box, { stdin }) => (box.terminal ? joined(box) : inPod(box.cluster, box.id, [INIT, 'join'], { stdin })),
  rejoin: (box) => joined(box),
}

const joined = ({ cluster, id, terminal: tty }: Parameters<Terminal['open']>[0]) =>
  kubectl(cluster, 'attach', ...(tty ? ['--stdin', '--tty'] : []), '--quiet', `job/${id}`, '--container=agent')

const inside: Inside = {
  exec: ({ cluster, id }, words, { part, terminal: tty, stdin, folder }) =>
    inPod(cluster, id, [...(tty ? ['env', 'TERM=xterm-256color'] : []), ...inFolder(folder, words)], {
      part,
      stdin,
      terminal: tty,
    }),
  variables: 'by-file',
  noise: 'command terminated with exit code [0-9]+',
  brings: { mounts: BROUGHT, variables: SERVICE_VARIABLES },
}

const ports: Ports = {
  kind: 'relay',
  relay: ({ cluster, id }, { port, name }) => inPod(cluster, id, [INIT, 'forward', String(port), name], { stdin: true }),
  leash: ({ cluster, id }, name) => inPod(cluster, id, [INIT, 'leash', name], { stdin: true }),
}

const wall: Wall = {
  change: ({ cluster, id }, { stages, files }) => [
    exec(inPod(cluster, id, ['/usr/bin/bash', '-s'], { part: 'proxy', stdin: true }), { stdin: policyScript(stages, files) }),
  ],
  // Of a manager of its own: what an earlier change left there goes with this one.
  keep: ({ cluster, id }, files) => [
    exec(kubectl(cluster, 'apply', '--server-side', '--force-conflicts', '--field-manager=paude-change', '--filename=-'), {
      stdin: listText([policyMap(id, files)]),
    }),
  ],
  // A proxy that starts again would take the mounted one, of the start.
  renew: null,
  there: ({ cluster, id }) =>
    inPod(cluster, id, ['/usr/bin/bash', '-c', thereScript('/paude/policy')], { part: 'proxy', stdin: true }),
  requests: ({ cluster, id }, { follow }) =>
    kubectl(cluster, 'logs', `deployment/${parts(id).proxy}`, '--container=proxy', ...(follow ? ['--follow'] : [])),
  neighbour: null,
  thisMachine: [],
  apart: () => 'a cluster does not reach this machine',
  beside,
}

/** Lays the files of a policy out in the proxy and has it taken up. */
function policyScript(stages: string, files: Readonly<Record<string, string>>): string {
  const { stages: _, ...rest } = files
  const end = `END-${new Bun.CryptoHasher('sha256').update(stages).digest('hex')}`
  return [
    'set -e',
    'cd /paude/policy',
    ...layLines(rest),
    `exec /usr/lib/paude/policy <<'${end}'\n${stages === '' || stages.endsWith('\n') ? stages : `${stages}\n`}${end}`,
    '',
  ].join('\n')
}

/** What is asked while a pod is awaited explains itself: kubectl succeeded, and the cluster is what failed. */
function explainAnswer(failure: Failure): PaudeError {
  const asked = failure.argv.find((word) => word === 'pods' || word === 'events')
  if (failure.code !== 0 || asked === undefined) return explain(failure)
  const { items } = JSON.parse(failure.stdout || '{"items":[]}') as { readonly items: readonly (Pod & Event)[] }
  const where = { context: given(failure, 'context'), namespace: given(failure, 'namespace') }
  const broken = items.some(({ status }) =>
    status?.initContainerStatuses?.some(({ name, state }) => name === 'proof' && (state?.terminated?.exitCode ?? 0) !== 0),
  )
  if (broken)
    return new PaudeError('self-test', 'the wall around the agent is not proved, so the agent was not started', {
      hint: 'a cluster needs a network that enforces NetworkPolicy, such as Calico or Cilium',
    })
  const found = troubleOf({ ...where, pods: asked === 'pods' ? items : [], events: asked === 'events' ? items : [] })
  return (
    found?.error ??
    new PaudeError('command-failed', 'the cluster has not started the pod of the agent', {
      hint: `kubectl --context=${where.context} --namespace=${where.namespace} describe pods --selector=paude.id`,
    })
  )
}

const given = ({ argv }: Failure, name: string): string =>
  argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''

const versionQuery = (settings: BackendSettings): Query<Engine> => ({
  argv: kubectl(clusterOf(settings), '--request-timeout=10s', 'version', '--output=json'),
  parse: (stdout) => {
    const { clientVersion, serverVersion } = JSON.parse(stdout) as {
      readonly clientVersion?: { readonly gitVersion?: string }
      readonly serverVersion?: { readonly gitVersion?: string; readonly platform?: string }
    }
    const plain = (text = '') => text.replace(/^v/, '')
    return {
      version: plain(serverVersion?.gitVersion),
      client: plain(clientVersion?.gitVersion),
      rootless: false,
      architecture: serverVersion?.platform?.split('/')[1] ?? '',
      runtime: '',
    }
  },
})

/** A cluster, by kubectl alone. */
export const kubernetes: Backend = {
  name: 'kubernetes',
  remote: null,
  program: programs.kubernetes,
  can: {
    isolation: 'pod',
    networks: ['none', 'restricted', 'ask', 'record'],
    transports: ['volume'],
    mounts: 'none',
    limits: ['cpus', 'memory'],
    hardening: ['readOnlyRoot', 'noNewPrivileges'],
    hostPorts: false,
    sharedHome: true,
  },
  own: (settings, host) => {
    const cluster = clusterOf(settings)
    return {
      kind: 'kubernetes',
      cluster: { ...cluster, context: cluster.context || currentContext(host) },
      owner: '',
      link: 'service',
      selinux: false,
    }
  },
  // Nothing of this machine is in the pod, so nobody there need be you.
  user: () => ({ uid: 1000, gid: 1000 }),
  life,
  files: { way: 'carried', outAtRest: null, bring },
  inventory,
  health: {
    tested: ['1.33'],
    fixes: 'https://kubernetes.io/releases',
    unfit: () => '',
    reach: (host) => ({ look: 'file', path: kubeconfigs(host).find((path) => existsSync(path)) ?? kubeconfigs(host)[0] ?? '' }),
    variables: ['KUBECONFIG'],
    version: versionQuery,
    brief: (_, settings) => versionQuery(settings),
    far: null,
    info: null,
    checks: (settings) => clusterChecks(clusterOf(settings)),
    rights: ({ kubernetesNamespace }, to) => rightsManifest(kubernetesNamespace, to),
    machine: () => [],
    mend: {
      missing: 'install kubectl: https://kubernetes.io/docs/tasks/tools',
      down: 'check your kubeconfig (KUBECONFIG), and that the cluster answers: kubectl cluster-info',
      silent: 'check that the cluster answers: kubectl cluster-info',
      denied: 'log in to the cluster again, then: kubectl auth can-i create jobs',
    },
    explain: explainAnswer,
  },
  terminal,
  inside,
  ports,
  wall,
  images: null,
  published: ({ kubernetesRegistry: registry }, reference) =>
    registry === '' ? '' : `${registry}/${reference.split('/').at(-1) ?? ''}`,
  volumes: looking,
}
