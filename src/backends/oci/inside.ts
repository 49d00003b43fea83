import type { Handle, State, Status } from '../../box/handle.ts'
import { type Argv, exec, type Plan, remove } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend } from '../backend.ts'
import type { Dialect } from './flags.ts'
import { parts } from './names.ts'

/** What docker and podman do alike with a session that exists. */
export function sessionPlans(
  dialect: Dialect,
): Pick<
  Backend,
  | 'attach'
  | 'changePolicy'
  | 'exec'
  | 'forward'
  | 'leash'
  | 'inside'
  | 'logs'
  | 'neighbour'
  | 'receipt'
  | 'remove'
  | 'requests'
  | 'resume'
  | 'state'
  | 'stop'
  | 'terminal'
  | 'wait'
> {
  const { name } = dialect
  return {
    attach: (session) => [
      session.terminal
        ? holdStep(dialect, session, { starts: false, attached: true })
        : attachStep(dialect, session, ['attach', '--sig-proxy=false', '--detach-keys=ctrl-p,ctrl-q', session.id]),
    ],

    terminal: (session, starts) => terminalWords(dialect, session, starts),

    resume: (session, { attached, credential }) => {
      const { gate, proxy } = parts(session.id)
      const helpers = session.walled ? [exec([name, 'start', gate, proxy], { undo: [name, 'stop', '-t', '0', gate, proxy] })] : []
      const secrets =
        credential === null ? [] : [exec([name, 'exec', '--interactive', proxy, '/usr/lib/paude/secret'], { stdin: credential })]
      return [...helpers, ...secrets, beginStep(dialect, session, { attached })]
    },

    stop: (session, grace) => {
      const { agent, gate, proxy } = parts(session.id)
      const helpers: Plan = session.walled ? [exec([name, 'stop', '-t', '0', gate, proxy], { tolerant: true })] : []
      return [exec([name, 'stop', '-t', String(grace), agent]), ...helpers]
    },

    remove: (session, { volumes }) => {
      const { agent, gate, proxy, link } = parts(session.id)
      return [
        exec([name, ...dialect.removal, agent, ...(session.walled ? [gate, proxy] : [])], { tolerant: true }),
        ...(session.walled ? [exec([name, 'volume', 'rm', '--force', link], { tolerant: true })] : []),
        remove(session.folder),
        // Last, since it fails while another session of the project uses it.
        ...(volumes && session.homeVolume !== '' ? [exec([name, 'volume', 'rm', session.homeVolume])] : []),
      ]
    },

    exec: (session, words, { terminal, stdin }) => [
      {
        kind: 'attach',
        argv: [
          name,
          'exec',
          ...(stdin ? ['--interactive'] : []),
          ...(terminal ? ['--tty', '--env=TERM=xterm-256color', dialect.detachKeys] : []),
          `--workdir=${session.directory}`,
          session.id,
          ...FOUND_FIRST,
          ...words,
        ],
        terminal,
        stdin,
      },
    ],

    inside: ({ id }, words) => [name, 'exec', parts(id).agent, ...words],
    forward: ({ id }, to) => [name, 'exec', '--interactive', parts(id).gate, '/usr/lib/paude/forward', String(to.port), to.name],
    leash: ({ id }, leashed) => [name, 'exec', '--interactive', parts(id).gate, '/usr/lib/paude/leash', leashed],
    neighbour: (image) => [
      name,
      ...['run', '--rm', '--interactive', '--pull=never', '--log-driver=none', ...dialect.always, ...dialect.hostName],
      ...['--user=13:13', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', '--entrypoint=/usr/bin/bash'],
      ...[image, '-c', 'while read -r line; do [[ -z $line ]] || echo "$line"; done </etc/hosts; echo; read -r'],
    ],
    state: (session) => stateQuery(name, session),
    wait: ({ id }) => [name, 'wait', parts(id).agent],
    logs: (session, { follow }) => [name, 'logs', ...(follow ? ['--follow'] : []), session.id],
    requests: (session, { follow }) => [name, 'logs', ...(follow ? ['--follow'] : []), parts(session.id).proxy],
    changePolicy: (session, stages) => [
      exec([name, 'exec', '--interactive', parts(session.id).proxy, '/usr/lib/paude/policy'], { stdin: stages }),
    ],
    receipt: (session) => [name, 'logs', parts(session.id).gate],
  }
}

type Begun = Pick<Handle, 'id' | 'agent' | 'terminal' | 'folder'> & { readonly stdin?: boolean }

/** Starts the made agent: on a terminal that is held, on our streams, or by itself. */
export function beginStep(
  dialect: Dialect,
  session: Begun,
  { attached, timeout }: { readonly attached: boolean; readonly timeout?: number | undefined },
): Plan[number] {
  if (session.terminal) return holdStep(dialect, session, { starts: true, attached, timeout })
  if (!attached) return exec([dialect.name, 'start', parts(session.id).agent])
  return attachStep(dialect, session, startWords(session), timeout)
}

function holdStep(
  dialect: Dialect,
  { id, agent, folder }: Begun,
  { starts, attached, timeout }: { readonly starts: boolean; readonly attached: boolean; readonly timeout?: number | undefined },
): Plan[number] {
  return {
    kind: 'hold',
    id,
    agent,
    folder,
    argv: terminalWords(dialect, { id }, starts),
    starts,
    attached,
    terminate: [dialect.name, 'stop', '-t', '10', parts(id).agent],
    ...(timeout === undefined ? {} : { timeout }),
  }
}

/** Attached before it runs, so that its first bytes are not lost. */
const terminalWords = ({ name, keepSignals, detachKeys }: Dialect, { id }: Pick<Handle, 'id'>, starts: boolean): Argv =>
  starts
    ? [name, 'start', '--attach', '--interactive', ...keepSignals, detachKeys, parts(id).agent]
    : [name, 'attach', '--sig-proxy=false', detachKeys, parts(id).agent]

/** The step that hands our streams to the agent, whether it is started now or runs already. */
function attachStep(
  { name }: Dialect,
  session: Pick<Handle, 'id' | 'terminal'> & { readonly stdin?: boolean },
  words: readonly string[],
  timeout?: number,
): Plan[number] {
  const { agent } = parts(session.id)
  return {
    kind: 'attach',
    argv: [name, ...words],
    terminal: session.terminal,
    stdin: session.stdin ?? true,
    interrupt: [name, 'kill', '--signal=INT', agent],
    terminate: [name, 'stop', '-t', '10', agent],
    ...(timeout === undefined ? {} : { timeout }),
  }
}

const startWords = ({ id, stdin = true }: Begun): readonly string[] => [
  'start',
  '--attach',
  ...(stdin ? ['--interactive'] : []),
  parts(id).agent,
]

/** The engines' own answer to a program that is not there is 126 and a line about their runtime. */
const FOUND_FIRST = [
  'sh',
  '-c',
  'case $1 in */*) ;; *) command -v "$1" >/dev/null || { echo "paude: $1 was not found in the box" >&2; exit 127; } ;; esac; exec "$@"',
  'sh',
]

function stateQuery(name: string, { id }: Handle): Query<State> {
  return {
    argv: [name, 'container', 'inspect', '--format={{json .State}}', parts(id).agent] satisfies Argv,
    parse: (stdout) => {
      const state = JSON.parse(stdout) as { Status?: string; ExitCode?: number }
      return { status: statusOf(state.Status ?? ''), exitCode: state.ExitCode ?? 0 }
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
