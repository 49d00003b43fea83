import type { Handle, Part, State, Status } from '../../box/handle.ts'
import { buildPlan } from '../../image/build.ts'
import { type Argv, exec, type Plan, together } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Files, Images, Inside, Inventory, Life, Ports, Terminal, Wall } from '../backend.ts'
import { INIT } from '../first-program.ts'
import { qualified } from '../qualified.ts'
import { recipePlan } from '../recipe.ts'
import { BRINGS, builder, type Dialect, HELPER_LIMITS, helperFlags } from './flags.ts'
import { initPlan } from './init.ts'
import { inspectQuery } from './inspect.ts'
import { listImages, listStages, listUsed } from './list.ts'
import { makePlan } from './make.ts'
import { parts } from './names.ts'
import { probeArgv } from './probe.ts'
import { isOutOfMemory, memoryEnds, usageQuery } from './usage.ts'
import { removeWorkspace, volumes } from './workspace.ts'

/** What docker and podman do alike. */
export const capabilities = (
  dialect: Dialect,
): Pick<Backend, 'can' | 'files' | 'images' | 'published' | 'inside' | 'life' | 'ports' | 'terminal' | 'volumes' | 'wall'> => ({
  can: {
    isolation: 'container',
    networks: ['none', 'open', 'restricted', 'ask', 'record'],
    transports: ['bind', 'volume'],
    mounts: 'files and folders',
    limits: ['cpus', 'memory', 'pids'],
    hardening: ['readOnlyRoot', 'noNewPrivileges', 'seccomp'],
    hostPorts: true,
    sharedHome: true,
  },
  files: { way: 'mounted', outAtRest: outAtRest(dialect), bring: null },
  life: life(dialect),
  terminal: terminal(dialect),
  inside: inside(dialect),
  ports: ports(dialect),
  volumes: volumes(dialect),
  wall: wall(dialect),
  images: images(dialect),
  published: () => '',
})

const life = (dialect: Dialect): Life => {
  const { name } = dialect
  const remains: Life['remains'] = ({ id }) => [name, 'ps', '--all', '--quiet', `--filter=label=paude.id=${id}`]
  return {
    make: (spec, rescue) => makePlan(dialect, spec, rescue),
    begin: ({ id }) => [exec([name, 'start', parts(id).agent])],

    wake: (box, secret) => {
      const { proxy } = parts(box.id)
      const helpers = helpersOf(box)
      const lane: Plan = [
        ...(helpers.length > 0 ? [exec([name, 'start', ...helpers], { undo: [name, 'stop', '-t', '0', ...helpers] })] : []),
        ...(secret === null ? [] : [exec([name, 'exec', '--interactive', proxy, '/usr/lib/paude/secret'], { stdin: secret })]),
      ]
      // The first program of the box waits for the proxy; that of an older one has to find the gate's network.
      return lane.length === 0 || box.link === 'gate' ? lane : [together([], { trailing: lane })]
    },

    stop: (box, grace) => {
      // One by one: podman stops none of several of which one is not there, as where the folder of a session is lost.
      const helpers = helpersOf(box).map((one) => exec([name, 'stop', '-t', '0', one], { tolerant: true }))
      return [exec([name, 'stop', '-t', String(grace), parts(box.id).agent], { takes: grace }), ...helpers]
    },

    remove: (box) => {
      const { agent, link } = parts(box.id)
      const volume = box.link === 'volume' || box.link === 'gate'
      return [
        exec([name, ...dialect.removal, agent, ...helpersOf(box)], { left: remains(box) }),
        ...(volume ? [exec([name, 'volume', 'rm', '--force', link], { tolerant: true })] : []),
        ...removeWorkspace(dialect, box),
      ]
    },

    remains,
    removeHomes: (_, volumes) => [exec([name, 'volume', 'rm', ...volumes])],
    signal: ({ id }, signal) =>
      signal === 'TERM' ? [name, 'stop', '-t', '10', parts(id).agent] : [name, 'kill', `--signal=${signal}`, parts(id).agent],
    pause: {
      on: ({ id }) => [name, 'pause', parts(id).agent],
      off: ({ id }) => [name, 'unpause', parts(id).agent],
    },
    anew: null,
    state: (box) => stateQuery(name, box),
    wait: ({ id }) => [name, 'wait', parts(id).agent],
    logs: ({ id }, { follow, since = '', tail }) => [
      name,
      ...['logs', ...(follow ? ['--follow'] : []), ...(since === '' ? [] : [`--since=${since}`])],
      ...(tail === undefined ? [] : [`--tail=${tail}`]),
      parts(id).agent,
    ],
  }
}

/** The containers of a session besides its box. */
function helpersOf({ id, link }: Handle): readonly string[] {
  const { gate, proxy } = parts(id)
  return link === 'none' ? [] : link === 'gate' ? [gate, proxy] : [proxy]
}

/** The engines' own keys to leave it, where no holder has others. */
const DETACH_KEYS = '--detach-keys=ctrl-p,ctrl-q'

const terminal = ({ name, keepSignals, detachKeys }: Dialect): Terminal => ({
  begins: true,
  keeps: true,
  open: (box, { stdin }) => [
    name,
    'start',
    '--attach',
    ...(stdin ? ['--interactive'] : []),
    ...(box.terminal ? [...keepSignals, detachKeys] : []),
    parts(box.id).agent,
  ],
  rejoin: (box) => [name, 'attach', '--sig-proxy=false', box.terminal ? detachKeys : DETACH_KEYS, parts(box.id).agent],
})

