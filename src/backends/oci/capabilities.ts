import { join } from 'node:path'
import type { Handle, Part, State, Status } from '../../box/handle.ts'
import { CALL } from '../../box/lay-out.ts'
import { buildPlan } from '../../image/build.ts'
import { type Argv, exec, type Plan, together } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Files, Images, Inside, Inventory, Life, Ports, Terminal, Wall } from '../backend.ts'
import { INIT } from '../first-program.ts'
import { qualified } from '../qualified.ts'
import { recipePlan } from '../recipe.ts'
import { bringImported, farPolicy, removeFarVolumes, takeUp } from './far.ts'
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
    transports: dialect.elsewhere ? ['volume'] : ['bind', 'volume'],
    mounts: dialect.elsewhere ? 'none' : 'files and folders',
    limits: ['cpus', 'memory', 'pids'],
    hardening: ['readOnlyRoot', 'noNewPrivileges', 'seccomp'],
    hostPorts: !dialect.elsewhere,
    sharedHome: true,
  },
  files: {
    way: dialect.elsewhere ? 'carried' : 'mounted',
    outAtRest: outAtRest(dialect),
    bring: dialect.elsewhere ? bringImported(dialect) : null,
  },
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
  const { client } = dialect
  const remains: Life['remains'] = ({ id }) => [...client, 'ps', '--all', '--quiet', `--filter=label=paude.id=${id}`]
  return {
    make: (spec, rescue) => makePlan(dialect, spec, rescue),
    begin: ({ id }) => [exec([...client, 'start', parts(id).agent])],

    wake: (box, secret) => {
      const { proxy } = parts(box.id)
      const helpers = helpersOf(box)
      const lane: Plan = [
        ...(helpers.length > 0
          ? [exec([...client, 'start', ...helpers], { undo: [...client, 'stop', '-t', '0', ...helpers] })]
          : []),
        ...(secret === null
          ? []
          : [exec([...client, 'exec', '--interactive', proxy, '/usr/lib/paude/secret'], { stdin: secret })]),
      ]
      // The first program of the box waits for the proxy; that of an older one has to find the gate's network.
      return lane.length === 0 || box.link === 'gate' ? lane : [together([], { trailing: lane })]
    },

    stop: (box, grace) => {
      // One by one: podman stops none of several of which one is not there, as where the folder of a session is lost.
      const helpers = helpersOf(box).map((one) => exec([...client, 'stop', '-t', '0', one], { tolerant: true }))
      return [exec([...client, 'stop', '-t', String(grace), parts(box.id).agent], { takes: grace }), ...helpers]
    },

    remove: (box) => {
      const { agent, link } = parts(box.id)
      const volume = box.link === 'volume' || box.link === 'gate'
      return [
        exec([...client, ...dialect.removal, agent, ...helpersOf(box)], { left: remains(box) }),
        ...(dialect.elsewhere
          ? removeFarVolumes(dialect, box)
          : [
              ...(volume ? [exec([...client, 'volume', 'rm', '--force', link], { tolerant: true })] : []),
              ...removeWorkspace(dialect, box),
            ]),
      ]
    },

    remains,
    removeHomes: (_, volumes) => [exec([...client, 'volume', 'rm', ...volumes])],
    signal: ({ id }, signal) =>
      signal === 'TERM'
        ? [...client, 'stop', '-t', '10', parts(id).agent]
        : [...client, 'kill', `--signal=${signal}`, parts(id).agent],
    pause: {
      on: ({ id }) => [...client, 'pause', parts(id).agent],
      off: ({ id }) => [...client, 'unpause', parts(id).agent],
    },
    anew: null,
    state: (box) => stateQuery(client, box),
    wait: ({ id }) => [...client, 'wait', parts(id).agent],
    logs: ({ id }, { follow, since = '', tail }) => [
      ...client,
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

const terminal = ({ client, keepSignals, detachKeys }: Dialect): Terminal => ({
  begins: true,
  keeps: true,
  open: (box, { stdin }) => [
    ...client,
    'start',
    '--attach',
    ...(stdin ? ['--interactive'] : []),
    ...(box.terminal ? [...keepSignals, detachKeys] : []),
    parts(box.id).agent,
  ],
  rejoin: (box) => [...client, 'attach', '--sig-proxy=false', box.terminal ? detachKeys : DETACH_KEYS, parts(box.id).agent],
})

const inside = ({ client, detachKeys }: Dialect): Inside => ({
  exec: ({ id }, words, { part, terminal, stdin, folder, variables = [] }) => [
    ...client,
    'exec',
    ...(stdin ? ['--interactive'] : []),
    ...(terminal ? ['--tty', '--env=TERM=xterm-256color', detachKeys] : []),
    ...variables,
    ...(folder === '' ? [] : [`--workdir=${folder}`]),
    parts(id)[part],
    ...words,
  ],
  variables: 'by-client',
  noise: null,
  brings: BRINGS,
})

const outAtRest =
  ({ client, followsLinks }: Dialect): Files['outAtRest'] =>
  ({ id }, path) => [...client, 'cp', ...followsLinks, `${parts(id).agent}:${path}`, '-']

const ports = ({ client }: Dialect): Ports => ({
  kind: 'relay',
  relay: ({ id }, to) => [...client, 'exec', '--interactive', parts(id).agent, INIT, 'forward', String(to.port), to.name],
  leash: ({ id }, leashed) => [...client, 'exec', '--interactive', parts(id).agent, INIT, 'leash', leashed],
})

const wall = (dialect: Dialect): Wall => ({
  ...(dialect.elsewhere ? farPolicy(dialect) : mountedPolicy(dialect)),
  ...reached(dialect),
})

/** The proxy reads the folder of the session itself, and listens there. */
const mountedPolicy = (dialect: Dialect): Pick<Wall, 'change' | 'keep' | 'there'> => ({
  change: (box, { stages }) => takeUp(dialect, box, stages, box.link === 'folder' ? join(box.folder, CALL) : ''),
  keep: () => [],
  there: null,
})

const reached = ({ client, always, hostName, apart, elsewhere }: Dialect): Omit<Wall, 'change' | 'keep' | 'there'> => ({
  renew: ({ id }, places, values) => [
    exec([...client, 'exec', '--interactive', parts(id).proxy, '/usr/lib/paude/secret', 'renew', ...places.map(String)], {
      stdin: values,
    }),
  ],
  requests: ({ id }, { follow }) => [...client, 'logs', ...(follow ? ['--follow'] : []), parts(id).proxy],
  neighbour: elsewhere
    ? null
    : (image) => [
        ...client,
        ...['run', '--rm', '--interactive', '--pull=never', '--log-driver=none', ...always, ...hostName],
        ...['--user=13:13', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', '--entrypoint=/usr/bin/bash'],
        ...[image, '-c', 'while read -r line; do [[ -z $line ]] || echo "$line"; done </etc/hosts; echo; read -r'],
      ],
  // In the order in which the proxy looks for them.
  thisMachine: elsewhere ? [] : ['host.paude.internal', 'host.containers.internal', 'host.docker.internal'],
  beside: null,
  apart,
})

const images = (dialect: Dialect): Images => {
  const { client } = dialect
  return {
    id: (reference) => ({
      argv: [...client, 'image', 'inspect', '--format={{.Id}}', reference],
      parse: (stdout) => stdout.trim(),
    }),
    has: (reference) => [...client, 'image', 'inspect', reference],
    inspect: (reference) => inspectQuery(client, reference),
    list: listImages(dialect),
    stages: listStages(dialect),
    used: listUsed(dialect),
    pull: (reference) => [exec([...client, 'pull', qualified(reference)], { title: `pulling ${qualified(reference)}` })],
    build: (building) =>
      buildPlan(builder(dialect), building, (label) => [...client, 'image', 'prune', '--force', `--filter=label=${label}`]),
    init: (reference, to) => initPlan(dialect, reference, to),
    make: (building) => recipePlan({ ...building, builder: builder(dialect), readsStdin: true }),
    push: (reference, as) => [
      // The name is the mark that it was pushed.
      exec([...client, 'tag', reference, as], { undo: [...client, 'image', 'rm', as] }),
      exec([...client, 'push', as], { title: `pushing ${as}` }),
    ],
    remove: (reference) => [...client, 'image', 'rm', reference],
    run: (reference, script, as) => [
      ...client,
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
export const bySession = ({ client, removal }: Dialect): Pick<Inventory, 'outOfMemory' | 'removeParts' | 'told' | 'usage'> => ({
  usage: usageQuery(client),
  outOfMemory: memoryEnds(client),
  told: ({ id, homeVolume }) => {
    const { agent, proxy } = parts(id)
    return [
      ...[agent, proxy].map((part): Argv => [...client, 'container', 'inspect', part]),
      [...client, 'volume', 'inspect', homeVolume] satisfies Argv,
    ]
  },
  // Containers before volumes: one that is in use stays.
  removeParts: (all) => {
    const of = (kind: Part['kind']) => all.filter((part) => part.kind === kind).map(({ reference }) => reference)
    const [containers, volumes] = [of('container'), of('volume')]
    return [
      ...(containers.length > 0 ? [exec([...client, ...removal, ...containers], { tolerant: true })] : []),
      ...(volumes.length > 0 ? [exec([...client, 'volume', 'rm', '--force', ...volumes], { tolerant: true })] : []),
    ]
  },
})

function stateQuery(client: Argv, { id }: Handle): Query<State> {
  return {
    argv: [...client, 'container', 'inspect', '--format={{json .State}}', parts(id).agent] satisfies Argv,
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
