import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Api,
  type BackendName,
  binary,
  describeEach,
  engine,
  environment,
  inTurn,
  lines,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type Ran,
  type RunOptions,
  root,
  serveApi,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals, type Terminal } from './terminal.ts'

const BYPASS = '--dangerously-skip-permissions'
const LONG = 5 * 1024 * 1024

describeEach('conversations', (backend) => {
  const world = makeWorld(backend)
  const { run, raw, detached, open, leave, noted, inBox, rowOf, remove } = world
  beforeAll(world.begin)
  afterAll(world.end, 180_000)

  describe('after the end of an agent', () => {
    test('start goes on where a killed agent, a killed sandbox and a stopped one were', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd, words: ['SAY first words'] })
      const conversation = await noted(id)
      expect(conversation).toBe(recordOf(id).conversation)
      await said(id, 'first words')

      await inBox(id, KILL_AGENT)
      await ended(id, 137)
      await startAgain(id, cwd, ['first words'], 'second words')

      await engine(backend, ['kill', '--signal=KILL', id])
      await ended(id, 137)
      await startAgain(id, cwd, ['first words', 'second words'], 'third words')

      expect((await run(['stop', id])).code).toBe(0)
      await startAgain(id, cwd, ['first words', 'second words', 'third words'], 'fourth words')
      expect(await noted(id)).toBe(conversation)
      await remove(id)
    })

    test('up brings back what the engine took down, and nothing else', async () => {
      const cwd = makeProject()
      const ran = await detached({ cwd, words: ['SAY still here'] })
      const stopped = await detached({ cwd })
      const asked = await detached({ cwd, words: ['-p', 'SLEEP 600;;SAY never'] })
      await said(ran, 'still here')
      expect((await run(['stop', stopped])).code).toBe(0)
      // As dockerd and a machine that goes down do it: every container ends, and nobody asks paude.
      for (const id of [ran, asked]) await engine(backend, ['kill', '--signal=KILL', id, `${id}-proxy`])
      await ended(ran, 137)

      const shown = await run(['up', '--dry-run'], { cwd })
      expect(shown.stdout).toContain(ran)
      expect(shown.stdout).not.toContain(stopped)
      expect(await rowOf(ran)).toMatchObject({ status: 'exited' })
      // The credential is kept nowhere: without it each session says what it lacks.
      const poor = await run(['up', '--all'], { cwd, env: { ANTHROPIC_API_KEY: undefined } })
      expect(poor).toMatchObject({ code: 1, stdout: '' })
      expect(poor.stderr).toContain(`session ${ran} needs ANTHROPIC_API_KEY, which is not set`)

      expect(await run(['up', '--all'], { cwd: makeProject() })).toMatchObject({ code: 0, stdout: `${ran}\n` })
      expect(await rowOf(ran)).toMatchObject({ status: 'running' })
      expect(await rowOf(stopped)).toMatchObject({ status: 'exited' })
      expect(await rowOf(asked)).toMatchObject({ status: 'exited', exitCode: 137 })
      const again = await run(['up'], { cwd })
      expect(again).toMatchObject({ code: 0, stdout: '' })
      expect(again.stderr).toContain(
        `session ${asked} was interrupted, and paude does not repeat its prompt by itself: paude start ${asked}`,
      )
      expect(again.stderr).not.toContain(stopped)
      const window = await open({ cwd, words: ['attach', ran] })
      await window.see(/^● still here$/m)
      await leave(window)
      expect(await run(['up', stopped], { cwd })).toMatchObject({ code: 0, stdout: `${stopped}\n` })
      expect(await rowOf(stopped)).toMatchObject({ status: 'running' })
      await remove(ran, stopped, asked)
    })

    test('a session whose conversation the user chose, or chose anew on the screen, goes on with that one', async () => {
      const cwd = makeProject()
      const mine = crypto.randomUUID()
      const one = await detached({ cwd, words: ['--session-id', mine, 'SAY from one'] })
      await said(one, 'from one')
      expect(await noted(one)).toBe(mine)
      const two = await detached({ cwd, words: ['SAY from two'] })
      await said(two, 'from two')
      // The newest of the project, which is not this session's after it was stopped.
      const three = await detached({ cwd, words: ['--continue'] })
      expect(await noted(three)).toBe(await noted(two))
      const four = await detached({ cwd, words: ['--resume', mine] })
      expect(await noted(four)).toBe(mine)
      for (const id of [one, two, three, four]) expect((await run(['stop', id])).code).toBe(0)
      const five = await detached({ cwd, words: ['SAY from five'] })
      await said(five, 'from five')
      for (const [id, text] of [
        [one, 'from one'],
        [three, 'from two'],
        [four, 'from one'],
      ] as const) {
        const window = await open({ cwd, words: ['start', '--attach', id] })
        expect(await window.see(new RegExp(`^● ${text}$`, 'm'))).not.toContain('from five')
        await leave(window)
      }

      // /clear begins another conversation in the same session.
      const window = await open({ cwd, words: ['attach', one] })
      await window.see(/^● from one$/m)
      await window.enter('/clear')
      await poll('the new conversation', async () => (await noted(one)) !== mine)
      await window.enter('SAY after the clearing')
      await window.see(/^● after the clearing$/m)
      await said(one, 'after the clearing')
      await leave(window)
      await engine(backend, ['kill', '--signal=KILL', one])
      await ended(one, 137)
      const last = await open({ cwd, words: ['start', '--attach', one] })
      expect(await last.see(/^● after the clearing$/m)).not.toContain('from one')
      await leave(last)
      await remove(one, two, three, four, five)
    })
  })

  describe('in other sandboxes of the project', () => {
    test('the hint at the end works as it is typed, and so do --continue and the picker', async () => {
      const cwd = makeProject()
      const window = await open({ cwd, clears: false })
      await window.enter('SAY remember me')
      await window.see(/^● remember me$/m)
      await window.enter('/exit')
      expect(await window.ended()).toBe(0)
      const [, hint = ''] = /^(paude --resume [0-9a-f-]{36})$/m.exec(await window.screen()) ?? []
      expect(hint).not.toBe('')
      await window.start(`clear; ${hint}`)
      await window.see(/^● remember me$/m)
      await window.enter('SAY in another box')
      await window.see(/^● in another box$/m)

      // Beside it, while it runs.
      const other = await open({ cwd, words: ['--continue'] })
      expect(await other.see(/^● in another box$/m)).toContain('● remember me')
      await other.enter('/exit')
      expect(await other.ended()).toBe(0)
      await other.start('clear; paude --resume')
      await other.see(/Resume session[\s\S]*❯ SAY remember me/)
      await other.press('Enter')
      expect(await other.see(/^● in another box$/m)).toContain('● remember me')
      await other.enter('/exit')
      expect(await other.ended()).toBe(0)
      await window.enter('/exit')
      expect(await window.ended()).toBe(0)

      const stranger = await run(['-p', 'SAY a new one', '--continue', '--output-format', 'json'], { cwd: makeProject() })
      expect(JSON.parse(stranger.stdout)).not.toMatchObject({ session_id: hint.split(' ').at(-1) })
    })

    test('two at once keep to themselves what is kept by process number', async () => {
      const cwd = makeProject()
      const ids = await Promise.all(['one', 'two'].map((name) => detached({ cwd, words: [`SAY ${name}`] })))
      const [one = '', two = ''] = ids
      await Promise.all([said(one, 'one'), said(two, 'two')])
      const seen = async (id: string) =>
        (await inBox(id, 'cat "$HOME"/.claude/sessions/*.json && ls "$HOME"/.claude/sessions')).stdout
      // As many as there are in the box, with its own conversation.
      for (const id of ids) {
        const text = await seen(id)
        expect(text.match(/"sessionId":"([^"]*)"/g)).toEqual([`"sessionId":"${await noted(id)}"`])
        expect(lines(text.slice(text.indexOf('}') + 1)).filter((name) => name.endsWith('.json'))).toHaveLength(1)
      }
      for (const name of ['sessions', 'jobs', 'daemon']) {
        await inBox(one, `echo mine > "$HOME/.claude/${name}/x"`)
        expect((await inBox(two, `cat "$HOME/.claude/${name}/x"`)).code).not.toBe(0)
      }
      await inBox(one, 'echo mine > /tmp/x')
      expect((await inBox(two, 'cat /tmp/x')).code).not.toBe(0)
      // The rest of HOME is one.
      await inBox(one, 'echo ours > "$HOME/.claude/x"')
      expect((await inBox(two, 'cat "$HOME/.claude/x"')).stdout).toBe('ours\n')

      // What a killed box left behind is gone with it, and the other's stays.
      const before = await seen(two)
      await engine(backend, ['kill', '--signal=KILL', one])
      await ended(one, 137)
      expect((await run(['start', one])).code).toBe(0)
      await poll('the agent to be there again', async () => (await seen(one)).includes('sessionId'))
      expect((await inBox(one, 'ls "$HOME"/.claude/sessions/*.json')).stdout.trim().split('\n')).toHaveLength(1)
      expect((await inBox(one, 'cat "$HOME"/.claude/jobs/x')).code).not.toBe(0)
      expect((await seen(two)).replace(/"(status|updated)\w*":[^,}]*/gi, '')).toBe(
        before.replace(/"(status|updated)\w*":[^,}]*/gi, ''),
      )
      await remove(one, two)
    })

    test('a Claude that the agent starts does not change what the session goes on with', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd, words: [BYPASS, "BASH claude -p 'SAY inner' </dev/null;;SAY outer after {result}"] })
      const conversation = await noted(id)
      await said(id, 'outer after inner')
      expect(await noted(id)).toBe(conversation)
      const asked = await detached({
        cwd,
        words: ['--output-format=json', BYPASS, '-p', "BASH claude -p 'SAY inner' </dev/null;;SAY outer after {result}"],
      })
      const { stdout } = await run(['output', '--follow', asked])
      expect(JSON.parse(stdout)).toMatchObject({ result: 'outer after inner', session_id: await noted(asked) })
      await remove(id, asked)
    })
  })

  describe('fork', () => {
    test('opens a copy beside the original, which goes on untouched', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd, words: ['SAY the trunk'] })
      await said(id, 'the trunk')
      // Claude writes how long a turn took after it has shown the answer.
      const original = await poll('the whole turn', async () => {
        const text = await transcript(id, await noted(id))
        return text.includes('"turn_duration"') && text
      })
      const window = await open({ cwd: makeProject(), words: ['fork', id] })
      await window.see(/^● the trunk$/m)
      await window.enter('SAY a branch')
      await window.see(/^● a branch$/m)
      expect(await transcript(id, await noted(id))).toBe(original)
      expect(await rowOf(id)).toMatchObject({ status: 'running' })
      await window.enter('/exit')
      expect(await window.ended()).toBe(0)

      const name = `branch-${backend}-${process.pid}`
      const copy = await run(['fork', '--session-name', name, id, '--detach', '--', '--permission-mode', 'plan'], { cwd })
      expect([copy.code, copy.stdout]).toEqual([0, expect.stringMatching(/^paude-\w{6}\n$/)])
      const second = copy.stdout.trim()
      expect(recordOf(second)).toMatchObject({ name, workspace: cwd })
      expect(await noted(second)).not.toBe(await noted(id))
      const other = await open({ cwd, words: ['attach', name] })
      expect(await other.see(/^● the trunk$/m)).not.toContain('a branch')
      await other.see('plan mode on')
      await other.enter('SAY twig')
      await other.see(/^● twig$/m)
      await leave(other)
      // The copy is a session like any other: it goes on with itself.
      expect((await run(['stop', second])).code).toBe(0)
      const third = await open({ cwd, words: ['start', '--attach', second] })
      expect(await third.see(/^● twig$/m)).toContain('● the trunk')
      await leave(third)
      expect(await transcript(id, await noted(id))).toBe(original)

      // Of a stopped one too, for one question.
      expect((await run(['stop', id])).code).toBe(0)
      expect(await run(['fork', id, '--', '-p', 'SAY one answer'], { cwd })).toMatchObject({ code: 0, stdout: 'one answer\n' })
      await remove(id, second)
    })

    test('says why when there is nothing to copy', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd })
      await noted(id)
      for (const words of [
        ['fork', id, '--detach'],
        ['fork', id, '--', '-p', 'hi'],
      ]) {
        const { code, stdout, stderr } = await run(words, { cwd })
        expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
        expect(stderr).toContain(`paude: session ${id} has no conversation yet`)
      }
      expect(await run(['fork', 'no-such-session'], { cwd })).toMatchObject({
        code: 125,
        stderr: expect.stringContaining('no session has the name or id "no-such-session"'),
      })
      expect(await run(['fork', id, '--', '--continue'], { cwd })).toMatchObject({
        code: 125,
        stderr: expect.stringContaining('paude fork chooses the conversation itself, found --continue'),
      })
      const running = startPaude(['run', '--', 'tail', '-f', '/dev/null'], { cwd, env: world.env() })
      const command = await poll('the command', () => world.newest(cwd, ({ agent }) => agent === 'command'))
      await poll('it to run', async () => (await rowOf(command))?.status === 'running')
      expect(await run(['fork', command], { cwd })).toMatchObject({
        code: 125,
        stderr: expect.stringContaining(`session ${command} runs a command, not an agent`),
      })
      running.kill('SIGTERM')
      await running.done
      await remove(id)
    })
  })

  describe('print mode in the background', () => {
    test('wait and output tell the answer, the complaint and the exit code', async () => {
      const cwd = makeProject()
      const id = await detached({
        cwd,
        words: [BYPASS, '-p', 'BASH until [ -e go ]; do sleep 0.1; done;;SAY ünï 漢字 🎉'],
      })
      const early = await run(['output'], { cwd })
      expect(early).toMatchObject({ code: 125, stdout: '' })
      expect(early.stderr).toContain(`session ${id} has not ended yet`)
      const following = startPaude(['output', '--follow', id], { cwd, env: world.env() })
      expect(await run(['wait', '--timeout', '0.5', id])).toMatchObject({ code: 124, stdout: '' })
      put(join(cwd, 'go'), '')
      expect(await run(['wait', '--for', 'exited', id, '--timeout', '60'])).toMatchObject({ code: 0, stdout: `${id} exited 0\n` })
      expect(await run(['output', id])).toEqual({ code: 0, stdout: 'ünï 漢字 🎉\n', stderr: '' })
      expect(await following.done).toEqual({ code: 0, stdout: 'ünï 漢字 🎉\n', stderr: '' })
      expect(JSON.parse((await run(['wait', '--json', id])).stdout)).toEqual({ id, state: 'exited', exitCode: 0 })

      const bad = await detached({ cwd, words: ['-p', 'ERR 400'] })
      const worse = await detached({ cwd, words: ['-p', 'hi', '--no-such-flag'] })
      const waited = await run(['wait', id, bad, worse])
      expect(waited.code).toBe(0)
      expect(lines(waited.stdout).toSorted()).toEqual([`${id} exited 0`, `${bad} exited 1`, `${worse} exited 1`].toSorted())
      expect(await run(['output', bad])).toMatchObject({ code: 1, stdout: expect.stringContaining('400'), stderr: '' })
      const complaint = await run(['output', worse])
      expect(complaint).toMatchObject({ code: 1, stdout: '' })
      expect(complaint.stderr).toContain('--no-such-flag')
      await remove(id, bad, worse)
      expect(await run(['wait', id])).toMatchObject({ code: 3, stdout: '' })
    })

    test('any and all, and what never comes', async () => {
      const cwd = makeProject()
      const quick = await detached({ cwd, words: ['-p', 'SAY quick'] })
      const slow = await detached({ cwd, words: ['-p', 'SLEEP 600;;SAY slow'] })
      expect(await run(['wait', slow, quick, '--any', '--timeout', '60'])).toMatchObject({
        code: 0,
        stdout: `${quick} exited 0\n`,
      })
      // On a busy machine a second is less than the engine takes to tell of the quick one.
      let all = await run(['wait', slow, quick, '--all', '--timeout', '1'])
      for (let seconds = 4; all.stdout === '' && seconds < 100; seconds *= 4)
        all = await run(['wait', slow, quick, '--all', '--timeout', `${seconds}`])
      expect(all).toMatchObject({ code: 124, stdout: `${quick} exited 0\n` })
      expect(await run(['wait', slow, 'no-such-session', '--all'])).toMatchObject({ code: 3, stdout: '' })
      expect(await run(['wait', slow, '--for', 'sleeping'])).toMatchObject({ code: 2, stdout: '' })
      const interrupted = startPaude(['wait', slow], { cwd, env: world.env() })
      const waits = () => processes().filter(({ words }) => words.startsWith(`${backend} wait ${slow}`)).length
      await poll('the engine to be asked', () => waits() === 1)
      interrupted.kill('SIGINT')
      expect(await interrupted.done).toMatchObject({ code: 130, stdout: '' })
      await poll('the engine’s client to end', () => waits() === 0)
      const waiting = startPaude(['wait', slow], { cwd, env: world.env() })
      await poll('the engine to be asked', () => waits() === 1)
      await remove(slow, quick)
      expect([0, 3]).toContain((await waiting.done).code)
    })

    test('five megabytes come out as they went in, and so do bytes that are no text', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd, words: ['-p', 'anything'], env: world.longWinded() })
      const out = join(root, `long-${backend}`)
      expect((await raw(`"$0" output --follow "$1" >"$2"`, id, out)).code).toBe(0)
      const text = readFileSync(out)
      expect(text.length).toBeGreaterThan(LONG)
      expect(text.equals(Buffer.from(`${world.long}\n`))).toBe(true)
      rmSync(out)
      // A reader that wants no more ends it without a noise.
      const cut = await raw('"$0" output "$1" | head -c 10', id)
      expect({ length: cut.bytes.length, err: cut.stderr }).toEqual({ length: 10, err: '' })

      const odd = await detached({
        cwd,
        words: [BYPASS, '-p', String.raw`BASH printf '\351\377\000\r\n\r no end' >/paude/out/stdout; ` + KILL_AGENT],
      })
      await run(['wait', odd])
      const { code, bytes } = await raw('exec "$0" output "$1"', odd)
      expect([code, bytes.toString('latin1')]).toEqual([137, '\xe9\xff\x00\r\n\r no end'])
      // The box holds the files and nothing around them.
      const held = await detached({
        cwd,
        words: [
          BYPASS,
          '-p',
          'BASH rm /paude/out/stdout; ln -sf /etc/passwd /paude/out/stdout; mkdir /paude/out/x; ls /paude/out > seen;;SAY same',
        ],
      })
      expect(await run(['output', '--follow', held])).toMatchObject({ code: 0, stdout: 'same\n' })
      expect(lines(readFileSync(join(cwd, 'seen'), 'utf8'))).toEqual(['conversation', 'events', 'stderr', 'stdout'])
      await remove(id, odd, held)
    })

    test('a plan is made without asking, and a screen has no answer', async () => {
      const cwd = makeProject()
      const id = await detached({ cwd, words: ['--permission-mode', 'plan', '-p', 'WRITE x.txt no;;SAY planned'] })
      await run(['wait', id])
      expect(await run(['output', id])).toMatchObject({ code: 0, stdout: 'planned\n' })
      expect(existsSync(join(cwd, 'x.txt'))).toBe(false)
      const screen = await detached({ cwd, words: ['--permission-mode', 'plan', 'SAY on a screen'] })
      await said(screen, 'on a screen')
      const refused = await run(['output', screen])
      expect(refused).toMatchObject({ code: 125, stdout: '' })
      expect(refused.stderr).toContain(`session ${screen} has a screen, not an answer`)
      await remove(id, screen)
    })
  })

  /** Waits until the answer stands in the transcript of the conversation that a session is in. */
  async function said(id: string, text: string): Promise<void> {
    await poll(`${id} to say ${text}`, async () =>
      (await transcript(id, await noted(id))).split('\n').some((line) => line.includes('"assistant"') && line.includes(text)),
    )
  }

  const transcript = async (id: string, conversation: string): Promise<string> =>
    (await inBox(id, `cat "$HOME"/.claude/projects/*/${conversation}.jsonl`)).stdout

  async function ended(id: string, code: number): Promise<void> {
    expect(await run(['wait', id, '--timeout', '90'])).toMatchObject({ code: 0, stdout: `${id} exited ${code}\n` })
  }

  /** The conversation so far is on the screen again, and goes on. */
  async function startAgain(id: string, cwd: string, before: readonly string[], next: string): Promise<void> {
    const window = await open({ cwd, words: ['start', '--attach', id] })
    await window.see((screen) => before.every((text) => screen.includes(`● ${text}`)))
    await window.enter(`SAY ${next}`)
    await window.see(new RegExp(`^● ${next}$`, 'm'))
    // On the screen first, and kept a moment later: who is killed in between forgets it.
    await said(id, next)
    await leave(window)
  }
})

