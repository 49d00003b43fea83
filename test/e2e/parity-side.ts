import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import { readHost } from '../../src/host.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { homeVolume } from '../../src/session/record/id.ts'
import { recordingApi } from './parity-api.ts'
import type { Raw } from './parity-normal.ts'
import {
  type BackendName,
  binary,
  engine,
  hostClaude,
  makeProject,
  poll,
  put,
  type Ran,
  type RunOptions,
  start,
} from './support.ts'

/** One call of claude. `{cwd}` and `{home}` in its words stand for the project and HOME. */
export type Step = Pick<RunOptions, 'stdin' | 'through' | 'env'> & {
  readonly words: readonly string[]
  /** Folder of the call, below the project. */
  readonly below?: string
  /** Sent once the model was asked and stdout shows the words. */
  readonly signal?: NodeJS.Signals
  readonly after?: string
}

export type Scene = {
  readonly steps: readonly Step[]
  /** Files of the project besides its README.md; `../` makes some beside it, which no box has. */
  readonly files?: Readonly<Record<string, string>>
  /** Name of the project's folder. */
  readonly name?: string
  /** A folder without a repository. */
  readonly git?: false
  /** Files whose content differs from run to run. */
  readonly volatile?: readonly string[]
}

/** Plays a scene on the host and then in a box, in one and the same place. */
export async function playBoth(scene: Scene, backend: BackendName, image: string): Promise<{ host: Raw; box: Raw }> {
  const played = await playOnce(scene, backend, image)
  return [played.host, played.box].some(isUnsettled) ? playOnce(scene, backend, image) : played
}

/** Claude asks git while it asks the model. Where git was the later one, what Claude says of the repository tells nothing. */
const isUnsettled = ({ runs, asked, transcripts }: Raw): boolean =>
  /"git_state":\{[^}]*"error":"pending"/.test(JSON.stringify([runs, asked, transcripts]).replaceAll('\\', ''))

async function playOnce(scene: Scene, backend: BackendName, image: string): Promise<{ host: Raw; box: Raw }> {
  const { name = 'project', git = true } = scene
  const cwd = makeProject({ name, git })
  for (const [file, text] of Object.entries(scene.files ?? {})) put(join(cwd, file), text)
  const pristine = join(cwd, '../pristine')
  copy(cwd, pristine)
  const host = await play(scene, hostSide(cwd))
  rmSync(cwd, { recursive: true, force: true })
  copy(pristine, cwd)
  const box = await play(scene, boxSide(cwd, backend, image))
  return { host, box }
}

const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })

export type Side = {
  readonly program: string
  readonly cwd: string
  /** The same path on the host and in the box, and not the same folder. */
  readonly home: string
  /** This machine, as the side calls it. */
  readonly machine: string
  readonly environment: (words: readonly string[], key: string) => Readonly<Record<string, string | undefined>>
  readonly transcripts: () => Promise<Readonly<Record<string, string>>>
}

const TRANSCRIPTS = '.claude/projects/*/*.jsonl'

/** Claude on the host, with the environment and the first settings that it has in a box. */
export function hostSide(cwd: string): Side {
  const home = newHome(cwd)
  return {
    program: hostClaude,
    cwd,
    home,
    machine: '127.0.0.1',
    environment: (words, key) => {
      if (!existsSync(join(home, '.claude.json'))) put(join(home, '.claude.json'), seed(cwd, key))
      const own = claude.environment({ ...readHost(), env: {} }, words)
      return { ...own, HOME: home, SHELL: '/bin/bash', USER: undefined }
    },
    transcripts: async () => textsIn(home),
  }
}

/** What Claude's own file begins with in a box, with the key that is used here. */
export function seed(directory: string, key: string): string {
  const inBox = JSON.parse(
    claude.seed({ directory, restricted: true, screen: false, address: '', shadowed: true })['claude.json'] ?? '{}',
  )
  return JSON.stringify({ ...inBox, customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] } })
}

/** paude, with the engine to take. */
export function boxSide(cwd: string, backend: BackendName, image: string): Side {
  const home = newHome(cwd)
  return {
    program: binary,
    cwd,
    home,
    machine: HOST_NAME,
    environment: () => ({ HOME: home, PAUDE_BACKEND: backend }),
    transcripts: async () => textsOf(homeVolume(cwd, 'claude'), backend, image),
  }
}

function newHome(cwd: string): string {
  const home = join(cwd, '../home')
  rmSync(home, { recursive: true, force: true })
  put(join(home, '.gitconfig'), '[user]\n\tname = Ada Test\n\temail = ada@example.test\n')
  return home
}

const textsIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    [...new Bun.Glob(TRANSCRIPTS).scanSync({ cwd: folder, dot: true })].map((name) => [
      name,
      readFileSync(join(folder, name), 'utf8'),
    ]),
  )

async function textsOf(volume: string, backend: BackendName, image: string): Promise<Record<string, string>> {
  const { stdout: place } = await engine(backend, ['volume', 'inspect', '--format={{.Mountpoint}}', volume])
  // Half a second a case is saved where the engine's own folders can be read.
  if (process.getuid?.() === 0 && existsSync(place.trim())) return textsIn(place.trim())
  const script = `cd /h; for f in ${TRANSCRIPTS}; do [ ! -e "$f" ] || { printf '\\0%s\\0' "$f"; cat "$f"; }; done`
  const mount = `--mount=type=volume,src=${volume},dst=/h`
  const words = ['run', '--rm', '--network=none', '--log-driver=none', '--entrypoint=/bin/sh', mount, image, '-c', script]
  const { stdout } = await engine(backend, words)
  const [, ...parts] = stdout.split('\0')
  return Object.fromEntries(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? '']] : [])))
}

async function play({ steps, volatile = [] }: Scene, side: Side): Promise<Raw> {
  const { cwd, home, program, machine } = side
  const api = recordingApi(machine)
  const runs: Ran[] = []
  try {
    for (const { words, below = '.', signal, after = '', env, ...options } of steps) {
      const before = api.asked.length
      const own = words.map((word) => word.replaceAll('{cwd}', cwd).replaceAll('{home}', home))
      const running = start([program, ...own], {
        ...options,
        cwd: join(cwd, below),
        env: { ...side.environment(own, api.key), ...api.env, ...env },
      })
      if (signal !== undefined) {
        await poll('the model to be asked', () => api.asked.length > before && running.stdout().includes(after))
        running.kill(signal)
      }
      runs.push(await running.done)
    }
    const files = Object.entries(filesIn(cwd)).map(([path, text]) => [path, volatile.includes(path) ? 'varies' : text])
    return { cwd, runs, files: Object.fromEntries(files), transcripts: await side.transcripts(), asked: api.asked }
  } finally {
    await api.stop()
  }
}

/** Everything in a folder but the insides of its repository, as mode and content. */
function filesIn(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .filter((path) => !path.startsWith('.git/'))
  return Object.fromEntries(paths.sort().map((path) => [path, look(join(folder, path))]))
}

function look(path: string): string {
  const found = lstatSync(path)
  if (found.isSymbolicLink()) return `link to ${readlinkSync(path)}`
  return `${(found.mode & 0o7777).toString(8)} ${found.isFile() ? readFileSync(path, 'utf8') : 'not a file'}`
}
