import { type Argv, exec, type Plan } from '../plan/plan.ts'
import type { Query } from '../plan/query.ts'
import type { Backend, Handle, State, Status } from './backend.ts'
import { parts } from './oci-cli.ts'
import type { Dialect } from './oci-flags.ts'

/** What docker and podman do alike with a session that exists. */
export function sessionPlans(
  dialect: Dialect,
): Pick<Backend, 'attach' | 'exec' | 'logs' | 'receipt' | 'remove' | 'requests' | 'resume' | 'state' | 'stop' | 'wait'> {
  const { name } = dialect
  return {
    attach: (session) => [
      attachStep(dialect, session, ['attach', '--sig-proxy=false', '--detach-keys=ctrl-p,ctrl-q', session.id]),
    ],

    resume: (session, { attached, credential }) => {
      const { agent, gate, proxy } = parts(session.id)
      const helpers = session.walled ? [exec([name, 'start', gate, proxy], { undo: [name, 'stop', '-t', '0', gate, proxy] })] : []
      const secrets =
        credential === null ? [] : [exec([name, 'exec', '--interactive', proxy, '/usr/lib/paude/secret'], { stdin: credential })]
      const agents = attached ? attachStep(dialect, session, startWords(dialect, session)) : exec([name, 'start', agent])
      return [...helpers, ...secrets, agents]
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
        exec(['rm', '-rf', session.folder]),
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
          ...(terminal ? ['--tty', '--env=TERM=xterm-256color'] : []),
          `--workdir=${session.directory}`,
          session.id,
          ...words,
        ],
        terminal,
        stdin,
      },
    ],

    state: (session) => stateQuery(name, session),
    wait: ({ id }) => [name, 'wait', parts(id).agent],
    logs: (session, { follow }) => [name, 'logs', ...(follow ? ['--follow'] : []), session.id],
    requests: (session, { follow }) => [name, 'logs', ...(follow ? ['--follow'] : []), parts(session.id).proxy],
    receipt: (session) => [name, 'logs', parts(session.id).gate],
  }
}

/** The step that hands our streams to the agent, whether it is started now or runs already. */
export function attachStep(
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
    // An agent that runs already has painted its screen for somebody else.
    nudge: session.terminal && words[0] === 'attach',
  }
}

/** Words that start a made agent on our streams: attached before it runs, so that its first bytes are not lost. */
export function startWords(
  { keepSignals }: Dialect,
  { id, stdin = true, terminal }: Pick<Handle, 'id' | 'terminal'> & { readonly stdin?: boolean },
): readonly string[] {
  return [
    'start',
    '--attach',
    ...(stdin ? ['--interactive'] : []),
    ...(terminal ? [...keepSignals, '--detach-keys=ctrl-p,ctrl-q'] : []),
    parts(id).agent,
  ]
}

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
