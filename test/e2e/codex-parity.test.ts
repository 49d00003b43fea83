import { expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fetchCodex } from '../../scripts/agents.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { serveResponsesApi } from '../support/responses-api.ts'
import { type Case, cases, type Step, together } from './codex-cases.ts'
import {
  type BackendName,
  backends,
  binary,
  describeEach,
  inTurn,
  isFirst,
  makeProject,
  poll,
  put,
  type RunOptions,
  start,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side, so most of it is waiting

const hostCodex = backends().length === 0 ? '' : process.env['PAUDE_TEST_CODEX'] || (await fetchCodex())

/** Every case runs on the first engine and every third one on the others: what codex does is the same there, the way to it is not. */
const chosen = (backend: BackendName) => Object.entries(cases).filter((_, index) => isFirst(backend) || index % 3 === 0)

describeEach('the same from paude as from codex', (backend) => {
  const paude = [binary, '--backend', backend, '--agent', 'codex']

  test.concurrent.skipIf(hostCodex === '').each(chosen(backend))('%s', async (_, scene) => {
    const { host, box } = await inTurn(() => playBoth(scene, (cwd) => play(scene, cwd, { ...BOX, argv: paude })))
    expect(box).toEqual(host)
  })

  test.concurrent.skipIf(hostCodex === '')('and in one sandbox, one after the other', async () => {
    const scenes = Object.values(together)
    const files = Object.assign({}, ...scenes.map((scene) => scene.files))
    const scene = { files, steps: scenes.flatMap(({ steps }) => steps) }
    const { host, box } = await inTurn(() =>
      playBoth(scene, async (cwd) => {
        const home = join(cwd, '../home')
        const begin = (env: Settings) => start([...paude, '--detach', 'exec', 'SLEEP 3000;;SAY over'], { env, cwd }).done
        let id = ''
        const deeds = await play(scene, cwd, {
          ...BOX,
          argv: [],
          through: async (env) => {
            id ||= (await begin(env)).stdout.trim()
            return [binary, 'exec', id, '--', 'codex']
          },
        })
        await start([binary, 'rm', '--force', '--volumes', id], { env: { HOME: home } }).done
        // What keeps the sandbox is asked as well, and what stands in for folders goes with it.
        return { ...deeds, files: listed(cwd), asked: deeds.asked.filter((text) => text !== 'SLEEP 3000;;SAY over') }
      }),
    )
    const names = Object.entries(together).flatMap(([name, { steps }]) => steps.map(() => name))
    const told = ({ runs }: Deeds) => runs.map((ran, at) => ({ name: names[at], ...ran }))
    expect(told(box)).toEqual(told(host))
    expect({ ...box, runs: [] }).toEqual({ ...host, runs: [] })
  })
})

const BOX = { machine: HOST_NAME, variable: 'OPENAI_API_KEY' } as const

type Deeds = {
  readonly runs: readonly { readonly code: number; readonly stdout: string }[]
  /** What the model was asked, its images among it. */
  readonly asked: readonly string[]
  readonly files: readonly string[]
}

/** Plays a scene on the host and then in a box, in one and the same place. */
async function playBoth(
  scene: Case,
  inBox: (cwd: string) => Promise<Deeds>,
): Promise<{ readonly host: Deeds; readonly box: Deeds }> {
  const { name = 'project', git = true, files = {} } = scene
  const cwd = makeProject({ name, git })
  for (const [file, content] of Object.entries(files)) {
    put(join(cwd, file), '')
    await Bun.write(join(cwd, file), content)
  }
  const pristine = join(cwd, '../pristine')
  copy(cwd, pristine)
  const host = await play(scene, cwd, { argv: [hostCodex], machine: '127.0.0.1', variable: 'CODEX_API_KEY' })
  rmSync(cwd, { recursive: true, force: true })
  copy(pristine, cwd)
  return { host, box: await inBox(cwd) }
}

const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })

type Settings = Readonly<Record<string, string | undefined>>

type Side = {
  readonly argv: readonly string[]
  /** In place of `argv`, where it is not known before. */
  readonly through?: (env: Settings) => Promise<readonly string[]>
  /** This machine, as the side calls it. */
  readonly machine: string
  readonly variable: string
}

async function play({ steps }: Case, cwd: string, { argv, through, machine, variable }: Side): Promise<Deeds> {
  const home = join(cwd, '../home')
  rmSync(home, { recursive: true, force: true })
  const key = `sk-proj-real-${crypto.randomUUID()}`
  const api = serveResponsesApi({ key })
  const address = `http://${machine}:${api.port}/v1`
  put(join(home, '.gitconfig'), '[user]\n\tname = Ada Test\n\temail = ada@example.test\n')
  put(join(home, '.codex/config.toml'), settings(cwd, address))
  const env = { HOME: home, SHELL: '/bin/bash', USER: undefined, [variable]: key, OPENAI_BASE_URL: address }
  const runs: Deeds['runs'][number][] = []
  try {
    const program = (await through?.(env)) ?? argv
    for (const step of steps) {
      const before = api.starting()
      const options = { env, ...step, cwd: join(cwd, step.below ?? '') }
      runs.push(await call([...program, ...worded(step.words, runs)], options, () => api.starting() > before))
    }
  } finally {
    await api.stop()
  }
  const asked = api.requests.filter(({ method }) => method === 'POST').flatMap(({ parts }) => parts)
  return { runs: named(runs), asked, files: listed(cwd) }
}

/** The last thread that was told. */
const worded = (words: readonly string[], runs: Deeds['runs']): readonly string[] => {
  const ids = runs.map(({ stdout }) => /"thread_id":"([^"]+)"/.exec(stdout)?.[1] ?? '')
  return words.map((word) => (word === '{id}' ? (ids.findLast((id) => id !== '') ?? '') : word))
}

async function call(argv: readonly string[], { signal, ...options }: RunOptions & Pick<Step, 'signal'>, isAsked: () => boolean) {
  const running = start(argv, options)
  if (signal !== undefined) {
    await poll('the model is asked', isAsked)
    running.kill(signal)
  }
  const { code, stdout } = await running.done
  return {
    code: signal !== undefined && code === -1 ? 128 + { SIGINT: 2, SIGTERM: 15 }[signal as 'SIGINT' | 'SIGTERM'] : code,
    stdout,
  }
}

/** What a user of Codex on the host has: its own provider, no sandbox, and nothing that is not the model. */
const settings = (cwd: string, address: string): string => `openai_base_url = ${JSON.stringify(address)}
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[projects.${JSON.stringify(cwd)}]
trust_level = "trusted"
[analytics]
enabled = false
[features]
plugins = false
daemon_auto_start = false
api_key_model_discovery = false
`

/** Ids by the order in which they come. */
function named(runs: Deeds['runs']): Deeds['runs'] {
  const ids: string[] = []
  return runs.map(({ code, stdout }) => ({
    code,
    stdout: stdout.replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
      if (!ids.includes(id)) ids.push(id)
      return `<id ${ids.indexOf(id)}>`
    }),
  }))
}

/** Every file of the project with its mode and content, but for git's own. */
function listed(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below))
    .filter((name) => name !== '.git')
    .toSorted()
    .flatMap((name) => {
      const path = join(below, name)
      const stats = lstatSync(join(folder, path))
      if (stats.isDirectory()) return [path, ...listed(folder, path)]
      const content = stats.isSymbolicLink()
        ? readlinkSync(join(folder, path))
        : readFileSync(join(folder, path)).toString('base64')
      return [`${path} ${(stats.mode & 0o777).toString(8)} ${content}`]
    })
}
