import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { copyProgram, openTmpdir } from './place.ts'
import { program } from './program.ts'
import { served } from './served.ts'

const root = join(import.meta.dir, '../..')
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
  /** Words of every call of docker, podman and git so far. */
  readonly calls: () => readonly (readonly string[])[]
  /** From now on, the engines keep the environment of each call in `fake/environments`. */
  readonly keepEnvironments: () => void
  /** What the engines do from now on: `say VERB` prints on stdout, `fail VERB` on stderr with exit code 125, `code` is the agent's. */
  readonly set: (what: 'say' | 'fail' | 'code', verb: string, text: string) => void
  /** All text of the state and cache folders. */
  readonly kept: () => string
  readonly write: (path: string, text: string) => void
  readonly dispose: () => void
}

/** The engine in sh. What it answers is recorded or told by `set`; every call is journalled, with its environment once that is asked for. */
const ENGINE = `#!/bin/sh
engine=\${0##*/}
printf '%s\\0' "$engine" "$@" '\u001e' >>"$FAKE/journal"
[ ! -e "$FAKE/environments" ] || env >>"$FAKE/environments"
verb=$1; [ "$verb" != image ] && [ "$verb" != volume ] && [ "$verb" != container ] || verb="$1-$2"
[ ! -e "$FAKE/fail/$verb" ] || { cat "$FAKE/fail/$verb" >&2; exit 125; }
case "$verb $*" in
  create*|run*|volume-create*|volume-rm*) ;;
  stop*|rm*) [ ! -e "$FAKE/clients" ] || kill $(cat "$FAKE/clients") 2>/dev/null ;;
  start*--attach*)
    [ ! -t 1 ] || { echo $$ >>"$FAKE/clients"; echo painted; }
    case " $* " in *" --interactive "*) cat >"$FAKE/stdin" ;; esac
    [ ! -e "$FAKE/say/agent" ] || cat "$FAKE/say/agent"
    [ ! -e "$FAKE/code/agent" ] || exit "$(cat "$FAKE/code/agent")"
    ;;
  ps*role=agent*) cat "$FAKE/say/list" 2>/dev/null || cat "$FIXTURES/$engine/list.out" ;;
  ps*) cat "$FIXTURES/$engine/parts.out" ;;
  volume-ls*) cat "$FIXTURES/$engine/volumes.out" ;;
  volume-inspect*) exit 1 ;;
  container-inspect*) cat "$FAKE/say/state" 2>/dev/null || cat "$FIXTURES/$engine/state-running.out" ;;
  image-ls*paude.stage*) ;;
  image-inspect*) [ ! -e "$FAKE/say/image-inspect" ] || cat "$FAKE/say/image-inspect" ;;
  image-ls*) cat "$FAKE/say/image-ls" 2>/dev/null || cat "$FIXTURES/$engine"/image-ls.* ;;
  info*) [ "$engine" = podman ] || { cat "$FIXTURES/docker/info.out"; exit 0; }; cat "$FIXTURES/podman/version.out" ;;
  version*) cat "$FIXTURES/$engine/version.out" ;;
  exec*secret*) cat >"$FAKE/credential" ;;
  logs*|exec*|wait*) [ ! -e "$FAKE/say/$verb" ] || cat "$FAKE/say/$verb" ;;
esac
exit 0
`

/** Makes a machine with these engines. docker's socket is a real one that somebody listens on. */
export function makeMachine(engines: readonly ('docker' | 'podman')[] = ['docker', 'podman']): Machine {
  const room = realpathSync(mkdtempSync(join(openTmpdir(), 'paude-machine-')))
  const [home, project, bin, fake] = ['home', 'home/project', 'bin', 'fake'].map((name) => join(room, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const folder of [home, project, bin, ...['say', 'fail', 'code'].map((name) => join(fake, name))])
    mkdirSync(folder, { recursive: true })
  for (const engine of engines) script(join(bin, engine), ENGINE)
  // The machine's own engines stay out of PATH.
  for (const program of ['sh', 'cat', 'env', 'rm', 'head', 'true', 'mkdir', 'chmod', 'rmdir', 'id'])
    symlinkSync(Bun.which(program) ?? `/bin/${program}`, join(bin, program))
  script(
    join(bin, 'git'),
    `#!/bin/sh\n{ printf '%s\\0' git "$@"; printf '\\036\\0'; } >>"$FAKE/journal"\nPATH=/usr/bin:/bin exec ${Bun.which('git') ?? 'git'} "$@"\n`,
  )
  const socket = join(room, 'docker.sock')
  const server = Bun.listen({ unix: socket, socket: { data: () => undefined } })
  const env = {
    PATH: bin,
    HOME: home,
    DOCKER_HOST: `unix://${socket}`,
    FAKE: fake,
    FIXTURES: fixtures,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  }
  return {
    room,
    home,
    project,
    env,
    async paude(words, { env: more = {}, cwd = project, stdin, humble = false, alone = false } = {}) {
      const all = Object.fromEntries(
        Object.entries({ ...env, ...more }).filter((entry): entry is [string, string] => entry[1] !== undefined),
      )
      if (stdin === undefined && !humble && !alone) return await served({ words, env: all, cwd })
      const caller = humble && process.getuid?.() === 0 ? await humbly(room) : program
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
    set: (what, verb, text) => writeFileSync(join(fake, what, verb), text),
    kept: () => textBelow(join(home, '.local')) + textBelow(join(home, '.cache')) + textBelow(join(home, '.config')),
    write: (path, text) => {
      mkdirSync(join(path, '..'), { recursive: true })
      writeFileSync(path, text)
    },
    dispose: () => {
      server.stop(true)
      chmodSync(home, 0o700)
      for (const pid of holders(home)) killed(pid)
      rmSync(room, { recursive: true, force: true })
    },
  }
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
async function humbly(room: string): Promise<readonly string[]> {
  const copies = program.map((_, at) => join(room, `paude${at}.js`))
  if (program.length === 1) copyProgram(program[0], copies[0] ?? '')
  else {
    const { outputs } = await Bun.build({ entrypoints: [join(root, 'src/main.ts')], target: 'bun' })
    copyProgram(program[0], copies[0] ?? '')
    writeFileSync(copies[1] ?? '', (await outputs[0]?.text()) ?? '')
  }
  cpSync(fixtures, join(room, 'fixtures'), { recursive: true })
  Bun.spawnSync(['chown', '-R', '65534:65534', room])
  const setpriv = [Bun.which('setpriv') ?? 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  return [...setpriv, 'env', `FIXTURES=${join(room, 'fixtures')}`, ...copies]
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