const inside = ({ name, detachKeys }: Dialect): Inside => ({
  exec: ({ id }, words, { part, terminal, stdin, folder }) => [
    name,
    'exec',
    ...(stdin ? ['--interactive'] : []),
    ...(terminal ? ['--tty', '--env=TERM=xterm-256color', detachKeys] : []),
    ...(folder === '' ? [] : [`--workdir=${folder}`]),
    parts(id)[part],
    ...words,
  ],
  noise: null,
  brings: BRINGS,
})

const outAtRest =
  ({ name, followsLinks }: Dialect): Files['outAtRest'] =>
  ({ id }, path) => [name, 'cp', ...followsLinks, `${parts(id).agent}:${path}`, '-']

const ports = ({ name }: Dialect): Ports => ({
  kind: 'relay',
  relay: ({ id }, to) => [name, 'exec', '--interactive', parts(id).agent, INIT, 'forward', String(to.port), to.name],
  leash: ({ id }, leashed) => [name, 'exec', '--interactive', parts(id).agent, INIT, 'leash', leashed],
})

const wall = ({ name, always, hostName, apart }: Dialect): Wall => ({
  change: ({ id }, { stages }) => [
    exec([name, 'exec', '--interactive', parts(id).proxy, '/usr/lib/paude/policy'], { stdin: stages }),
  ],
  keep: () => [],
  there: null,
  requests: ({ id }, { follow }) => [name, 'logs', ...(follow ? ['--follow'] : []), parts(id).proxy],
  neighbour: (image) => [
    name,
    ...['run', '--rm', '--interactive', '--pull=never', '--log-driver=none', ...always, ...hostName],
    ...['--user=13:13', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', '--entrypoint=/usr/bin/bash'],
    ...[image, '-c', 'while read -r line; do [[ -z $line ]] || echo "$line"; done </etc/hosts; echo; read -r'],
  ],
  // In the order in which the proxy looks for them.
  thisMachine: ['host.paude.internal', 'host.containers.internal', 'host.docker.internal'],
  beside: null,
  apart,
})

const images = (dialect: Dialect): Images => {
  const { name } = dialect
  return {
    id: (reference) => ({ argv: [name, 'image', 'inspect', '--format={{.Id}}', reference], parse: (stdout) => stdout.trim() }),
    has: (reference) => [name, 'image', 'inspect', reference],
    inspect: (reference) => inspectQuery(name, reference),
    list: listImages(name),
    stages: listStages(name),
    used: listUsed(name),
    pull: (reference) => [exec([name, 'pull', qualified(reference)], { title: `pulling ${qualified(reference)}` })],
    build: (building) =>
      buildPlan(builder(dialect), building, (label) => [name, 'image', 'prune', '--force', `--filter=label=${label}`]),
    init: (reference, to) => initPlan(dialect, reference, to),
    make: (building) => recipePlan({ ...building, builder: builder(dialect), readsStdin: true }),
    push: (reference, as) => [
      // The name is the mark that it was pushed.
      exec([name, 'tag', reference, as], { undo: [name, 'image', 'rm', as] }),
      exec([name, 'push', as], { title: `pushing ${as}` }),
    ],
    remove: (reference) => [name, 'image', 'rm', reference],
    run: (reference, script, as) => [
      name,
      ...['run', '--rm', ...helperFlags(as), '--pull=never', ...dialect.always, '--network=none', '--log-driver=none'],
      ...['--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', ...HELPER_LIMITS, '--no-healthcheck'],
      ...['--entrypoint=/bin/sh', reference, '-c', script],
    ],
    probe: (reference, who, as) => probeArgv(dialect, reference, { ...who, ...as }),
  }
}

/** A question to the one engine that this machine has, whatever sessions are known. */
export const always =
  <T>(query: Query<T>) =>
  (): readonly Query<T>[] => [query]

/** What both tell and remove of their parts alike. */
export const bySession = ({ name, removal }: Dialect): Pick<Inventory, 'outOfMemory' | 'removeParts' | 'told' | 'usage'> => ({
  usage: usageQuery(name),
  outOfMemory: memoryEnds(name),
  told: ({ id, homeVolume }) => {
    const { agent, proxy } = parts(id)
    return [
      ...[agent, proxy].map((part): Argv => [name, 'container', 'inspect', part]),
      [name, 'volume', 'inspect', homeVolume] satisfies Argv,
    ]
  },
  // Containers before volumes: one that is in use stays.
  removeParts: (all) => {
    const of = (kind: Part['kind']) => all.filter((part) => part.kind === kind).map(({ reference }) => reference)
    const [containers, volumes] = [of('container'), of('volume')]
    return [
      ...(containers.length > 0 ? [exec([name, ...removal, ...containers], { tolerant: true })] : []),
      ...(volumes.length > 0 ? [exec([name, 'volume', 'rm', '--force', ...volumes], { tolerant: true })] : []),
    ]
  },
})

function stateQuery(name: string, { id }: Handle): Query<State> {
  return {
    argv: [name, 'container', 'inspect', '--format={{json .State}}', parts(id).agent] satisfies Argv,
    parse: (stdout) => {
      const state = JSON.parse(stdout) as { Status?: string; ExitCode?: number; OOMKilled?: boolean }
      return {
        status: statusOf(state.Status ?? ''),
        exitCode: state.ExitCode ?? 0,
        ...(isOutOfMemory(state) ? { outOfMemory: true } : {}),
      }
    },
  }
}

/** The engines' words for a container's state, in ours. */
export function statusOf(word: string): Status {
  switch (word.toLowerCase()) {
    case 'running':
    case 'restarting':
    case 'stopping':
      return 'running'
    case 'paused':
      return 'paused'
    case 'created':
    case 'initialized':
    case 'configured':
      return 'created'
    default:
      return 'exited'
  }
}
