import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { SessionEvent } from '../../src/events/event.ts'
import {
  type Api,
  type BackendName,
  binary,
  describeEach,
  engine,
  lines,
  makeProject,
  paude,
  poll,
  serveApi,
  startPaude,
} from './support.ts'
import { makeTerminals, type Terminal } from './terminal.ts'

const FREE = '--dangerously-skip-permissions'

describeEach('events', (backend) => {
  const world = makeWorld(backend)
  beforeAll(world.open)
  afterAll(world.close, 180_000)
  const { detached, ended, eventsOf, run } = world

  test('tell what an agent without a terminal did, while it works and after it has ended', async () => {
    const project = makeProject()
    const id = await detached('BASH echo "a \\"b\\"";;WRITE made.txt some words;;BASH exit 3;;SAY all done', project)
    await ended(id)
    const events = await eventsOf(id)
    for (const event of events) v.parse(SessionEvent, event)
    expect(events.map(({ kind }) => kind)).toEqual([
      'session-start',
      'prompt',
      ...Array.from({ length: 3 }, () => ['tool', 'tool-result'] as const).flat(),
      'stop',
      'session-end',
    ])
    expect(events.slice(2, 8)).toMatchObject([
      { tool: 'Bash', command: 'echo "a \\"b\\""' },
      { tool: 'Bash', ok: true, milliseconds: expect.any(Number) },
      { tool: 'Write', file: join(project, 'made.txt') },
      { tool: 'Write', ok: true, file: join(project, 'made.txt') },
      { tool: 'Bash', command: 'exit 3' },
      { tool: 'Bash', ok: false, error: expect.stringContaining('3') },
    ])
    expect(events.at(-2)).toMatchObject({ kind: 'stop', text: 'all done' })
    const ids = events.flatMap((event) => ('id' in event ? [event.id] : []))
    expect(ids).toEqual(ids.flatMap((each, index) => [index % 2 === 0 ? each : (ids[index - 1] ?? '')]))
    const now = Date.now()
    for (const { time } of events) expect(Math.abs(now - Date.parse(time))).toBeLessThan(300_000)
    // The project is left as it was but for what the agent made, and the place of its shadow, which is empty and goes with the session.
    expect(readdirSync(project).toSorted()).toEqual(['.claude', '.git', 'README.md', 'made.txt'])
    expect(readdirSync(join(project, '.claude'))).toEqual([])
    expect((await run(['events', id])).stdout).toMatch(/tool {12}Write .*made\.txt\n/)

    // The hooks of a box that is started again go on in the same record.
    expect((await run(['start', id])).code).toBe(0)
    await ended(id)
    expect((await eventsOf(id)).filter(({ kind }) => kind === 'session-start')).toHaveLength(2)
    await run(['rm', id])
    expect((await run(['events', id])).code).toBe(1)
  }, 240_000)

  test('survive whatever the agent does to their record', async () => {
    const project = makeProject()
    const id = await detached(
      [
        'BASH printf "garbage \\033[2J\\007\\n{\\"v\\":1}\\n12.00 {\\"hook_event_name\\":" >>/paude/out/events',
        'BASH head -c 10000000 /dev/zero | tr "\\0" x >>/paude/out/events',
        'BASH cd /paude/out; rm -f events; mv events old; ln -sf /etc/passwd events; ln -s /etc/passwd link; mkfifo pipe; mkdir sub; ls >"$OLDPWD/listing"',
        'BASH chmod 0 /paude/out/events',
        'SAY still here',
      ].join(';;'),
      project,
    )
    await ended(id)
    const { code, stdout, stderr } = await run(['events', id, '--json'])
    expect(code).toBe(0)
    const events = lines(stdout).map((line) => v.parse(SessionEvent, JSON.parse(line)))
    expect(events.at(0)?.kind).toBe('session-start')
    expect(events.at(-1)?.kind).toBe('tool')
    expect(events.filter(({ kind }) => kind === 'tool')).toHaveLength(4)
    expect(stderr).toMatch(/skipped \d+ lines of an unknown writer: programs in the sandbox can write there/)
    expect(stdout + stderr).not.toContain('\u001b[2J')
    // What would replace the record, or lie beside it, does not even come into being.
    expect(readFileSync(join(project, 'listing'), 'utf8')).toBe('conversation\nevents\nstderr\nstdout\n')
    expect((await run(['output', id])).stdout).toBe('still here\n')
    await run(['rm', id])
  }, 240_000)

  test('tell of a question on the screen, and of the answer to it', async () => {
    const project = makeProject()
    const terminal = await world.terminal(project)
    await terminal.start(`${binary} --backend ${backend} --session-name ${backend}-asks --permission-mode default`)
    await terminal.see('? for shortcuts', 120)
    const follower = startPaude(['events', `${backend}-asks`, '--follow', '--json'], { env: world.env() })
    await terminal.enter('BASH touch asked.txt;;SAY thank you')
    await terminal.see(/Do you want to proceed/)
    await poll('the question', () => follower.stdout().includes('"kind":"permission"'), 60)
    expect(existsSync(join(project, 'asked.txt'))).toBe(false)
    // A fresh question takes no answer for a moment, so that no key meant for something else answers it.
    await poll('the answer', async () => {
      if (/Do you want to proceed/.test(await terminal.screen())) await terminal.press('Enter')
      await Bun.sleep(500)
      return /^● thank you$/m.test(await terminal.screen())
    })
    // While the last hook runs, the spinner says so; nothing of it stays.
    await terminal.see((screen) => !/hook/i.test(screen), 60)
    const id = await poll('the stop', () => /"session":"(paude-\w{6})".*"kind":"stop"/.exec(follower.stdout())?.[1], 60)
    const events = await eventsOf(id)
    expect(events.map(({ kind }) => kind)).toEqual(['session-start', 'prompt', 'tool', 'permission', 'tool-result', 'stop'])
    expect(events[3]).toMatchObject({ state: 'asked', tool: 'Bash', command: 'touch asked.txt' })
    expect(existsSync(join(project, 'asked.txt'))).toBe(true)
    await terminal.interruptToEnd()
    expect(await terminal.ended()).toBe(0)
    const { code, stdout } = await follower.done
    expect(code).toBe(0)
    expect(lines(stdout).slice(0, 6)).toEqual(events.map((event) => JSON.stringify(event)))
  }, 240_000)

  test('are all kept, however fast they come', async () => {
    const id = await detached('BASH tail -f /dev/null', makeProject())
    await poll('the box', async () => (await eventsOf(id)).length > 1, 60)
    const hook = `printf '%s\\n' '{"hook_event_name":"Stop","last_assistant_message":"x"}' | /bin/sh /paude/seed/hook.sh`
    const script = `i=0; while [ $i -lt 20 ]; do ${hook} & i=$((i + 1)); done; wait`
    expect((await run(['exec', id, '--', 'sh', '-c', script])).code).toBe(0)
    expect((await eventsOf(id)).filter(({ kind }) => kind === 'stop')).toHaveLength(20)
    await run(['rm', '--force', id])
  }, 180_000)
})

function makeWorld(backend: BackendName) {
  const terminals = makeTerminals()
  let api: Api | null = null
  const env = () => api?.env ?? {}
  const run = (words: readonly string[], cwd?: string) => paude(words, { env: env(), ...(cwd === undefined ? {} : { cwd }) })
  return {
    open: () => {
      api = serveApi()
    },
    close: async () => {
      await terminals.stop()
      await api?.stop()
    },
    env,
    run,
    detached: async (prompt: string, cwd: string): Promise<string> => {
      const { code, stdout, stderr } = await run(['--backend', backend, '--detach', '-p', prompt, FREE], cwd)
      if (code !== 0) throw new Error(stderr)
      return stdout.trim()
    },
    ended: (id: string) =>
      poll(
        `${id} to end`,
        async () =>
          (await engine(backend, ['container', 'inspect', '--format={{.State.Status}}', id])).stdout.trim() === 'exited',
        120,
      ),
    eventsOf: async (id: string): Promise<readonly SessionEvent[]> =>
      lines((await run(['events', id, '--json'])).stdout).map((line) => JSON.parse(line) as SessionEvent),
    terminal: (cwd: string): Promise<Terminal> => terminals.open({ cwd, env: env(), columns: 110, rows: 40 }),
  }
}