/** Kills the agent from inside, as the kernel does when memory runs out. */
const KILL_AGENT =
  'for at in /proc/[0-9]*; do read -r name <"$at/comm" 2>/dev/null && [ "$name" = claude ] && kill -9 "$(basename "$at")"; done'

type Wish = {
  readonly cwd: string
  readonly words?: readonly string[]
  readonly env?: RunOptions['env']
}

function makeWorld(backend: BackendName) {
  let api: Api | undefined
  let longApi: Api | undefined
  const terminals = makeTerminals()
  // Not a power of two long, so that no chunk ends where a character does.
  const long = 'aé漢🎉'.repeat(Math.ceil(LONG / 10))
  const bin = join(root, 'bin')
  const env = () => ({ ...api?.env, PAUDE_BACKEND: backend })
  const run = (words: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    paude(words, { ...options, env: { ...env(), ...options.env } })
  const inBox = (id: string, script: string) => engine(backend, ['exec', id, 'sh', '-c', script])
  return {
    long,
    env,
    run,
    inBox,
    begin() {
      api = serveApi()
      longApi = serveApi({ key: api.key, script: [{ kind: 'say', text: long }] })
      mkdirSync(bin, { recursive: true })
      if (!existsSync(join(bin, 'paude'))) symlinkSync(binary, join(bin, 'paude'))
    },
    async end() {
      await terminals.stop()
      await Promise.all([api?.stop(), longApi?.stop()])
    },
    /** Variables with which the model's answer is five megabytes. */
    longWinded: () => ({ ...longApi?.env }),
    /** Runs a line of shell whose $0 is paude; its bytes are not read as text. */
    async raw(script: string, ...words: readonly string[]) {
      const child = Bun.spawn(['sh', '-c', script, binary, ...words], {
        env: environment(env()),
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const [bytes, stderr, code] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited])
      return { bytes: Buffer.from(bytes), stderr, code }
    },
    async detached({ cwd, words = [], env: extra = {} }: Wish): Promise<string> {
      const { code, stdout, stderr } = await inTurn(() => run(['--detach', ...words], { cwd, env: extra }))
      if (code !== 0) throw new Error(`no session was started: ${stderr}`)
      return stdout.trim()
    },
    /** A terminal in which paude runs, under its own name. */
    async open({ cwd, words = [], clears = true }: Wish & { readonly clears?: boolean }): Promise<Terminal> {
      const window = await terminals.open({
        cwd,
        env: { ...environment(env()), PATH: `${bin}:${process.env['PATH']}` },
        columns: 110,
        rows: 40,
      })
      // Claude may draw below the shell's lines, and what it drew stays there.
      await window.start(`clear; ${['paude', ...words].join(' ')}; code=$?; ${clears ? 'clear; ' : ''}(exit $code)`)
      await window.see(/^❯/m, 120)
      return window
    },
    /** Detaches and closes the window. */
    async leave(window: Terminal): Promise<void> {
      expect(await window.detach()).toBe(0)
      await window.close()
    },
    /** Id of the conversation as the box noted it. */
    noted: (id: string): Promise<string> =>
      poll(`the conversation of ${id}`, () => readFileSync(join(folderOf(id), 'out/conversation'), 'utf8').trim() || null),
    async rowOf(id: string): Promise<{ readonly status: string; readonly exitCode: number | null } | undefined> {
      const { stdout } = await run(['sessions', '--json'])
      return (JSON.parse(stdout || '[]') as { id: string; status: string; exitCode: number | null }[]).find(
        (row) => row.id === id,
      )
    },
    /** The newest session of a project that fits. */
    newest(cwd: string, fits: (record: { agent: string }) => boolean): string | null {
      for (const id of new Set(readdirSafe(join(stateHome, 'paude/sessions')))) {
        // A session comes with its folder first, and leaves with it last.
        if (!existsSync(join(folderOf(id), 'session.json'))) continue
        const record = recordOf(id)
        if (record.workspace === cwd && fits(record)) return id
      }
      return null
    },
    async remove(...ids: readonly string[]): Promise<void> {
      for (const id of ids) expect(await run(['rm', '--force', id])).toMatchObject({ code: 0, stdout: `${id}\n` })
    },
  }
}

const readdirSafe = (folder: string): readonly string[] => [
  ...new Bun.Glob('paude-*').scanSync({ cwd: folder, onlyFiles: false }),
]

const folderOf = (id: string): string => join(stateHome, 'paude/sessions', id)

const recordOf = (id: string): { id: string; agent: string; name: string; workspace: string; conversation: string } =>
  JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8'))
