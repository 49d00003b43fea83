import { expect, test } from 'bun:test'
import { cpSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import type { Asked, ScriptedApi } from '../support/scripted-api.ts'
import type { Case, Deeds, Step } from './agent-cases.ts'
import { binary, describeEach, inTurn, makeProject, poll, put, type Ran, type RunOptions, start } from './support.ts'

/** An agent that is compared with itself in a sandbox. */
export type Subject = {
  readonly agent: string
  /** Its program on this machine, with the words before its own; none where it is not to be had. */
  readonly host: readonly string[]
  /** Each in a sandbox of its own. */
  readonly cases: Readonly<Record<string, Case>>
  /** All in one sandbox, one after the other; `lasting` is what keeps it. */
  readonly together: Readonly<Record<string, Case>>
  readonly lasting: { readonly words: readonly string[]; readonly prompt: string }
  readonly serve: (options: { readonly key: string }) => ScriptedApi
  readonly newKey: () => string
  readonly address: (machine: string, port: number) => string
  readonly environment: Readonly<Record<Side, (key: string, address: string) => Settings>>
  /** Files of HOME on this machine: nothing but the model is asked, and no question. */
  readonly home: (cwd: string, address: string) => Readonly<Record<string, string>>
  /** What of a request is compared. */
  readonly asked: (request: Asked) => readonly string[]
  /** Output without what differs from run to run; ids are numbered apart from it. */
  readonly plain: (text: string) => string
  readonly id: RegExp
  /** Standard error without what is known to differ; null where it is not compared. */
  readonly stderr: ((text: string, side: Side) => string) | null
}

type Side = 'host' | 'box'
type Settings = Readonly<Record<string, string | undefined>>

/** Plays of a case until both sides must have done the same: what races in the agent itself differs from play to play. */
const PLAYS = 3

/** Tests that an agent does the same in a sandbox as on this machine. */
export function describeParity(subject: Subject): void {
  const { agent, host, cases, together } = subject

  test(`every difference from ${agent} is a row of docs/differences.md`, () => {
    const rows = Object.values(cases).flatMap(({ differs }) => differs?.row ?? [])
    expect(rows.filter((row) => !rowsOf(agent).includes(`\n| ${row}`))).toEqual([])
  })

  describeEach(`the same from paude as from ${agent}`, (backend) => {
    const paude = [binary, '--backend', backend, '--agent', agent]

    test.concurrent.skipIf(host.length === 0).each(Object.entries(cases))('%s', async (name, scene) => {
      await inTurn(() =>
        expectSame(name, subject, { scene, inBox: (cwd) => play(scene, subject, { side: 'box', cwd, program: paude }) }),
      )
    })

    test.concurrent.skipIf(host.length === 0)('and in one sandbox, one after the other', async () => {
      const scenes = Object.entries(together)
      const scene = {
        files: Object.assign({}, ...scenes.map(([, { files }]) => files)),
        steps: scenes.flatMap(([, { steps }]) => steps),
      }
      const names = scenes.flatMap(([name, { steps }]) => steps.map(() => name))
      await inTurn(() =>
        expectSame('in one sandbox', subject, { scene, names, inBox: (cwd) => playInOne(scene, subject, { cwd, paude }) }),
      )
    })
  })
}

/** The section of an agent. */
const rowsOf = (agent: string): string =>
  readFileSync(join(import.meta.dir, '../../docs/differences.md'), 'utf8')
    .split('\n## ')
    .find((section) => section.startsWith(`Differences from ${agent}\n`)) ?? ''

type Play = {
  readonly scene: Case
  /** Of its steps, for a failure. */
  readonly names?: readonly string[]
  readonly inBox: (cwd: string) => Promise<Deeds>
}

async function expectSame(what: string, subject: Subject, { scene, names = [], inBox }: Play): Promise<void> {
  const told = ({ runs, ...rest }: Deeds) => ({ ...rest, runs: runs.map((ran, at) => ({ name: names[at], ...ran })) })
  for (let left = PLAYS - 1; ; left--) {
    const { host, box } = await playBoth(scene, subject, inBox)
    try {
      expect(told(box)).toEqual(told(scene.differs?.to(host) ?? host))
      return
    } catch (error) {
      if (left === 0) throw error
      console.log(`${subject.agent}: ${what}: both differ, so they play again`)
    }
  }
}

/** Plays a scene on this machine and then in a box, in one and the same place. */
async function playBoth(
  scene: Case,
  subject: Subject,
  inBox: Play['inBox'],
): Promise<{ readonly host: Deeds; readonly box: Deeds }> {
  const { name = 'project', git = true, files = {} } = scene
  const cwd = makeProject({ name, git })
  for (const [file, content] of Object.entries(files)) {
    put(join(cwd, file), '')
    await Bun.write(join(cwd, file), content)
  }
  const pristine = join(cwd, '../pristine')
  copy(cwd, pristine)
  const host = await play(scene, subject, { side: 'host', cwd, program: subject.host })
  rmSync(cwd, { recursive: true, force: true })
  copy(pristine, cwd)
  return { host, box: await inBox(cwd) }
}

const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })

