import { expect } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectedOf, SCENARIOS, type Scenario } from '../support/scenarios.ts'
import { binary, home, lines, makeProject, paude, poll, type Ran, runGit, stateHome } from './support.ts'
import { makeTerminals } from './terminal.ts'

/** Where the scenarios are played: what differs from one backend to the next. */
export type Place = {
  readonly backend: string
  /** What `sessions` calls it, where that is another name. */
  readonly listedAs?: string
  /** Of a session: workspace and network. */
  readonly session: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A line for the agent that makes it show `heard WORD`, and one that ends it with this code. */
  readonly hear: (word: string) => string
  readonly end: (code: number) => string
  /** What the backend itself still has of these sessions. */
  readonly left: (id: string) => Promise<readonly string[]>
}

export const shell = {
  hear: (word: string) => `echo "heard" ${word}`,
  end: (code: number) => `exit ${code}`,
} as const

const KEY = 'sk-ant-api03-real-conformance'
/** Of this process alone: `sessions` also lists what other suites have on the same engine. */
const NAME = `conformance-${process.pid}`
const REPORTS = join(import.meta.dir, '../../.cache/conformance')

/** What a scenario may use, and what came of it. */
type Play = { readonly place: Place; readonly cwd: string; readonly on: On; readonly id: () => Promise<string> }
type On = (
  words: readonly string[],
  more?: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string },
) => Promise<Ran>

/**
 * Plays all scenarios on one backend, one after the other in one project, and expects of each what is written down for it. What came
 * of them is kept for scripts/conformance.ts.
 */
export async function conforms(place: Place): Promise<void> {
  const cwd = makeProject()
  const env = { ANTHROPIC_API_KEY: KEY, ...place.env }
  const on: On = (words, more = {}) => paude(words, { cwd, env: { ...env, ...more.env }, stdin: more.stdin ?? '' })
  const id = async () => {
    const { stdout } = await on(['sessions', '--json'])
    return (JSON.parse(stdout) as { readonly id: string; readonly name?: string }[]).find(({ name }) => name === NAME)?.id ?? ''
  }
  const play = { place, cwd, on, id }
  const came: Record<string, string> = {}
  for (const scenario of SCENARIOS) came[scenario.name] = await outcomeOf(scenario, play)
  mkdirSync(REPORTS, { recursive: true })
  writeFileSync(join(REPORTS, `${place.backend}.json`), `${JSON.stringify(came, null, 1)}\n`)
  expect(came).toEqual(Object.fromEntries(SCENARIOS.map((scenario) => [scenario.name, expectedOf(scenario, place.backend)])))
}

/** As `expectedOf` says it, or what was wrong. */
async function outcomeOf(scenario: Scenario, play: Play): Promise<string> {
  const { backend } = play.place
  const act = ACTS[scenario.name]
  if (act === undefined) throw new Error(`nothing plays ${scenario.name}`)
  if (scenario.absent?.[backend] !== undefined) return expectedOf(scenario, backend)
  const sentence = scenario.refused?.[backend]
  if (sentence !== undefined) return await refusalOf(act, play, sentence)
  try {
    await act(play)
    return 'holds'
  } catch (error) {
    return `broken: ${(error as Error).message.slice(0, 2000)}`
  }
}

/** The first command of the scenario must end with the message. */
async function refusalOf(act: (play: Play) => Promise<void>, play: Play, sentence: string): Promise<string> {
  const ran: Ran[] = []
  const on: On = async (words, more) => {
    const one = await play.on(words, more)
    // An expectation may put its matchers in place of what it found.
    ran.push({ ...one })
    return one
  }
  await act({ ...play, on }).catch(() => undefined)
  const [{ code, stdout, stderr } = { code: 0, stdout: '', stderr: '' }] = ran
  return code !== 0 && stdout === '' && stderr.includes(sentence) ? `refused: ${sentence}` : `not refused: ${code} ${stderr}`
}

function is<T>(found: T, wanted: T): void {
  expect(found).toEqual(wanted)
}

const run =
  (script: string, wanted: Partial<Ran>, stdin = '') =>
  async ({ on, place }: Play) => {
    const words = ['--backend', place.backend, '--workspace', 'none', 'run', '--', 'sh', '-c', script]
    expect(await on(words, { stdin, env: { SECRET_OF_THE_CALLER: 'secret' } })).toMatchObject(wanted)
  }

/** Of a script in the session: its output. */
const inside =
  (script: string, wanted: string | RegExp, code = 0) =>
  async ({ on }: Play) => {
    const ran = await on(['exec', NAME, '--', 'bash', '-c', script])
    expect(ran).toMatchObject({ code, stdout: typeof wanted === 'string' ? wanted : expect.stringMatching(wanted) })
  }

const page = async ({ on }: Play) =>
  (await on(['exec', NAME, '--', 'curl', '-sS', '--max-time', '10', 'http://paude.internal/'])).stdout

/** The answer of a verb about the session. */
const verb =
  (words: readonly string[], wanted: Partial<Ran>) =>
  async ({ on }: Play) =>
    void expect(await on(words)).toMatchObject(wanted)

