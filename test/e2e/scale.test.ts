import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lookAt, question } from '../../src/hold/client.ts'
import { readHoldState } from '../../src/hold/place.ts'
import { makeMachine } from '../support/machine.ts'
import {
  backends,
  binary,
  containersOf,
  describeEach,
  engine,
  expectNothingLeft,
  inTurn,
  isFirst,
  lines,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type Ran,
  root,
  stateHome,
} from './support.ts'

/** An agent that costs nothing: it tells its state, says who it is, repeats what is typed, and ends with 7 at `bye`. */
const AGENT = String.raw`printf '\033]7501;state=idle\033\\'
echo "I am $ME"
while read -r line; do
  [ "$line" != bye ] || exit 7
  echo "$ME got $line"
done`

const HOLDERS = 100
/** Bytes of resident memory that a hundred holders may take together: 6 GB. */
const MEMORY = 6e9
/** Descriptors of one holder: its streams, its own means, its socket, its terminal and the engine's client. */
const DESCRIPTORS = 20

// Their engine is a script, so that they are the same in every suite.
describe.skipIf(backends().length > 0 && !backends().some(isFirst))('a hundred holders', () => {
  const machine = makeMachine(['docker'])
  const sessions = join(machine.home, '.local/state/paude/sessions')
  const ids = Array.from({ length: HOLDERS }, (_, index) => idOf(index))
  const folder = (id: string) => join(sessions, id)
  const socket = (id: string) => join(folder(id), 'holder.sock')
  const holders = new Map<string, Bun.Subprocess<'ignore', 'pipe', 'pipe'>>()
  const run = (words: readonly string[]) => inTurn(() => finished([binary, ...words], machine.env, machine.project))
  const all = <T>(act: (id: string) => Promise<T>, some: readonly string[] = ids) => Promise.all(some.map(act))
  const screen = (id: string) => question(socket(id), { ask: 'screen', format: 'text', scrollback: 0 })

  beforeAll(async () => {
    mkdirSync(sessions, { recursive: true, mode: 0o700 })
    machine.program('docker', fakeDocker(ids.map((id) => listed(id, machine.project))))
    for (const id of ids) {
      put(join(folder(id), 'session.json'), JSON.stringify(record(id, machine.project)))
      holders.set(
        id,
        Bun.spawn([binary, 'hold', '--start', '--size=120x40', id], {
          cwd: '/',
          env: machine.env,
          stdin: 'ignore',
          stdout: 'pipe',
          stderr: 'pipe',
        }),
      )
    }
    await all(async (id) => {
      const holder = holders.get(id)
      const { value } = (await holder?.stdout.getReader().read()) ?? {}
      expect(new TextDecoder().decode(value), id).toBe('ready\n')
    })
  }, 400_000)
  afterAll(async () => {
    for (const holder of holders.values()) holder.kill('SIGKILL')
    await Promise.all([...holders.values()].map(({ exited }) => exited))
    machine.dispose()
  })

  const pids = () => [...holders.values()].map(({ pid }) => pid)
  const descriptors = () => pids().map((pid) => readdirSync(`/proc/${pid}/fd`).length)

  test('each keeps the screen of its own agent, and `sessions` knows them all', async () => {
    await all((id) => poll(`the screen of ${id}`, async () => (await screen(id)) === `I am ${id}`))
    const { code, stdout, stderr } = await run(['sessions', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const rows = JSON.parse(stdout) as { readonly id: string; readonly status: string; readonly activity: string }[]
    expect(rows.map(({ id, status, activity }) => `${id} ${status} ${activity}`).toSorted()).toEqual(
      ids.map((id) => `${id} running idle`).toSorted(),
    )
  }, 400_000)

  test('together they take less than 6 GB, one process and a few descriptors each, and watch no file', () => {
    const memory = pids().map((pid) => kilobytes(pid) * 1024)
    expect(memory.filter((bytes) => !(bytes > 1e6))).toEqual([])
    expect(memory.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(MEMORY)
    expect(descriptors().filter((count) => count > DESCRIPTORS)).toEqual([])
    expect(pids().flatMap(watching)).toEqual([])
    expect(childrenOf(pids())).toHaveLength(HOLDERS)
  })

  test('people come to all of them at once, three times over, and each leaves nothing behind when they go', async () => {
    const before = descriptors()
    for (const word of ['one', 'two', 'three'])
      await all(async (id) => {
        const seen = await visit(socket(id), word, `${id} got ${word}`)
        expect(ids.filter((other) => seen.includes(other))).toEqual([id])
      })
    await poll('everybody has left', () => ids.every((id) => readHoldState(folder(id))?.attached === 0))
    await poll('their descriptors are closed', () => descriptors().join() === before.join()).catch(() =>
      expect(descriptors()).toEqual(before),
    )
    expect(childrenOf(pids())).toHaveLength(HOLDERS)
  }, 400_000)

  test('those whose agent ends and those that are removed go, with their sockets, files and clients of the engine', async () => {
    const [ended, removed] = [ids.slice(0, HOLDERS / 2), ids.slice(HOLDERS / 2)]
    const clients = childrenOf(pids())
    expect(clients).toHaveLength(HOLDERS)
    await all((id) => question(socket(id), { ask: 'send', text: 'bye', keys: '', enter: true }), ended)
    await all(async (id) => expect(await run(['rm', '--force', id])).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' }), removed)
    expect(await all(async (id) => await holders.get(id)?.exited)).toEqual(ids.map(() => 0))
    expect(ended.map((id) => readHoldState(folder(id))?.code)).toEqual(ended.map(() => 7))
    expect(ids.filter((id) => existsSync(socket(id)))).toEqual([])
    await poll('the clients of the engine have ended', () => clients.every((pid) => !existsSync(`/proc/${pid}`)))
    expect(readdirSync(sessions).toSorted()).toEqual(ended.toSorted())
    await all((id) => run(['rm', '--force', id]), ended)
    expect(readdirSync(sessions)).toEqual([])
  }, 400_000)
})

/** Real ones start at some two a second, so there are fewer; podman's take longer. */
const BOXES = { docker: 20, podman: 10 }

describeEach('many sessions', (backend) => {
  const count = BOXES[backend]
  const image = `localhost/paude-e2e-scale-${process.pid}:${backend}`
  const cwd = makeProject()
  const run = (words: readonly string[]) => inTurn(() => paude(words, { cwd, env: { PAUDE_BACKEND: backend } }))
  const all = <T>(act: (id: string) => Promise<T>, some: readonly string[]) => Promise.all(some.map(act))
  let ids: readonly string[] = []

  beforeAll(async () => {
    const { stdout } = await paude(['--backend', backend, '--print-config'], { cwd })
    const base = stdout.match(/localhost\/paude\/claude:[\w.-]+/)?.[0] ?? ''
    const context = join(root, `cheap-${backend}`)
    const script = `#!/bin/sh\ncase "$*" in *--version*) echo '1.0.0 (Claude Code)'; exit ;; esac\nME=cheap\n${AGENT}\n`
    chmodSync(put(join(context, 'claude'), script), 0o755)
    put(join(context, 'Dockerfile'), `FROM ${base}\nUSER 0\nCOPY claude /usr/local/bin/claude\n`)
    expect((await run(['image', 'build'])).code).toBe(0)
    const built = await engine(backend, ['build', '--quiet', `--tag=${image}`, context])
    expect(built.code, built.stderr).toBe(0)
  }, 600_000)
  afterAll(async () => void (await engine(backend, ['rmi', '--force', image])), 60_000)

  test('they start, are told apart, and answer', async () => {
    const started = await Promise.all(
      Array.from({ length: count }, () => run(['--image', image, '--network', 'none', '--detach'])),
    )
    expect(started.filter(({ code }) => code !== 0)).toEqual([])
    ids = started.map(({ stdout }) => stdout.trim())
    await poll('all are idle', async () => {
      const { stdout } = await paude(['sessions', '--json'], { cwd })
      const rows = JSON.parse(stdout || '[]') as { readonly id: string; readonly status: string; readonly activity: string }[]
      const idle = rows.filter(({ id, status, activity }) => ids.includes(id) && status === 'running' && activity === 'idle')
      return idle.length === count
    })
    await all(async (id) => expect(await run(['send', id, `to ${id}`])).toMatchObject({ code: 0, stderr: '' }), ids)
    await all((id) => poll(`the answer of ${id}`, async () => (await run(['screen', id])).stdout.includes(`got to ${id}`)), ids)
  }, 400_000)

  test('each is one container and two processes here, and a holder alone watches the project, by one descriptor', async () => {
    expect((await all((id) => containersOf(backend, id), ids)).flat().toSorted()).toEqual([...ids].toSorted())
    const held = ids.map((id) => Number.parseInt(readFileSync(join(stateHome, 'paude/sessions', id, 'holder'), 'utf8'), 10))
    const clients = childrenOf(held)
    expect(clients).toHaveLength(count)
    expect(clients.flatMap(watching)).toEqual([])
    expect(held.filter((pid) => watching(pid).length > 1)).toEqual([])
    expect(held.filter((pid) => readdirSync(`/proc/${pid}/fd`).length > DESCRIPTORS)).toEqual([])
    expect(held.reduce((sum, pid) => sum + kilobytes(pid) * 1024, 0)).toBeLessThan((MEMORY / HOLDERS) * count)
  })

  test('half end by themselves, half are removed, and nothing of any is left', async () => {
    const [ended, removed] = [ids.slice(0, count / 2), ids.slice(count / 2)]
    await Promise.all([
      ...ended.map(async (id) => expect((await run(['send', id, 'bye'])).code).toBe(0)),
      ...removed.map(async (id) => expect(await run(['rm', '--force', id])).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' })),
    ])
    const waited = await run(['wait', ...ended])
    expect(lines(waited.stdout)).toHaveLength(ended.length)
    await all(async (id) => expect(await run(['rm', id])).toMatchObject({ code: 0 }), ended)
    await expectNothingLeft(backend)
    expect(processes()).toEqual([])
  }, 400_000)
})

/** `paude-` and six letters of those an id may have. */
function idOf(index: number): string {
  const letters = [...String(index).padStart(6, '0')].map((digit) => 'bcdfghjkmn'[Number(digit)])
  return `paude-${letters.join('')}`
}

const record = (id: string, workspace: string) => ({
  v: 1,
  id,
  name: '',
  backend: 'docker',
  agent: 'claude',
  version: '0',
  created: '2026-01-02T03:04:05.000Z',
  starter: '',
  workspace,
  directory: workspace,
  network: 'none',
  allow: [],
  terminal: true,
  conversation: '',
  homeVolume: '',
  mounts: [],
  watch: {},
  index: null,
  credential: '',
})

const listed = (id: string, workspace: string): string =>
  JSON.stringify(['running', 'Up 2 seconds', id, '', 'claude', workspace, '2026-01-02T03:04:05.000Z', 'none'])

/** A client of docker whose containers are itself: it is the agent that it starts. The session stands last in its words. */
const fakeDocker = (rows: readonly string[]): string => `#!/bin/sh
for ME; do :; done
case "$*" in
  start*--attach*)
    # The terminal is made raw, as real clients want it; the shell that stands for the agent reads lines.
    until PATH=/usr/bin:/bin stty -a | PATH=/usr/bin:/bin grep -q -e -icanon; do :; done
    PATH=/usr/bin:/bin stty sane
    echo $$ >"$FAKE/$ME"
${AGENT} ;;
  container\\ inspect*)
    if [ -e "$FAKE/$ME" ] && read -r pid <"$FAKE/$ME" && kill -0 "$pid" 2>/dev/null; then status=running; else status=exited; fi
    echo "{\\"Status\\":\\"$status\\",\\"ExitCode\\":7}" ;;
  rm*) read -r pid <"$FAKE/$ME" && kill -9 "$pid" 2>/dev/null ;;
  ps*role=agent*) cat <<'END'
${rows.join('\n')}
END
;;
esac
exit 0
`

async function finished(argv: readonly string[], env: Record<string, string>, cwd: string): Promise<Ran> {
  const child = Bun.spawn([...argv], { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { code, stdout, stderr }
}

/** Looks at a session as an attached terminal does, types a line, waits for what is to be seen and leaves. Returns what was painted. */
async function visit(path: string, line: string, wanted: string): Promise<string> {
  let seen = ''
  let leave: () => void = () => undefined
  const left = await lookAt({
    path,
    size: () => ({ columns: 120, rows: 40 }),
    readOnly: false,
    scan: (typed) => ({ pass: typed, detached: false }),
    suspends: () => null,
    paint: (bytes) => {
      seen += new TextDecoder().decode(bytes)
      if (seen.includes(wanted)) leave()
    },
    listen: (hands) => {
      leave = hands.leave
      hands.typed(Buffer.from(`${line}\r`))
      return () => undefined
    },
  })
  expect(left).toEqual({ how: 'detached' })
  return seen
}

/** Resident memory of a process, in units of 1024 bytes. */
const kilobytes = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Processes that these started and that still run. */
const childrenOf = (parents: readonly number[]): readonly number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // The name in brackets may hold anything; the parent is the second field behind it.
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      return parents.includes(Number(parent)) ? [Number(name)] : []
    } catch {
      return []
    }
  })

/** Names of what a process has open to watch files with. */
function watching(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fdinfo`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return readFileSync(join(folder, fd), 'utf8').includes('inotify') ? [`${pid} ${fd}`] : []
    } catch {
      return []
    }
  })
}
