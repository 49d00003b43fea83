import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { BASE, imageRef } from '../../src/image/build.ts'
import { quote } from '../../src/plan/shell.ts'
import { insideWithout, OUTSIDE } from './inside-without.ts'
import { copyProgram, openTmpdir } from './place.ts'
import { program } from './program.ts'
import { served } from './served.ts'

const root = join(import.meta.dir, '../..')
/**
 * Where `bun run check` wants all machines, to remove them at its end. ext4 without a journal looks through every file that went within
 * a minute before it makes a new one, which took a tenth of all time.
 */
const ROOMS = process.env['PAUDE_TEST_ROOMS'] ?? ''
const fixtures = join(root, 'test/fixtures')

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** A machine in a folder: a home, a project, and engines that answer with what real ones said. */
export type Machine = {
  readonly room: string
  readonly home: string
  readonly project: string
  readonly env: Record<string, string>
  /** Runs the real program. */
  readonly paude: (
    words: readonly string[],
    options?: {
      /** As a user for whom permissions count. */
      readonly humble?: boolean
      /** In a process of its own, which ends. */
      readonly alone?: boolean
      readonly env?: Record<string, string | undefined>
      readonly cwd?: string
      readonly stdin?: string
    },
  ) => Promise<Outcome>
  /** Starts a session in the background, with the flags given. Its id. */
  readonly detached: (...words: readonly string[]) => Promise<string>
  /** The folder of a session. */
  readonly folderOf: (id: string) => string
  /** Words of every call of docker, podman and git so far. */
  readonly calls: () => readonly (readonly string[])[]
  /** From now on, the engines keep the environment of each call in `fake/environments`. */
  readonly keepEnvironments: () => void
  /** What the engines do from now on: `say VERB` prints on stdout, `fail VERB` on stderr with exit code 125, `code` is the agent's. */
  readonly set: (what: 'say' | 'fail' | 'code', verb: string, text: string) => void
  /** From now on docker says of each box what it said of one that ended so, and whoever waits for one at a terminal is gone. */
  readonly ended: (how: 'exited' | 'finished' | 'killed') => void
  readonly unset: (what: 'say' | 'fail' | 'code', verb: string) => void
  /** All text of the state and cache folders. */
  readonly kept: () => string
  readonly write: (path: string, text: string) => void
  /** Puts a program of this name before all others; its path. */
  readonly program: (name: string, text: string) => string
  readonly dispose: () => void
}

/**
 * The engine in sh. What it answers is recorded or told by `set`; every call is journalled, with its environment once that is asked for.
 * A recorded answer is a line of sh beside it: to read that takes a tenth of what a start of `cat` takes.
 */
const ENGINE = `#!/bin/sh
[ -d "$FAKE" ] || exit 125 # the machine is gone
engine=\${0##*/}
answer() { if [ -e "$FAKE/say-$1" ]; then cat "$FAKE/say-$1"; else . "$0-$1"; fi; }
printf '%s\\0' "$engine" "$@" '\u001e' >>"$FAKE/journal"
[ ! -e "$FAKE/environments" ] || env >>"$FAKE/environments"
case $1 in --host=*|--context=*)
  [ ! -e "$FAKE/hang-far" ] || exec sleep 60
  [ ! -e "$FAKE/fail-far" ] || { cat "$FAKE/fail-far" >&2; exit 1; }
  shift
  ;;
esac
verb=$1; [ "$verb" != image ] && [ "$verb" != volume ] && [ "$verb" != container ] || verb="$1-$2"
for one in "$verb" "$engine-$verb"; do
  [ ! -e "$FAKE/fail-$one" ] || { cat "$FAKE/fail-$one" >&2; exit 125; }
done
[ "$verb" != start ] || [ ! -e "$FAKE/ended" ] || rm "$FAKE/ended"
case "$verb $*" in
  create*|run*|volume-create*|volume-rm*) ;;
  stop*|rm*)
    : >"$FAKE/ended"
    [ ! -e "$FAKE/clients" ] || kill $(cat "$FAKE/clients") 2>/dev/null
    ;;
  start*--attach*)
    [ ! -t 1 ] || { echo $$ >>"$FAKE/clients"; echo painted; exec cat >"$FAKE/stdin"; }
    case " $* " in *" --interactive "*) cat >"$FAKE/stdin" ;; esac
    [ ! -e "$FAKE/say-agent" ] || cat "$FAKE/say-agent"
    [ ! -e "$FAKE/code-agent" ] || exit "$(cat "$FAKE/code-agent")"
    ;;
  ps*--quiet*) ;;
  ps*role=agent*) answer list ;;
  ps*{{.Image}}*) [ ! -e "$FAKE/say-used" ] || cat "$FAKE/say-used" ;;
  ps*) answer parts ;;
  volume-ls*) answer volumes ;;
  volume-inspect*) exit 1 ;;
  container-inspect*) if [ -e "$FAKE/ended" ] && [ ! -e "$FAKE/say-state" ]; then answer exited; else answer state; fi ;;
  image-ls*paude.stage*) ;;
  image-ls*) answer image-ls ;;
  info*) answer info ;;
  version*) answer version ;;
  exec*secret*) cat >"$FAKE/credential" ;;
  image-inspect*|logs*|exec*|wait*|stats*) [ ! -e "$FAKE/say-$verb" ] || cat "$FAKE/say-$verb" ;;
esac
exit 0
`