const states = async ({ on, id }: Play) => {
  const { stdout } = await on(['sessions', '--json'])
  const own = await id()
  return (JSON.parse(stdout) as { readonly id: string; readonly status: string; readonly backend: string }[]).find(
    (one) => one.id === own,
  )
}

const start = ({ place }: Play) => ['--backend', place.backend, ...place.session, '--session-name', NAME, '--detach']

const ACTS: Readonly<Record<string, (play: Play) => Promise<void>>> = {
  'a dry run makes nothing': async (play) => {
    const { code, stderr } = await play.on([...start(play), '--dry-run'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    is(await play.id(), '')
  },
  'a start in the background prints the id': async (play) => {
    const { stdout, code, stderr } = await play.on(start(play))
    expect({ stdout, code, stderr: code === 0 ? '' : stderr }).toEqual({
      stdout: expect.stringMatching(/^paude-[a-z0-9]{6}\n$/),
      code: 0,
      stderr: '',
    })
  },
  'a second session of that name is refused': async (play) => {
    const { code, stderr } = await play.on(start(play))
    expect({ code, stderr }).toEqual({ code: 125, stderr: expect.stringContaining(NAME) })
    const { stdout } = await play.on(['sessions', '--json'])
    is(stdout.split(`"name": "${NAME}"`).length, 2)
  },
  'the session is listed, with its backend': async (play) =>
    void expect(await states(play)).toMatchObject({
      status: 'running',
      backend: play.place.listedAs ?? play.place.backend,
    }),
  'what is sent is typed, and the screen shows the answer': async ({ on, place }) => {
    const screen = async () => (await on(['screen', NAME])).stdout.trim()
    // What is typed before an agent shows itself, it may take for nothing.
    await poll('the agent shows itself', async () => (await screen()) !== '')
    is((await on(['send', NAME, place.hear('one')])).code, 0)
    await poll(screen, async () => (await screen()).includes('\nheard one'))
  },
  'attach joins on a terminal, and Ctrl-P Ctrl-Q leaves': async ({ place, cwd }) => {
    const terminals = makeTerminals()
    try {
      const terminal = await terminals.open({ cwd, env: { ...place.env, HOME: home, XDG_STATE_HOME: stateHome } })
      await terminal.start(`'${binary}' attach ${NAME}`)
      await terminal.see('heard one')
      await terminal.enter(place.hear('two'))
      await terminal.see('\nheard two')
      is(await terminal.detach(), 0)
    } finally {
      await terminals.stop()
    }
  },
  'logs have what was shown': async ({ on }) => void expect((await on(['logs', NAME])).stdout).toContain('heard two'),
  'a command: its streams are its own': run('echo out; echo err >&2', {
    code: 0,
    stdout: 'out\n',
    stderr: expect.stringContaining('err\n') as unknown as string,
  }),
  'a command: it reads stdin to its end': run('cat; echo end', { stdout: 'from outside\nend\n' }, 'from outside\n'),
  'a command: its exit code is that of paude': run('exit 7', { code: 7 }),
  'a command: a death by a signal is 128 and its number': run('kill -KILL $$', { code: 137 }),
  'a command: its words arrive as they were': async ({ on, place }) => {
    const words = ['a b', "it's", '$HOME', '', '*', 'größer']
    const { stdout } = await on(['--backend', place.backend, '--workspace', 'none', 'run', '--', 'printf', '%s|', ...words])
    is(stdout, `${words.join('|')}|`)
  },
  "a command: the caller's variables stay outside": run('echo "[$SECRET_OF_THE_CALLER]"', { stdout: '[]\n' }),
  'a command: no such program is 127': async ({ on, place }) =>
    is((await on(['--backend', place.backend, '--workspace', 'none', 'run', '--', 'no-such-program'])).code, 127),
  'exec: streams and exit code are its own': inside('echo out; echo err >&2; exit 5', 'out\n', 5),
  'exec: it reads stdin to its end': async ({ on }) =>
    is((await on(['exec', NAME, '--', 'sh', '-c', 'cat; echo end'], { stdin: 'from outside\n' })).stdout, 'from outside\nend\n'),
  "wall: the proxy's page is there": async (play) => void expect(await page(play)).toMatch(/^paude \(policy [0-9a-f]{12}\)/),
  'wall: a host that is not allowed is refused': inside(
    'curl -s -o /dev/null -w "%{http_connect}\\n" --max-time 10 https://unlisted.example.org',
    '403\n',
    56,
  ),
  'wall: an address is refused': inside(
    'curl -s -o /dev/null -w "%{http_code}\\n" --max-time 10 http://169.254.169.254/; curl -s -o /dev/null -w "%{http_code}\\n" --max-time 10 http://192.0.2.1/',
    '403\n403\n',
  ),
  'wall: there is no way around the proxy': inside(
    'for at in 192.0.2.1/443 169.254.169.254/80; do timeout 3 bash -c "exec 3<>/dev/tcp/$at" 2>/dev/null && echo reached $at; done; echo end',
    'end\n',
  ),
  'wall: no name is looked up': inside('timeout 5 getent hosts example.org; echo $?', /^(2|124)\n$/),
  'wall: no capability, and none to be had': inside(
    'grep -E "^(CapEff|NoNewPrivs):" /proc/self/status | tr "\\t" " "',
    'CapEff: 0000000000000000\nNoNewPrivs: 1\n',
  ),
  'wall: the root of the image is read-only': inside('touch /nobody 2>/dev/null; echo $?', '1\n'),
  'wall: no credential is in the sandbox': async (play) => {
    const { stdout } = await play.on(['exec', NAME, '--', 'sh', '-c', 'env; cat /proc/1/environ | tr "\\0" "\\n"'])
    is([stdout.includes('HOME='), stdout.includes(KEY)], [true, false])
  },
  'wall: no socket of an engine is in the sandbox': inside(
    'ls -d /var/run/docker.sock /run/docker.sock /run/podman/podman.sock /var/run/secrets/kubernetes.io 2>/dev/null; echo end',
    'end\n',
  ),
  'network: what is allowed holds at once': async (play) => {
    is((await play.on(['network', 'allow', 'late.example.org', '--session', NAME])).code, 0)
    expect(await page(play)).toContain('late.example.org')
  },
  'network: what is denied holds at once': async (play) => {
    is((await play.on(['network', 'deny', 'late.example.org', '--session', NAME])).code, 0)
    const { stdout } = await play.on(['network', 'why', 'https://late.example.org', NAME])
    expect(stdout).toMatch(/denied|blocked/)
  },
  'network: the log names what was blocked': async ({ on }) =>
    void expect((await on(['network', 'log', NAME])).stdout).toMatch(/unlisted\.example\.org/),
  'files: a copy into the sandbox': async ({ on, cwd }) => {
    writeFileSync(join(cwd, 'in.txt'), 'in\n')
    is((await on(['cp', 'in.txt', `${NAME}:/tmp/in.txt`])).code, 0)
    is((await on(['exec', NAME, '--', 'cat', '/tmp/in.txt'])).stdout, 'in\n')
  },
  'files: a copy out of the sandbox': async ({ on, cwd }) => {
    await on(['exec', NAME, '--', 'sh', '-c', 'echo out >/tmp/out.txt'])
    is((await on(['cp', `${NAME}:/tmp/out.txt`, 'out.txt'])).code, 0)
    is(readFileSync(join(cwd, 'out.txt'), 'utf8'), 'out\n')
  },
  'work: the session has the project, and makes a commit': inside(
    'ls; echo two >b.txt && git add b.txt && git commit -qm far && mkdir -p ~/kept && echo three >c.txt && touch ~/kept/home',
    'README.md\n',
  ),
  'stop: the session stays, and says that it ended': async (play) => {
    is((await play.on(['stop', '--grace', '1', NAME])).code, 0)
    expect(await states(play)).toMatchObject({ status: 'exited' })
  },
  'stop: exec says what to type': verb(['exec', NAME, '--', 'true'], {
    code: 125,
    stderr: expect.stringContaining('paude start') as unknown as string,
  }),
  'work: rm refuses while work is there alone': async ({ on }) => is((await on(['rm', NAME])).code, 1),
  'work: diff shows it, also when stopped': async ({ on }) => {
    const { stdout } = await on(['diff', NAME])
    is([stdout.includes('+two'), stdout.includes('+three')], [true, true])
  },
  'start: it runs again': async (play) => {
    const { code, stderr } = await play.on(['start', NAME])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    await poll('it runs', async () => (await states(play))?.status === 'running')
  },
  'start: work and HOME are still there': inside('cat c.txt; ls ~/kept', 'three\nhome\n'),
  'start: its changes of the network are still there': async ({ on }) => {
    const { stdout } = await on(['network', 'list', NAME])
    expect(stdout).toContain('late.example.org')
  },
  'work: pull brings the commit': async ({ on, cwd }) => {
    is((await on(['pull', NAME])).code, 0)
    expect(runGit(cwd, ['log', '--format=%s', '--all'])).toContain('far')
  },
  'the end: wait tells the exit code of the agent': async ({ on, place }) => {
    await on(['send', NAME, place.end(3)])
    const { stdout } = await on(['wait', NAME, '--timeout', '60'])
    expect(stdout).toMatch(/^paude-[a-z0-9]{6} exited 3\n$/)
  },
  'the end: rm leaves nothing behind': async ({ on, id, place }) => {
    const own = await id()
    is((await on(['rm', '--force', '--volumes', NAME])).code, 0)
    is(await id(), '')
    await poll(
      async () => (await place.left(own)).join(', '),
      async () => (await place.left(own)).length === 0,
    )
  },
}

/** Names of what an engine's client lists of this session. */
export async function listed(id: string, calls: readonly (readonly string[])[]): Promise<readonly string[]> {
  const all = calls.map((words) => Bun.spawnSync([...words], { cwd: '/' }).stdout.toString())
  return lines(all.join('\n')).filter((name) => name.includes(id))
}
