import { PaudeError } from '../../errors.ts'
import { findProgram } from '../../host.ts'
import { exec } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Engine, Inside, Life, Ports, Terminal, Wall } from '../backend.ts'
import { type Check, ok, problem, warning } from '../check.ts'
import { INIT } from '../first-program.ts'
import { programs } from '../names.ts'
import { older } from '../version.ts'
import { explain } from './explain.ts'
import { images } from './images.ts'
import { inventory, remaining, stateQuery } from './inventory.ts'
import { BROUGHT_IN, makePlan, volumes, WRITABLE, wakeProxy } from './make.ts'
import { container, parts } from './names.ts'

const life: Life = {
  make: makePlan,
  begin: ({ id }) => [exec(container('start', parts(id).agent))],
  wake: wakeProxy,
  stop: ({ id, link }, grace) => [
    exec(container('stop', `--time=${grace}`, parts(id).agent), { takes: grace }),
    ...(link === 'none' ? [] : [exec(container('stop', '--time=0', parts(id).proxy), { tolerant: true })]),
  ],
  anew: null,
  remove: ({ id, link, volume }) => [
    // One by one: one that is not there would keep the other.
    ...(link === 'none' ? [parts(id).agent] : [parts(id).agent, parts(id).proxy]).map((part) =>
      exec(container('delete', '--force', part), { left: remaining(part) }),
    ),
    ...(volume === undefined ? [] : [exec(container('volume', 'delete', volume.name), { tolerant: true })]),
  ],
  remains: ({ id }) => remaining(...Object.values(parts(id))),
  removeHomes: (_, names) => [exec(container('volume', 'delete', ...names))],
  signal: ({ id }, signal) =>
    signal === 'TERM'
      ? container('stop', '--time=10', parts(id).agent)
      : container('kill', `--signal=${signal}`, parts(id).agent),
  pause: null,
  state: stateQuery,
  wait: null,
  logs: ({ id }, { follow, since = '', tail }) => {
    if (since !== '')
      throw new PaudeError('unsupported', 'apple keeps no times in what an agent prints', {
        hint: `paude logs ${id}, without --since`,
      })
    return container(
      'logs',
      ...(follow ? ['--follow'] : []),
      ...(tail === undefined ? [] : ['-n', String(tail)]),
      parts(id).agent,
    )
  },
}

const terminal: Terminal = {
  begins: true,
  keeps: true,
  open: ({ id }, { stdin }) => container('start', '--attach', ...(stdin ? ['--interactive'] : []), parts(id).agent),
  // `start --attach` takes only a container that is stopped.
  rejoin: null,
}

const inside: Inside = {
  // No `--` before the words: it would be the first of them.
  exec: ({ id }, words, { part, terminal: tty, stdin, folder, variables = [] }) =>
    container(
      'exec',
      ...(stdin ? ['--interactive'] : []),
      ...(tty ? ['--tty', '--env=TERM=xterm-256color'] : []),
      ...variables,
      ...(folder === '' ? [] : [`--workdir=${folder}`]),
      parts(id)[part],
      // The engine has no flag for it, and the agent's first program is not this one's parent.
      ...(part === 'agent' ? [INIT, 'unprivileged'] : []),
      ...words,
    ),
  variables: 'by-client',
  noise: null,
  brings: { mounts: [...BROUGHT_IN, ...WRITABLE], writable: WRITABLE, variables: [] },
}

const ports: Ports = {
  kind: 'relay',
  relay: ({ id }, to) => container('exec', '--interactive', parts(id).agent, INIT, 'forward', String(to.port), to.name),
  leash: ({ id }, name) => container('exec', '--interactive', parts(id).agent, INIT, 'leash', name),
}

const wall: Wall = {
  change: ({ id }, { stages }) => [
    exec(container('exec', '--interactive', parts(id).proxy, '/usr/lib/paude/policy'), { stdin: stages }),
  ],
  // Nobody has tried it on a Mac.
  renew: null,
  keep: () => [],
  there: null,
  requests: ({ id }, { follow }) => container('logs', ...(follow ? ['--follow'] : []), parts(id).proxy),
  neighbour: null,
  thisMachine: [],
  apart: () => 'the proxy runs in a virtual machine, which does not reach this machine by a name',
  beside: null,
}

/** Its answer while it does not run has exit code 1 and says so on stdout. */
const STATUS: Query<Engine> = {
  argv: container('system', 'status', '--format=json'),
  parse: (stdout) => {
    const { apiServerVersion = '' } = JSON.parse(stdout) as { readonly apiServerVersion?: string }
    // It is a sentence.
    const version = /\d+\.\d+(?:\.\d+)?/.exec(apiServerVersion)?.[0] ?? ''
    return { version, client: version, rootless: false, architecture: '', runtime: '' }
  },
}

/** Of `sw_vers -productVersion`. */
export const macChecks = (stdout: string): readonly Check[] => {
  const version = stdout.trim()
  return [
    older(version, OLDEST_MAC)
      ? problem('macOS', `${version} is older than ${OLDEST_MAC}, which apple needs`, 'update macOS, or use another backend')
      : ok('macOS', version),
    warning(
      'apple',
      'paude was never run with it on a Mac, only with a program that imitates it',
      'check the sandbox, and send what it prints: paude selftest --backend apple',
    ),
  ]
}

const OLDEST_MAC = '26'

/** Apple's `container`: each box a virtual machine of its own. */
export const apple: Backend = {
  name: 'apple',
  remote: null,
  program: programs.apple,
  can: {
    isolation: 'vm',
    networks: ['none', 'restricted', 'ask', 'record'],
    transports: ['volume'],
    mounts: 'none',
    limits: ['cpus', 'memory'],
    hardening: ['readOnlyRoot', 'noNewPrivileges'],
    hostPorts: false,
    sharedHome: false,
  },
  own: () => ({ kind: 'apple', link: 'folder', selinux: false }),
  user: (host) => ({ uid: host.uid, gid: host.gid }),
  life,
  // Nothing of the project lies on this machine: what is mounted is the session's own.
  files: { way: 'mounted', outAtRest: null, bring: null },
  inventory,
  health: {
    tested: ['1.0', '1.2'],
    imitated: true,
    fixes: 'https://github.com/apple/container/releases',
    unfit: (host) => (findProgram(host, 'sw_vers') === null ? 'needs a Mac' : ''),
    reach: () => ({ look: 'program' }),
    variables: [],
    version: () => STATUS,
    brief: () => STATUS,
    far: null,
    info: null,
    checks: () => [{ argv: ['sw_vers', '-productVersion'], parse: macChecks }],
    rights: null,
    machine: () => [],
    mend: {
      missing: 'install it on a Mac with macOS 26: https://github.com/apple/container/releases',
      down: 'container system start',
      silent: 'container system stop, then container system start',
      denied: 'container system start, as the user who runs paude',
    },
    explain,
  },
  terminal,
  inside,
  ports,
  wall,
  images,
  published: () => '',
  volumes,
}