/** By what the engine is asked for, the files with what real ones said. */
const RECORDED = {
  docker: {
    list: 'list.out',
    parts: 'parts.out',
    volumes: 'volumes.out',
    state: 'state-running.out',
    exited: 'state-exited.out',
    'image-ls': 'image-ls.txt',
    info: 'info.out',
    version: 'version.out',
  },
  podman: {
    list: 'list.out',
    parts: 'parts.out',
    volumes: 'volumes.out',
    state: 'state-running.out',
    exited: 'state-exited.out',
    'image-ls': 'image-ls.json',
    info: 'version.out',
    version: 'version-brief.out',
  },
} as const

type Engine = keyof typeof RECORDED

/** The folder of programs that all machines with these engines share. Not one for each: making and removing 550 takes seconds. */
function programsOf(engines: readonly Engine[]): string {
  const folder = join(root, '.cache/machine', engines.join('-') || 'none')
  mkdirSync(folder, { recursive: true })
  // The machine's own engines stay out of PATH.
  for (const name of [
    'sh',
    'cat',
    'env',
    'rm',
    'head',
    'true',
    'mkdir',
    'chmod',
    'rmdir',
    'id',
    'sha256sum',
    'mv',
    'ln',
    'sleep',
  ])
    put(join(folder, name), (path) => symlinkSync(Bun.which(name) ?? `/bin/${name}`, path))
  const git = `#!/bin/sh\n{ printf '%s\\0' git "$@"; printf '\\036\\0'; } >>"$FAKE/journal"\nPATH=/usr/bin:/bin exec ${Bun.which('git') ?? 'git'} "$@"\n`
  put(join(folder, 'git'), (path) => script(path, git))
  for (const engine of engines) {
    put(join(folder, engine), (path) => script(path, ENGINE))
    for (const [name, file] of Object.entries(RECORDED[engine])) {
      const text = readFileSync(join(fixtures, engine, file), 'utf8')
      put(join(folder, `${engine}-${name}`), (path) => writeFileSync(path, `printf %s ${quote(text)}\n`))
    }
  }
  return folder
}

/** Replaces a file at once: another worker may have the same program start right now. */
function put(path: string, make: (path: string) => void): void {
  const aside = `${path}.${process.pid}`
  make(aside)
  renameSync(aside, path)
}

const programs = new Map<string, string>()

const PROXY = imageRef({ image: 'proxy', base: BASE, baseId: '', arch: process.arch, extraCa: '' })

