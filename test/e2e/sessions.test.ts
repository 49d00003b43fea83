import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Api,
  type BackendName,
  binary,
  containersOf,
  describeEach,
  engine,
  expectGone,
  homeVolumes,
  leftovers,
  lines,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type RunOptions,
  root,
  serveApi,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals, type Terminal, type Window } from './terminal.ts'

const BYPASS = '--dangerously-skip-permissions'
/** What Claude asks at a first start on a machine that is new to it. */
const QUESTIONS = /text style|theme|trust this|api key|log ?in|security notes|bypass permissions mode.*accept|yes, i accept/i
/** Modes that Claude's screen turns on, and how a terminal is told to leave them. */
const LEFT = ['?1049l', '?1000l', '?1002l', '?1003l', '?1006l', '?1004l', '?2004l', '?2026l', '?25h', '<16u', '>4;0m'].map(
  (mode) => `\u001b[${mode}`,
)

describeEach('sessions', (backend) => {
  const world = makeWorld(backend)
  beforeAll(world.open)
  const { claude, command, terminal, detached, run, statusOf } = world

  /** The session that loses its agent; made first, since what is younger than a minute may still be starting. */
  let lost = { id: '', project: '' }
  beforeAll(async () => {
    const project = makeProject()
    lost = { project, id: await detached({ cwd: project }) }
    await engine(backend, ['rm', '--force', ...(backend === 'podman' ? ['--time=0'] : []), lost.id])
  }, 300_000)
  afterAll(async () => {
    await run(['rm', '--force', '--volumes', lost.id])
    await world.close()
  }, 180_000)

  test('Claude opens on its prompt without a question, as large as the window, and answers', async () => {
    const window = await terminal({ columns: 90, rows: 28 })
    await window.start(command('--permission-mode', 'plan'))
    const first = await window.see(prompt({ columns: 90, rows: 28 }), 120)
    expect(first).not.toMatch(QUESTIONS)
    expect(first).toContain('plan mode on')
    expect(window.bytes()).not.toMatch(QUESTIONS)
    await window.enter('SAY 你好 🎉 é wide')
    await window.see(/^● 你好 🎉 é wide$/m)
    await window.resize(64, 20)
    expect(await window.see(prompt({ columns: 64, rows: 20 }))).toContain('● 你好 🎉 é wide')
    await window.resize(110, 34)
    expect(await window.see(prompt({ columns: 110, rows: 34 }))).toContain('● 你好 🎉 é wide')
    await window.enter('/exit')
    expect(await window.ended()).toBe(0)
    const after = await window.screen()
    expect(after).toContain('--permission-mode plan')
    expect(after).toMatch(/Resume this session with:\npaude --resume [0-9a-f-]{36}\n\[0\|1\]\nshell>$/)
    await expectPlain(window)
  })

  test('asked for, no permission is needed, also as root; Ctrl-C interrupts and twice ends', async () => {
    const cwd = makeProject()
    const window = await terminal({ cwd, columns: 120, rows: 40 })
    await window.start(command(BYPASS))
    const first = await window.see(prompt({ columns: 120, rows: 40 }), 60)
    expect(first).toContain('bypass permissions on')
    expect(first).not.toMatch(QUESTIONS)
    await window.enter('BASH touch begun; tail -f README.md;;SAY never')
    await poll('the command to run', () => existsSync(join(cwd, 'begun')))
    await window.press('C-c')
    await window.see(/interrupted/i)
    await window.interruptToEnd()
    expect(await window.ended()).toBe(0)
    expect(await window.screen()).not.toContain('never')
  })

  // Rootless podman has images of its own; the wall's and the agent's would have to be built for this one test.
  test.skipIf(backend === 'podman' || process.getuid?.() !== 0)('the same for a user who is not root', async () => {
    const project = makeProject()
    const own = join(root, 'nobody')
    mkdirSync(own, { recursive: true })
    await Bun.$`chown -R 4711:4711 ${own} ${project}`
    const group = (await Bun.$`stat -c %g /var/run/docker.sock`.text()).trim()
    const window = await terminal({ cwd: project, env: { HOME: own, XDG_STATE_HOME: own, USER: 'nobody' } })
    await window.start(`setpriv --reuid=4711 --regid=4711 --groups=${group} ${command(BYPASS)}`)
    const first = await window.see(prompt({}), 60)
    expect(first).toContain('bypass permissions on')
    expect(first).not.toMatch(QUESTIONS)
    await window.enter('BASH id -u > who.txt;;SAY done with {result}')
    await window.see('● done with')
    expect(await Bun.file(join(project, 'who.txt')).text()).toBe('4711\n')
    // Not by Ctrl-C: on a slow machine the turn has not quite ended, and the first one interrupts it.
    await window.enter('/exit')
    expect(await window.ended()).toBe(0)
    await Bun.$`rm -rf ${own}`
  })

  test('Ctrl-P Ctrl-Q detaches and gives the terminal back; attach works again and again', async () => {
    const cwd = makeProject()
    const window = await terminal({ cwd })
    const notes = join(root, 'notes')
    await window.start(`${command()} 2> ${notes}`)
    await window.see(prompt({}))
    await window.enter('SAY pong')
    await window.see(/^● pong$/m)
    expect(await window.detach()).toBe(0)
    const id = world.newest(cwd)
    expect(Bun.stripANSI(await Bun.file(notes).text()).trim()).toBe(
      `paude: detached; the session keeps running: paude attach ${id}`,
    )
    await expectPlain(window)

    const table = await paude(['sessions'], { cwd })
    const [head = '', ...rows] = lines(table.stdout)
    expect(head).toMatch(/^SESSION +STATUS +ACTIVITY +SINCE +BLOCKED +STARTED +AGENT +BACKEND +WORKSPACE$/)
    expect(rows.find((row) => row.startsWith(id))).toMatch(
      new RegExp(`^${id} +running +(idle|done|working) +\\d+ (s|min) +- +\\d+ (s|min) ago +claude +${backend} +${cwd}$`),
    )

    for (const [columns, rows] of [
      [100, 30],
      [80, 24],
      [132, 43],
    ] as const) {
      const other = await terminal({ cwd, columns, rows })
      await other.start(command('attach'))
      const painted = await other.see(prompt({ columns, rows }))
      expect(painted).toMatch(/^● pong$/m)
      expect(await other.detach()).toBe(0)
      await expectPlain(other)
      const shell = await other.screen()
      expect(shell).toMatch(
        /^shell> .* attach.*\npaude: detached; the session keeps running: paude attach paude-\w{6}\n\[0\|1\]\nshell>$/s,
      )
      await other.close()
    }

    await window.start(command('attach'))
    await window.see(prompt({}))
    await window.enter('/exit')
    expect(await window.ended()).toBe(0)
    const shell = await window.screen()
    expect(shell).toMatch(
      new RegExp(`paude --resume [0-9a-f-]{36}\n+paude: session ${id} ended with exit code 0\n\\[0\\|2\\]\nshell>$`),
    )
    expect(shell).toContain(`2> ${notes}`)
    await expectPlain(window)
    expect(await statusOf(id)).toBe('exited')
    await expectRemoved(id, { cwd })
  })

  test('closing the terminal ends neither a start nor an attach, and two windows share a session', async () => {
    const cwd = makeProject()
    const first = await terminal({ cwd })
    await first.start(command())
    await first.see(prompt({}))
    const id = world.newest(cwd)
    const client = await childOf(first)
    await first.close()
    await gone(client)
    expect(await statusOf(id)).toBe('running')

    const second = await terminal({ cwd })
    await second.start(command('attach'))
    await second.see(prompt({}))
    const attached = await childOf(second)
    await second.close()
    await gone(attached)
    expect(await statusOf(id)).toBe('running')

    const [left, right] = await Promise.all([terminal({ cwd }), terminal({ cwd })])
    await left.start(command('attach'))
    await left.see(prompt({}))
    await right.start(command('attach'))
    await right.see(prompt({}))
    await left.enter('SAY from the left')
    await Promise.all([left.see(/^● from the left$/m), right.see(/^● from the left$/m)])
    expect(await left.detach()).toBe(0)
    await right.enter('SAY from the right')
    await right.see(/^● from the right$/m)

    // A paude that is killed outright loses nothing either.
    const killed = await childOf(right)
    process.kill(killed, 'SIGKILL')
    await gone(killed)
    expect(await statusOf(id)).toBe('running')
    await left.start(command('attach', id))
    expect(await left.see(prompt({}))).toMatch(/^● from the right$/m)

    // Stopped by somebody else: the attached window gets the agent's code and its shell back.
    expect(await run(['stop', id], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(await left.ended()).toBe(143)
    expect(await left.screen()).toContain(`session ${id} ended with exit code 143`)
    await expectPlain(left)
    await expectRemoved(id, { cwd })
  })

  test('paude that is killed in the foreground leaves a session to attach to', async () => {
    const cwd = makeProject()
    const window = await terminal({ cwd })
    await window.start(command())
    await window.see(prompt({}))
    const id = world.newest(cwd)
    const client = await childOf(window)
    process.kill(client, 'SIGKILL')
    await gone(client)
    expect(await statusOf(id)).toBe('running')
    await window.close()
    const other = await terminal({ cwd })
    await other.start(command('attach'))
    await other.see(prompt({}))
    // Who looks may go: the agent stays.
    process.kill(await childOf(other), 'SIGTERM')
    expect(await other.ended(60)).toBe(143)
    await expectPlain(other)
    expect(await statusOf(id)).toBe('running')
    await expectRemoved(id, { cwd, force: true })
  })

  test('SIGTERM to paude in the foreground stops the sandbox within the grace and returns the agent’s code', async () => {
    const cwd = makeProject()
    const window = await terminal({ cwd })
    await window.start(command())
    await window.see(prompt({}))
    const id = world.newest(cwd)
    process.kill(await childOf(window), 'SIGTERM')
    expect(await window.ended(60)).toBe(143)
    await expectPlain(window)
    expect(await containersOf(backend, id)).toEqual([])
    expect(existsSync(folderOf(id))).toBe(false)
  })

  test('--detach prints the id and nothing else; ids, their beginnings, names and folders find a session', async () => {
    const cwd = makeProject()
    const one = await claude(['--detach'], { cwd })
    expect(one.code).toBe(0)
    expect(one.stdout).toMatch(/^paude-[a-z0-9]{6}\n$/)
    const id = one.stdout.trim()
    const window = await terminal({ cwd })
    await window.start(command('attach'))
    await window.see(prompt({}))
    expect(await window.detach()).toBe(0)

    const name = `fix-${backend}-${process.pid}`
    const two = await claude(['--bg', '--session-name', name], { cwd })
    expect(two.code).toBe(0)
    expect(two.stdout).toMatch(/^paude-[a-z0-9]{6}\n$/)
    const other = two.stdout.trim()
    const taken = await claude(['--detach', '--session-name', name], { cwd })
    expect(taken).toMatchObject({ code: 125, stdout: '' })
    expect(taken.stderr).toContain(`a session named ${name} already exists: ${other}`)

    const script = async (...words: readonly string[]) => run(['stop', '--dry-run', ...words], { cwd })
    expect((await script(id)).stdout).toContain(id)
    expect((await script(id.slice('paude-'.length))).stdout).toContain(id)
    expect((await script(id.slice('paude-'.length, -1))).stdout).toContain(id)
    expect((await script(name)).stdout).toContain(other)
    for (const word of ['paude-', 'no-such-session']) {
      const unknown = await script(word)
      expect(unknown).toMatchObject({ code: 1, stdout: '' })
      expect(unknown.stderr).toContain(`no session has the name or id ${JSON.stringify(word)}`)
    }
    const both = await script()
    expect(both.code).toBe(1)
    expect(both.stderr).toContain('this directory has 2 sessions')

    // The other session uses the same HOME: it stays, and the rest goes.
    const shared = await run(['rm', '--force', '--volumes', name], { cwd })
    expect(shared).toMatchObject({ code: 1, stdout: `${other}\n` })
    expect(shared.stderr).toMatch(/^paude: volume paude-home-claude-\w+ is used by another session\n/)
    await expectGone(backend, (part) => part.includes(other))
    expect((await script()).stdout).toContain(id)
    const below = join(cwd, 'a/b')
    mkdirSync(below, { recursive: true })
    expect((await run(['stop', '--dry-run'], { cwd: below })).stdout).toContain(id)
    const elsewhere = await run(['stop', '--dry-run'], { cwd: makeProject() })
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' })
    expect(elsewhere.stderr).toContain('no session belongs to this directory')
    await expectRemoved(id, { cwd, force: true })
  })

  test('a stopped session continues its conversation', async () => {
    const cwd = makeProject()
    const id = await detached({ cwd })
    const window = await terminal({ cwd })
    // Never prompted yet: there is no transcript to resume.
    expect(await run(['stop', '--grace', '5'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(await statusOf(id)).toBe('exited')
    await window.start(command('start', '--attach'))
    await window.see(prompt({}))
    await window.enter('SAY first answer')
    await window.see(/^● first answer$/m)
    const transcript = await transcripts(id)
    expect(lines(transcript)).toHaveLength(1)
    expect(await window.detach()).toBe(0)
    expect(await window.screen()).toContain(`detached; the session keeps running: paude attach ${id}`)

    expect(await run(['stop'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    const refused = await window.run(`clear; ${command('attach')}`)
    expect(refused.code).toBe(125)
    expect(refused.screen).toMatch(new RegExp(`session ${id} is not running\n +→ paude start ${id}`))
    await expectPlain(window)
    const inside = await run(['exec', id, '--', 'true'], { cwd })
    expect(inside).toMatchObject({
      code: 125,
      stdout: '',
      stderr: `paude: session ${id} is not running\n  → paude start ${id}\n`,
    })
    const without = await paude(['start'], { cwd })
    expect(without).toMatchObject({ code: 125, stdout: '' })
    expect(without.stderr).toContain(`session ${id} needs ANTHROPIC_API_KEY, which is not set`)
    expect(await statusOf(id)).toBe('exited')
    expect(await run(['start'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    const again = await run(['start'], { cwd })
    expect(again).toMatchObject({ code: 125, stdout: '' })
    expect(again.stderr).toContain(`session ${id} is already running`)
    expect(again.stderr).toContain(`paude attach ${id}`)

    await window.start(`clear; ${command('attach')}`)
    expect(await window.see(prompt({}))).toMatch(/❯ SAY first answer\n+● first answer$/m)
    await window.enter('SAY second answer')
    await window.see(/^● second answer$/m)
    expect(await transcripts(id)).toBe(transcript)

    // The proxy is the way out: without it Claude says so, and a new start makes it good.
    await engine(backend, ['kill', `${id}-proxy`])
    await window.enter('SAY third answer')
    await window.see(/unable to connect|connection|retry|refused|API error/i)
    expect(await run(['stop', '--grace', '3'], { cwd })).toMatchObject({ code: 0 })
    expect([143, 137]).toContain(await window.ended())
    expect(await run(['start'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    await window.start(`clear; ${command('attach')}`)
    await window.see(prompt({}))
    await window.enter('SAY again the third answer')
    await window.see(/^● again the third answer$/m)
    expect(await transcripts(id)).toBe(transcript)
    await window.detach()
    await expectRemoved(id, { cwd, force: true })
  })

  test('a recreated session has another limit and the policy of today, and the same conversation and clone', async () => {
    const cwd = makeProject()
    const begun = await run(['--detach', '--workspace=clone', '--session-name=anew', '--memory=2g'], { cwd })
    const id = begun.stdout.trim()
    const window = await terminal({ cwd })
    await window.start(command('attach', 'anew'))
    await window.see(prompt({}))
    await window.enter('SAY an answer to keep')
    await window.see(/^● an answer to keep$/m)
    await window.detach()
    const limit = () =>
      run(['exec', 'anew', '--', 'sh', '-c', 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes'], {
        cwd,
      })
    expect((await run(['exec', 'anew', '--', 'sh', '-c', 'echo kept >kept.txt'], { cwd })).code).toBe(0)

    expect((await run(['recreate', 'anew'], { cwd })).stderr).toContain(`session ${id} is running`)
    const again = await run(['--memory=3g', '--network-allow=a.example', 'recreate', '--force', 'anew'], { cwd })
    expect(again).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(again.stderr).toContain('may reach a.example:80, a.example:443\npaude: limits.memory 3g, before 2g\n')
    await window.start(`clear; ${command('attach', 'anew')}`)
    expect(await window.see(prompt({}))).toMatch(/❯ SAY an answer to keep\n+● an answer to keep$/m)
    await window.enter('SAY another one')
    await window.see(/^● another one$/m)
    await window.detach()
    expect((await limit()).stdout).toBe(`${3 * 1024 ** 3}\n`)
    expect((await run(['exec', 'anew', '--', 'cat', 'kept.txt'], { cwd })).stdout).toBe('kept\n')

    // A sandbox that is gone is made again as well.
    await engine(backend, ['rm', '--force', '--volumes', id, `${id}-proxy`])
    expect(await run(['recreate', 'anew'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    await poll(
      'the sandbox to run',
      async () => (await run(['exec', 'anew', '--', 'cat', 'kept.txt'], { cwd })).stdout === 'kept\n',
    )
    await expectRemoved(id, { cwd, force: true })
  })

  test('exec, shell, logs, network log and rm work on a running session', async () => {
    const cwd = makeProject()
    const id = await detached({ cwd })
    const window = await terminal({ cwd })
    await window.start(command('attach'))
    await window.see(prompt({}))
    await window.enter('SAY an answer for the log')
    await window.see(/^● an answer for the log$/m)
    await window.detach()

    const outcome = await run(['exec', id, '--', 'sh', '-c', 'pwd; cat; echo err >&2; exit 7'], { cwd, stdin: 'from stdin' })
    expect(outcome).toMatchObject({ code: 7, stdout: `${cwd}\nfrom stdin` })
    expect(outcome.stderr).toContain('err\n')
    const elsewhere = (folder: string) => run(['exec', id, '--workdir', folder, '--', 'pwd'], { cwd })
    expect(await elsewhere('/tmp')).toMatchObject({ code: 0, stdout: '/tmp\n' })
    expect(await elsewhere('.git')).toMatchObject({ code: 0, stdout: `${cwd}/.git\n` })
    expect(await elsewhere('no where')).toMatchObject({
      code: 125,
      stdout: '',
      stderr: 'paude: there is no folder no where in the sandbox\n',
    })
    const none = await run(['exec', id, '--', 'no-such-program'], { cwd })
    expect(none).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('paude: no-such-program was not found in the sandbox\n  → paude init'),
    })

    await window.start(`clear; ${command('shell')}`)
    await window.see(/[$#] *$/)
    // The engine's client hands the size on at its own time.
    await window.enter(
      'clear; echo "in the box: $HOSTNAME $((6 * 7))"; until [ "$(stty size)" = "30 100" ]; do sleep 0.1; done; stty size',
    )
    await window.see(/^in the box: paude 42\n30 100$/m)
    await window.enter('exit 3')
    expect(await window.ended()).toBe(3)

    const follow = startPaude(['network', 'log', id, '--follow', '--json'], { cwd })
    const ask = (host: string) => run(['exec', id, '--', 'curl', '-sS', '-m', '60', `https://${host}/`], { cwd })
    expect((await ask('first.blocked.example')).code).not.toBe(0)
    await poll('the first request in the log', () => follow.stdout().includes('first.blocked.example'))
    await ask('second.blocked.example')
    await poll('the second request in the log', () => follow.stdout().includes('second.blocked.example'))
    follow.kill('SIGTERM')
    await follow.done
    const all = await run(['network', 'log', '--json', id], { cwd })
    const requests = lines(all.stdout).map((line) => JSON.parse(line) as { host: string; decision: string })
    expect(requests).toContainEqual(expect.objectContaining({ host: 'host.paude.internal', decision: 'allowed' }))
    const blocked = lines((await run(['network', 'log', '--json', '--blocked', id], { cwd })).stdout).map(
      (line) => JSON.parse(line) as { host: string; decision: string },
    )
    expect(blocked.map(({ host }) => host)).toEqual(['first.blocked.example', 'second.blocked.example'])
    expect(blocked.every(({ decision }) => decision === 'blocked')).toBe(true)
    const readable = await run(['network', 'log', '--blocked'], { cwd })
    expect(readable.stdout).toMatch(/^TIME +DECISION +METHOD +HOST +BYTES +RULE\n/)
    expect(readable.stdout).toMatch(/blocked +CONNECT +first\.blocked\.example:443 +\d+ +not on the allowlist/)

    const busy = await run(['rm', id], { cwd })
    expect(busy).toMatchObject({ code: 1, stdout: '' })
    expect(busy.stderr).toContain(`session ${id} is running`)
    expect(await statusOf(id)).toBe('running')
    // docker's log holds a screen back until it is full or the agent ends.
    expect(await run(['stop'], { cwd })).toMatchObject({ code: 0 })
    const log = await run(['logs'], { cwd })
    expect(log.code).toBe(0)
    expect(log.stdout.replaceAll(' ', '')).toContain('ananswerforthelog')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those must not be there
    expect(log.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)

    const before = await homeVolumes(backend)
    expect(await run(['rm'], { cwd })).toMatchObject({ code: 0, stdout: `${id}\n` })
    await expectGone(backend, (part) => part.includes(id))
    expect(await homeVolumes(backend)).toEqual(before)
    const next = await detached({ cwd })
    expect(await run(['rm', '--force', '--volumes', next], { cwd })).toMatchObject({ code: 0, stdout: `${next}\n` })
    await expectGone(backend, (part) => part.includes(next))
    expect(await homeVolumes(backend)).toHaveLength(before.length - 1)

    // What a session in the foreground leaves has no session any more.
    expect(await claude(['-p', 'SAY hi'], { cwd })).toMatchObject({ code: 0 })
    expect(await homeVolumes(backend)).toHaveLength(before.length)
    const home = await run(['rm', '--volumes'], { cwd })
    expect(home).toMatchObject({ code: 0, stdout: expect.stringMatching(/^paude-home-claude-\w+\n$/) })
    expect(await homeVolumes(backend)).toHaveLength(before.length - 1)
    expect(await run(['rm', '--volumes'], { cwd })).toMatchObject({ code: 1, stdout: '' })
  })

  test('a session whose folder is lost can still be listed, attached to, stopped and removed', async () => {
    const cwd = makeProject()
    const id = await detached({ cwd })
    const window = await terminal({ cwd })
    for (const words of [['attach'], ['attach', id]]) {
      await window.start(`clear; ${command(...words)}`)
      await window.see(prompt({}))
      expect(await window.detach()).toBe(0)
      rmSync(folderOf(id), { recursive: true, force: true })
      expect(await statusOf(id)).toBe('running')
    }
    expect(await run(['stop', id], { cwd })).toMatchObject({ code: 0 })
    expect(await statusOf(id)).toBe('exited')
    // No record tells of the holders of a folder that is lost: they end by themselves, once the engine says that the agent has.
    await poll('the holders to end', () => processes().every(({ words }) => !words.includes(id)))
    await expectRemoved(id, { cwd })
  })

  test('a dead engine hides no session of the others', async () => {
    const cwd = makeProject()
    const id = await detached({ cwd })
    const list = await paude(['sessions'], { cwd, env: world.alone() })
    expect(list.code).toBe(0)
    expect(list.stdout).toContain(id)
    expect(list.stderr).toMatch(/paude: warning: .*: paude cannot show its sessions/)
    await expectRemoved(id, { cwd, force: true })
  })

  test('what lost its agent is no session any more, and rm --orphans takes away what is left of it', async () => {
    const { id, project } = lost
    const list = await run(['sessions'], { cwd: project })
    expect(list.stdout).not.toContain(id)
    const window = await terminal({ cwd: project })
    const attach = await window.run(command('attach'))
    expect(attach.code).toBe(125)
    expect(attach.screen).toContain(`session ${id} is gone`)
    const keeper = await detached({ cwd: project })
    const parts = [`${id}-proxy`, folderOf(id)]
    const script = await poll(
      'orphans older than a minute',
      async () => {
        const { stdout } = await run(['rm', '--orphans', '--dry-run'], { cwd: project, env: world.alone() })
        return parts.every((part) => stdout.includes(part)) && stdout
      },
      150,
    )
    expect(script).not.toContain(keeper)
    expect(script).not.toContain('paude-home-')
    expect((await leftovers(backend)).filter((part) => part.includes(id))).not.toEqual([])
    expect(await run(['rm', '--orphans'], { cwd: project, env: world.alone() })).toMatchObject({ code: 0, stdout: '' })
    await expectGone(backend, (part) => part.includes(id))
    expect(await statusOf(keeper)).toBe('running')
    expect(await containersOf(backend, keeper)).toHaveLength(2)
    await expectRemoved(keeper, { cwd: project, force: true })
  })

  /** Transcript files of the project's conversations, as the box sees them. */
  async function transcripts(id: string): Promise<string> {
    const { stdout } = await run(['exec', id, '--', 'sh', '-c', 'ls "$HOME"/.claude/projects/*/*.jsonl'])
    return stdout
  }

  async function expectRemoved(id: string, { cwd, force = false }: { cwd: string; force?: boolean }): Promise<void> {
    expect(await run(['rm', ...(force ? ['--force'] : []), '--volumes', id], { cwd })).toMatchObject({
      code: 0,
      stdout: `${id}\n`,
    })
    await expectGone(backend, (part) => part.includes(id))
  }
})

/** The means of one engine's tests: an API, windows, and paude with both in its environment. */
function makeWorld(backend: BackendName) {
  let api: Api | undefined
  const terminals = makeTerminals()
  const env = () => ({ ...api?.env, PAUDE_BACKEND: backend })
  const claude = (words: readonly string[], options: RunOptions = {}) =>
    paude(words, { ...options, env: { ...env(), ...options.env } })
  return {
    open: () => {
      api = serveApi()
    },
    async close() {
      await terminals.stop()
      await api?.stop()
    },
    claude,
    run: claude,
    /** Variables with which the other engine does not answer. */
    alone(): Readonly<Record<string, string>> {
      if (backend === 'podman') return { DOCKER_HOST: 'unix:///nonexistent' }
      const folder = join(root, 'dead')
      chmodSync(put(join(folder, 'podman'), '#!/bin/sh\necho "Error: no storage today" >&2\nexit 125\n'), 0o755)
      return { PATH: `${folder}:${process.env['PATH']}` }
    },
    /** The command line of paude for a shell. */
    command: (...words: readonly string[]) => [binary, ...words].join(' '),
    terminal: ({ cwd = makeProject(), env: extra = {}, ...size }: Partial<Window> = {}): Promise<Terminal> =>
      terminals.open({ cwd, env: { ...env(), ...extra }, ...size }),
    async detached({ cwd }: { readonly cwd: string }): Promise<string> {
      const { code, stdout, stderr } = await claude(['--detach'], { cwd })
      if (code !== 0) throw new Error(`no session was started: ${stderr}`)
      return stdout.trim()
    },
    /** The id of the newest session of a project. */
    newest(cwd: string): string {
      const records = readdirSync(join(stateHome, 'paude/sessions')).flatMap((id) => {
        const { workspace, created } = JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8'))
        return workspace === cwd ? [{ id, created: String(created) }] : []
      })
      return records.toSorted((a, b) => (a.created < b.created ? 1 : -1))[0]?.id ?? ''
    },
    /** As `paude sessions` says; '' for none. */
    async statusOf(id: string): Promise<string> {
      const { stdout } = await claude(['sessions', '--json'])
      const rows = JSON.parse(stdout || '[]') as { id: string; status: string; backend: string }[]
      return rows.find((row) => row.id === id && row.backend === backend)?.status ?? ''
    },
  }
}

const folderOf = (id: string): string => join(stateHome, 'paude/sessions', id)

/** Whether a screen is Claude's, complete and of this size: two rules across, the prompt between, a line of hints below. */
const prompt =
  ({ columns = 100, rows = 30 }: { readonly columns?: number; readonly rows?: number }) =>
  (screen: string): boolean => {
    const all = screen.split('\n')
    const at = all.findLastIndex((line) => line.startsWith('❯'))
    const rule = '─'.repeat(columns)
    return all.length === rows && at === rows - 3 && all[at - 1] === rule && all[at + 1] === rule
  }

/** The terminal is in no mode of the agent's, and was told so in so many bytes. */
async function expectPlain(window: Terminal): Promise<void> {
  for (const fact of [
    'alternate_on',
    'mouse_any_flag',
    'mouse_sgr_flag',
    'mouse_standard_flag',
    'mouse_button_flag',
    'mouse_all_flag',
  ])
    expect([fact, await window.fact(fact)]).toEqual([fact, '0'])
  expect(await window.fact('cursor_flag')).toBe('1')
  const bytes = window.bytes()
  for (const mode of LEFT) {
    const on = mode.replace(/l$/, 'h')
    // Whatever turned a mode on, the last word was off. The shell itself turns paste on, for its own line.
    if (mode.endsWith('l') && !mode.includes('2004'))
      expect(bytes.lastIndexOf(mode)).toBeGreaterThanOrEqual(bytes.lastIndexOf(on))
    else expect(bytes).toContain(mode)
  }
}

/** The process that runs in a window's shell: paude. */
async function childOf(window: Terminal): Promise<number> {
  const shell = await window.fact('pane_pid')
  const { stdout } = Bun.spawnSync(['pgrep', '-P', shell])
  return Number(stdout.toString().trim())
}

const gone = (pid: number) => poll(`process ${pid} to end`, () => !existsSync(`/proc/${pid}`), 60)
