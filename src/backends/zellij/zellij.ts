import type { Handle, State } from '../../box/handle.ts'
import { PaudeError } from '../../errors.ts'
import { findProgram } from '../../host.ts'
import { type Argv, exec, folder, type Plan, write } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import { shown } from '../../text.ts'
import type { Backend, Engine, Failure, Life, Terminal } from '../backend.ts'
import { programs } from '../names.ts'
import { sessions, stateOf } from './inventory.ts'
import { CONFIG, layout } from './layout.ts'
import { fitsSocket, RUN, scriptOf } from './place.ts'
import session from './session.sh' with { type: 'text' }

type Verb = 'create' | 'begin' | 'open' | 'attach' | 'state' | 'stop' | 'interrupt' | 'kill' | 'running' | 'remains'

const call = ({ id, folder: place }: Pick<Handle, 'id' | 'folder'>, verb: Verb, ...words: readonly string[]): Argv => [
  '/bin/sh',
  scriptOf(place),
  verb,
  id,
  ...words,
]

/** Seconds that zellij gets for a new session, and that its session gets to end. */
const PATIENCE = 30

const stopped = (box: Handle, seconds: number): Argv => call(box, 'stop', String(seconds))

/** The terminal, with a program in it that waits for the word to become the agent. */
const created = (box: Handle): Plan => [
  exec(call(box, 'create'), { yours: true, folder: box.folder, most: PATIENCE, undo: stopped(box, 0) }),
]

const life: Life = {
  make: (spec) => {
    const run = `${spec.folder}/${RUN}`
    const { 'command.sh': command = '', ...rest } = spec.seed
    const hooks = Object.entries(rest)
    if (!fitsSocket(spec.folder))
      throw new PaudeError('refused', `the path of the session's folder is too long for a socket: ${shown(spec.folder)}`, {
        hint: 'export XDG_STATE_HOME=DIRECTORY, a short path where you can write',
      })
    return [
      folder(run),
      write(scriptOf(spec.folder), session, 0o700),
      // Looked for once, where the project cannot put one: a script would take the first of PATH.
      write(`${run}/program`, spec.own.kind === 'host' ? `${spec.own.program}\n` : ''),
      write(`${run}/config.kdl`, CONFIG),
      write(`${run}/layout.kdl`, layout('/bin/sh', [scriptOf(spec.folder), 'pane', spec.id])),
      write(`${run}/command.sh`, command),
      ...(hooks.length === 0 ? [] : [folder(`${spec.folder}/seed`)]),
      ...hooks.map(([name, text]) => write(`${spec.folder}/seed/${name}`, text)),
      ...created({ ...spec, link: 'none', overlays: [] }),
    ]
  },
  begin: (box) => [exec(call(box, 'begin'), { most: PATIENCE })],
  wake: (box) => created(box),
  stop: (box, grace) => [exec(stopped(box, grace), { takes: grace, most: grace + PATIENCE })],
  anew: null,
  remove: (box) => [exec(stopped(box, 0), { tolerant: true, most: PATIENCE })],
  remains: (box) => call(box, 'remains'),
  removeHomes: () => [],
  signal: (box, signal) => {
    switch (signal) {
      case 'INT':
        return call(box, 'interrupt')
      case 'TERM':
        return stopped(box, 10)
      case 'KILL':
        return call(box, 'kill')
      case 'CONT':
        return call(box, 'running')
    }
  },
  pause: null,
  state: (box): Query<State> => ({ argv: call(box, 'state'), parse: stateOf }),
  wait: null,
  // What is on the screen has its holder, and nothing else is kept.
  logs: (box) => call(box, 'state'),
}

/** Joining begins it: so the agent begins on a screen of the right size. */
const terminal: Terminal = {
  begins: true,
  open: (box) => call(box, 'open'),
  keeps: false,
  rejoin: (box) => call(box, 'attach'),
}

/** What the script says is a sentence already. Without it, the folder of the session is gone. */
function explain({ code, stderr }: Failure): PaudeError {
  const lines = stderr.trim().split('\n')
  const said = lines.find((line) => line.startsWith('paude: '))?.slice('paude: '.length) ?? ''
  if (said !== '')
    return new PaudeError(/already running|being started/.test(said) ? 'name-taken' : 'command-failed', said, {
      hint: 'paude sessions',
    })
  if (code === 127 || /session\.sh/.test(stderr))
    return new PaudeError('not-found', 'the session is gone', { hint: 'paude sessions' })
  return new PaudeError(
    'command-failed',
    `zellij failed with exit code ${code}${lines[0] === '' ? '' : `: ${lines.at(-1) ?? ''}`}`,
    {
      hint: 'zellij --version',
    },
  )
}

const version: Query<Engine> = {
  argv: [programs.zellij, '--version'],
  parse: (stdout) => {
    const found = /^zellij (\d+(?:\.\d+)*)/m.exec(stdout)?.[1] ?? ''
    return { version: found, client: found, rootless: false, architecture: '', runtime: '' }
  },
}

/** A terminal on this machine that outlives yours. There is no wall: what the agent may do, it may do as you. */
export const zellij: Backend = {
  name: 'zellij',
  remote: null,
  program: programs.zellij,
  scripted: true,
  can: {
    isolation: 'none',
    networks: ['open'],
    transports: ['host'],
    mounts: 'none',
    limits: [],
    hardening: [],
    hostPorts: true,
    sharedHome: true,
  },
  own: (_, host) => ({
    kind: 'host',
    program: findProgram(host, programs.zellij) ?? programs.zellij,
    link: 'none',
    selinux: false,
  }),
  user: ({ uid, gid }) => ({ uid, gid }),
  life,
  files: { way: 'here', outAtRest: null, bring: null },
  inventory: {
    sessions,
    parts: () => [],
    volumes: () => [],
    usage: null,
    outOfMemory: null,
    told: () => [],
    removeParts: () => [],
  },
  health: {
    tested: ['0.45'],
    fixes: 'https://github.com/zellij-org/zellij/releases',
    unfit: () => '',
    reach: () => ({ look: 'program' }),
    variables: [],
    version: () => version,
    brief: () => version,
    far: null,
    info: null,
    checks: () => [],
    rights: null,
    machine: () => [],
    mend: {
      missing: 'install zellij 0.45 or later: https://zellij.dev/documentation/installation',
      down: 'check that it starts: zellij --version',
      silent: 'check that it answers: zellij --version',
      denied: 'check that you may run it: zellij --version',
    },
    explain,
  },
  terminal,
  inside: null,
  ports: null,
  wall: null,
  images: null,
  published: () => '',
  volumes: null,
}