/** Makes a machine with these engines. docker's socket is a real one that somebody listens on. */
export function makeMachine(engines: readonly Engine[] = ['docker', 'podman']): Machine {
  const room = realpathSync(mkdtempSync(ROOMS === '' ? join(openTmpdir(), 'paude-machine-') : join(ROOMS, 'm-')))
  const [home, project, fake, bin] = ['home', 'home/project', 'fake', 'bin'].map((name) => join(room, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const folder of [project, fake]) mkdirSync(folder, { recursive: true })
  const shared = programs.get(engines.join()) ?? programsOf(engines)
  programs.set(engines.join(), shared)
  for (const engine of engines) {
    // As an earlier start has left it.
    const kit = join(home, '.local/state/paude/kit', `${engine}-${PROXY.split(':').at(-1)}`)
    mkdirSync(kit, { recursive: true, mode: 0o700 })
    writeFileSync(join(kit, 'init'), 'init')
  }
  const socket = join(room, 'docker.sock')
  const server = Bun.listen({ unix: socket, socket: { data: () => undefined } })
  const env = {
    PATH: `${bin}:${shared}`,
    HOME: home,
    DOCKER_HOST: `unix://${socket}`,
    FAKE: fake,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    // What is called for the removal is journalled when paude has ended.
    PAUDE_WAIT_REMOVAL: '1',
    ...insideWithout({}),
  }
  const write = (path: string, text: string) => {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
  }
  const machine: Machine = {
    room,
    home,
    project,
    env,
    async detached(...words) {
      const { stdout, stderr } = await machine.paude([...words, '--detach', '-p', 'hi'])
      if (stderr.includes('paude: error') || stdout === '') throw new Error(stderr)
      return stdout.trim()
    },
    folderOf: (id) => join(home, '.local/state/paude/sessions', id),
    async paude(words, { env: more = {}, cwd = project, stdin, humble = false, alone = false } = {}) {
      const all = Object.fromEntries(
        Object.entries({ ...env, ...(speaksOfProvider(home) ? OUTSIDE : insideWithout(more)), ...more }).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        ),
      )
      if (stdin === undefined && !humble && !alone) return await served({ words, env: all, cwd })
      const caller = humble && process.getuid?.() === 0 ? await humbly(room, shared) : program
      const child = Bun.spawn([...caller, ...words], {
        env: all,
        cwd,
        stdin: stdin === undefined ? 'ignore' : Buffer.from(stdin),
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
      return { code, stdout, stderr }
    },
    calls: () => {
      const file = join(fake, 'journal')
      if (!existsSync(file)) return []
      return readFileSync(file, 'utf8')
        .split('\u001e\0')
        .filter((call) => call !== '')
        .map((call) => call.split('\0').slice(0, -1))
    },
    keepEnvironments: () => writeFileSync(join(fake, 'environments'), ''),
    set: (what, verb, text) => writeFileSync(join(fake, `${what}-${verb}`), text),
    ended: (how) => {
      writeFileSync(join(fake, 'say-state'), readFileSync(join(fixtures, `docker/state-${how}.out`)))
      const clients = join(fake, 'clients')
      if (existsSync(clients)) for (const pid of readFileSync(clients, 'utf8').trim().split('\n')) killed(Number(pid))
    },
    unset: (what, verb) => rmSync(join(fake, `${what}-${verb}`)),
    kept: () =>
      ['.local/state/paude/sessions', '.local/state/paude/trust', '.cache', '.config']
        .map((name) => textBelow(join(home, name)))
        .join(''),
    write,
    program: (name, text) => {
      const path = join(bin, name)
      write(path, text)
      chmodSync(path, 0o755)
      return path
    },
    dispose: () => {
      server.stop(true)
      chmodSync(home, 0o700)
      for (const pid of holders(home)) killed(pid)
      rmSync(ROOMS === '' ? room : fake, { recursive: true, force: true })
    },
  }
  return machine
}

/** A configuration that says where a credential is decides itself. */
function speaksOfProvider(home: string): boolean {
  const file = join(home, '.config/paude/config.toml')
  return existsSync(file) && readFileSync(file, 'utf8').includes('provider')
}

/** Processes that hold the terminals of this machine's sessions. */
function holders(home: string): readonly number[] {
  const sessions = join(home, '.local/state/paude/sessions')
  if (!existsSync(sessions)) return []
  const files = readdirSync(sessions).map((id) => join(sessions, id, 'holder'))
  return files.filter((file) => existsSync(file)).map((file) => Number.parseInt(readFileSync(file, 'utf8'), 10))
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** Hands the machine to nobody, with copies of the program and of all it reads, and returns the words that run it as that user. */
async function humbly(room: string, shared: string): Promise<readonly string[]> {
  const copies = program.map((_, at) => join(room, `paude${at}.js`))
  if (program.length === 1) copyProgram(program[0], copies[0] ?? '')
  else {
    const { outputs } = await Bun.build({ entrypoints: [join(root, 'src/main.ts')], target: 'bun' })
    copyProgram(program[0], copies[0] ?? '')
    writeFileSync(copies[1] ?? '', (await outputs[0]?.text()) ?? '')
  }
  cpSync(shared, join(room, 'bin'), { recursive: true, verbatimSymlinks: true })
  Bun.spawnSync(['chown', '-R', '65534:65534', room])
  const setpriv = [Bun.which('setpriv') ?? 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  return [...setpriv, ...copies]
}

/** Whether programs can be run as somebody for whom permissions count. */
export const canBeHumble = process.getuid?.() !== 0 || Bun.which('setpriv') !== null

function script(path: string, text: string): void {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

function textBelow(folder: string): string {
  if (!existsSync(folder)) return ''
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, 'utf8')}`)
    .join('\n')
}