/** Plays a scene in one sandbox, which it makes and removes. */
async function playInOne(
  scene: Case,
  subject: Subject,
  { cwd, paude }: { readonly cwd: string; readonly paude: readonly string[] },
): Promise<Deeds> {
  const { agent, lasting } = subject
  let id = ''
  const deeds = await play(scene, subject, {
    side: 'box',
    cwd,
    program: async (env) => {
      const begun = await start([...paude, '--detach', ...lasting.words], { env, cwd }).done
      id = begun.stdout.trim()
      if (begun.code !== 0) throw new Error(begun.stderr)
      return [binary, 'exec', id, '--', agent]
    },
  })
  await start([binary, 'rm', '--force', '--volumes', id], { env: { HOME: homeOf(cwd) } }).done
  // What stands in for folders goes with the sandbox.
  return { ...deeds, files: listed(cwd) }
}

const homeOf = (cwd: string): string => join(cwd, '../home')

type Stage = {
  readonly side: Side
  readonly cwd: string
  readonly program: readonly string[] | ((env: Settings) => Promise<readonly string[]>)
}

async function play({ steps }: Case, subject: Subject, { side, cwd, program }: Stage): Promise<Deeds> {
  const home = homeOf(cwd)
  rmSync(home, { recursive: true, force: true })
  const key = subject.newKey()
  const api = subject.serve({ key })
  const address = subject.address(side === 'host' ? '127.0.0.1' : HOST_NAME, api.port)
  put(join(home, '.gitconfig'), '[user]\n\tname = Ada Test\n\temail = ada@example.test\n')
  // In a box there are none of them, since this HOME does not come in.
  for (const [file, text] of Object.entries(subject.home(cwd, address))) put(join(home, file), text)
  const env = { HOME: home, SHELL: '/bin/bash', USER: undefined, ...subject.environment[side](key, address) }
  const runs: Ran[] = []
  try {
    const argv = typeof program === 'function' ? await program(env) : program
    for (const step of steps) {
      const before = api.starting()
      const options = { ...step, env: { ...env, ...step.env }, cwd: join(cwd, step.below ?? '') }
      runs.push(await call([...argv, ...worded(step.words, runs)], options, () => api.starting() > before))
    }
  } finally {
    await api.stop()
  }
  // What keeps a sandbox asks as well.
  const asked = api.requests.filter(({ parts }) => !parts.includes(subject.lasting.prompt)).flatMap(subject.asked)
  return { runs: comparable(runs, subject, side), asked, files: listed(cwd) }
}

/** With the last conversation that was told. */
const worded = (words: readonly string[], runs: readonly Ran[]): readonly string[] => {
  const ids = runs.map(({ stdout }) => /"(?:thread|session)_id": ?"([^"]+)"/.exec(stdout)?.[1] ?? '')
  return words.map((word) => (word === '{id}' ? (ids.findLast((id) => id !== '') ?? '') : word))
}

const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const

async function call(
  argv: readonly string[],
  { signal, ...options }: RunOptions & Pick<Step, 'signal'>,
  isAsked: () => boolean,
): Promise<Ran> {
  const running = start(argv, options)
  if (signal !== undefined) {
    await poll('the model is asked', isAsked)
    running.kill(signal)
  }
  const ran = await running.done
  return signal !== undefined && ran.code === -1 ? { ...ran, code: 128 + NUMBERS[signal as keyof typeof NUMBERS] } : ran
}

/** Ids by the order in which they come. */
function comparable(runs: readonly Ran[], { plain, id, stderr }: Subject, side: Side): readonly Ran[] {
  const ids: string[] = []
  const numbered = (text: string) =>
    text.replace(id, (found) => {
      if (!ids.includes(found)) ids.push(found)
      return `<id ${ids.indexOf(found)}>`
    })
  return runs.map((ran) => ({
    code: ran.code,
    stdout: numbered(plain(ran.stdout)),
    stderr: stderr === null ? '' : numbered(plain(stderr(ran.stderr, side))),
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
