import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  binary,
  describeEach,
  engine,
  lines,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type RunOptions,
  serveApi,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals, type Terminal, type Window } from './terminal.ts'

setDefaultTimeout(240_000) // ms

// A no-break space follows the sign.
const PROMPT = /^❯[ \u00a0]*$/m

describeEach('a held terminal', (backend) => {
  let api = serveApi()
  const terminals = makeTerminals()
  const env = () => ({ ...api.env, PAUDE_BACKEND: backend })
  const run = (words: readonly string[], { env: extra, ...rest }: RunOptions = {}) =>
    paude(words, { ...rest, env: { ...env(), ...extra } })
  const open = ({ cwd = makeProject(), env: extra = {}, ...size }: Partial<Window> = {}) =>
    terminals.open({ cwd, env: { ...env(), ...extra }, ...size })
  const folderOf = (id: string) => join(stateHome, 'paude/sessions', id)
  const stateOf = (id: string) => JSON.parse(readFileSync(join(folderOf(id), 'state.json'), 'utf8')) as Record<string, unknown>
  const holderOf = (id: string) => processes().find(({ words }) => words.includes(' hold ') && words.endsWith(id))?.pid ?? 0
  const engineClientOf = (id: string) =>
    processes().find(({ words }) => words.startsWith(`${backend} `) && /\b(start|attach)\b/.test(words) && words.endsWith(id))
      ?.pid ?? 0
  const screen = async (id: string) => (await run(['screen', id])).stdout
  const detached = async (cwd: string, words: readonly string[] = ['--permission-mode', 'plan']) => {
    const { code, stdout, stderr } = await run(['--detach', ...words], { cwd })
    expect(code, stderr).toBe(0)
    const id = stdout.trim()
    await poll('the prompt', async () => PROMPT.test(await screen(id)))
    return id
  }
  const removed = async (id: string) => expect((await run(['rm', '--force', '--volumes', id])).stdout).toBe(`${id}\n`)
  const attached = async (window: Terminal, id: string) => {
    await window.start(`${binary} attach ${id}`)
    await window.see(PROMPT)
  }

  beforeAll(() => {
    api = serveApi()
  })
  afterAll(async () => {
    await terminals.stop()
    await api.stop()
  })

  test('goes on behind a terminal that Ctrl-Z gave away; fg shows it, and its end', async () => {
    const id = await detached(makeProject())
    const window = await open()
    await attached(window, id)
    for (const _ of ['once', 'and again']) {
      await window.press('C-z')
      await window.see(/Stopped[^$]*shell>$/)
      await poll('nobody to look', () => stateOf(id)['attached'] === 0)
      await window.enter('fg')
      await window.see(PROMPT)
    }
    await window.press('C-z')
    await window.see(/Stopped[^$]*shell>$/)
    await engine(backend, ['kill', id])
    expect((await window.run('fg', 60)).code).toBe(137)
    await removed(id)
  })

  test('is there before anybody looks: screen, send and logs, for scripts', async () => {
    const cwd = makeProject()
    const id = await detached(cwd)
    expect(statSync(join(folderOf(id), 'holder.sock')).mode & 0o777).toBe(0o600)
    expect(stateOf(id)).toMatchObject({ attached: 0, code: null })
    expect(await run(['send', id, 'SAY an answer for nobody'])).toEqual({ code: 0, stdout: '', stderr: '' })
    await poll('the answer', async () => /^● an answer for nobody$/m.test(await screen(id)))
    const html = (await run(['screen', '--html'], { cwd })).stdout
    expect(html).toStartWith('<pre')
    expect(html).toContain('an answer for nobody')
    expect((await run(['screen', '--ansi', id])).stdout).toContain('\x1b[')
    await poll('the log', async () => /^● an answer for nobody$/m.test((await run(['logs', id])).stdout))
    expect(await run(['screen', '--ansi', '--html', id])).toMatchObject({ code: 2, stdout: '' })
    expect((await run(['send', id])).stderr).toContain('paude send needs either a text or --key')
    expect((await run(['send', id, '--key', 'nokey'])).stderr).toContain(': unknown key "nokey"')
    await removed(id)
  })

  test('tells what the agent does; a question is answered from outside', async () => {
    const cwd = makeProject()
    const id = await detached(cwd, ['--permission-mode', 'default'])
    const row = async () =>
      (JSON.parse((await run(['sessions', '--json'])).stdout) as Record<string, unknown>[]).find((one) => one['id'] === id)
    const watching = startPaude(['sessions', '--watch'], { env: env() })
    await run(['send', id, 'BASH echo made > made.txt;;SAY it is made'])
    await poll('the question', async () => (await row())?.['activity'] === 'waiting')
    expect(await row()).toMatchObject({ activity: 'waiting', kind: 'permission', status: 'running' })
    const [head = '', ...rest] = lines((await run(['sessions'])).stdout)
    expect(head).toMatch(/^SESSION +STATUS +ACTIVITY +SINCE +BLOCKED +STARTED +AGENT +BACKEND +WORKSPACE$/)
    expect(rest.find((line) => line.startsWith(id))).toMatch(/ waiting: permission +\d+ s /)
    await poll('the line of the watcher', () => watching.stdout().includes(`${id}  running  waiting: permission`))
    expect(existsSync(join(cwd, 'made.txt'))).toBe(false)
    // A fresh question takes no key for a moment.
    await poll('the end of the work', async () => {
      if ((await row())?.['activity'] === 'waiting') await run(['send', id, '--key', 'enter'])
      return (await row())?.['activity'] === 'done'
    })
    expect(readFileSync(join(cwd, 'made.txt'), 'utf8')).toBe('made\n')
    await poll('the line of the watcher', () => watching.stdout().includes(`${id}  running  done`))
    watching.kill('SIGTERM')
    await watching.done
    await removed(id)
  })

  test('is watched, answered, attached to and stopped from one table', async () => {
    const cwd = makeProject()
    const id = await detached(cwd, ['--permission-mode', 'default'])
    const window = await open({ cwd, columns: 140, rows: 30 })
    await window.start(`${binary} sessions --watch`)
    const chosen = new RegExp(`^> ${id} +running `, 'm')
    const row = (screen: string) => /^> (\S+)/m.exec(screen)?.[1]
    for (let tries = 0; tries < 50 && !chosen.test(await window.see(id)); tries++) {
      const before = row(await window.screen())
      await window.press('Down')
      await window.see((screen) => row(screen) !== before, 10).catch(() => undefined)
    }
    await window.see(chosen)
    await run(['send', id, 'BASH echo made > made.txt;;SAY it is made'])
    await window.see(new RegExp(`^> ${id} +running +waiting: permission`, 'm'))
    // A reply is typed and sent: 1 is the first answer that Claude offers, and it takes that without Enter.
    await window.press('r')
    await window.see('reply:')
    await window.press('1', 'Enter')
    await window.see(`sent to ${id}`)
    await window.see(new RegExp(`^> ${id} +running +done`, 'm'))
    expect(readFileSync(join(cwd, 'made.txt'), 'utf8')).toBe('made\n')
    const before = await window.fact('pane_title')
    await window.press('a')
    await window.see(/^● it is made$/m)
    // Claude titles its terminal; a mark stands before that while it waits.
    const marked = async () => (await window.fact('pane_title')).startsWith('(?) ')
    await poll('the title', async () => (await window.fact('pane_title')) !== before)
    expect(await marked()).toBe(false)
    await run(['send', id, 'BASH echo more > more.txt;;SAY more is made'])
    await poll('the mark in the title', marked)
    expect(await run(['send', id, 'yes'])).toMatchObject({ code: 0, stderr: '' })
    await window.see(/^● more is made$/m)
    await poll('the title without the mark', async () => !(await marked()))
    await window.press('C-p', 'C-q')
    await window.see(chosen)
    await window.press('s')
    await window.see(`stop ${id}?`)
    await window.press('n')
    await window.see((text) => !text.includes(`stop ${id}?`) && chosen.test(text))
    await window.press('s')
    await window.see(`stop ${id}?`)
    await window.press('y')
    await window.see(new RegExp(`^> ${id} +stopped`, 'm'), 60)
    await window.press('q')
    expect(await window.ended()).toBe(0)
    await removed(id)
  })

  test('a question takes yes, no and numbers; any other text is refused instead of approving it', async () => {
    const cwd = makeProject()
    const id = await detached(cwd, ['--permission-mode', 'default'])
    const ask = async (file: string) => {
      await run(['send', id, `BASH touch ${file};;SAY after ${file}`])
      expect((await run(['wait', id, '--for', 'waiting', '--timeout', '60'])).code).toBe(0)
      await poll('the question on the screen', async () => /1\. Yes/.test(await screen(id)))
    }
    const made = (file: string) => existsSync(join(cwd, file))
    await ask('one')
    for (const text of ['no, rather not', 'SAY something else', '12', '- a point']) {
      const refused = await run(['send', id, text])
      expect(refused.code, text).toBe(1)
      expect(refused.stderr).toContain(`session ${id} asks: `)
    }
    expect(stateOf(id)['activity']).toBe('waiting')
    await run(['send', id, 'no'])
    await poll('the refusal', () => stateOf(id)['activity'] !== 'waiting')
    expect(made('one')).toBe(false)
    await ask('two')
    expect(await run(['send', id, 'yes'])).toMatchObject({ code: 0, stderr: '' })
    await run(['wait', id, '--for', 'done', '--timeout', '60'])
    expect(made('two')).toBe(true)
    await removed(id)
  })

  test('what is sent in quick succession, over many lines or from stdin arrives as it was sent, also with a new holder', async () => {
    const id = await detached(makeProject())
    process.kill(holderOf(id), 'SIGKILL')
    await poll('its end', () => holderOf(id) === 0)
    const said = ['SAY one', '- two', '-p three', 'SAY four\nfive\nsix']
    for (const sent of await Promise.all(said.slice(0, 2).map((text) => run(['send', id, text]))))
      expect(sent).toMatchObject({ code: 0, stderr: '' })
    expect((await run(['send', '--', id, said[2] ?? ''])).code).toBe(0)
    expect((await run(['send', id, '-'], { stdin: `${said[3]}\n` })).code).toBe(0)
    await run(['wait', id, '--for', 'done', '--timeout', '60'])
    const prompts = async () =>
      lines((await run(['events', id, '--json'])).stdout)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .flatMap(({ kind, text }) => (kind === 'prompt' ? [text] : []))
    // What is missing is told, with what the screen shows.
    await poll('all of them', async () => (await prompts()).length === said.length).catch(async () =>
      expect([await prompts(), await screen(id)]).toEqual([said, '']),
    )
    expect((await prompts()).toSorted()).toEqual(said.toSorted())
    await removed(id)
  })

  test('can be waited for: an answer and no earlier one, a question, the end', async () => {
    const id = await detached(makeProject(), ['--permission-mode', 'default'])
    const waitFor = (states: string, ...more: string[]) => run(['wait', id, '--for', states, '--timeout', '60', ...more])
    for (const word of ['first', 'second', 'third']) {
      await run(['send', id, `SLEEP 0.5;;SAY the ${word}`])
      expect(await waitFor('done')).toEqual({ code: 0, stdout: `${id} done\n`, stderr: '' })
      await poll('the answer on the screen', async () => new RegExp(`^● the ${word}$`, 'm').test(await screen(id)))
    }
    expect((await waitFor('idle')).stdout).toBe(`${id} done\n`)
    await run(['send', id, 'BASH rm nothing;;SAY never said'])
    expect((await waitFor('done,waiting', '--json')).stdout).toBe(`{"id":"${id}","state":"waiting","exitCode":null}\n`)
    expect(await run(['wait', id, '--for', 'done', '--timeout', '0.3'])).toMatchObject({ code: 124, stdout: '' })
    const waiting = startPaude(['wait', id, '--for', 'error'], { env: env() })
    const either = startPaude(['wait', id, '--for', 'exited,error'], { env: env() })
    await engine(backend, ['kill', id])
    const [never, ended] = await Promise.all([waiting.done, either.done])
    expect(never).toMatchObject({ code: 3, stdout: '' })
    expect(never.stderr).toContain(`session ${id} has ended with exit code 137`)
    expect(ended).toEqual({ code: 0, stdout: `${id} exited 137\n`, stderr: '' })
    await removed(id)
  })

  test('tells the user, as the configuration says, when nobody looks', async () => {
    const cwd = makeProject()
    const config = join(cwd, '..', 'config')
    const told = join(cwd, '..', 'told')
    const posted: { readonly token: string | null; readonly body: Record<string, unknown> }[] = []
    let refused = 0
    const web = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        // It is down at first, so the message comes again.
        if (refused++ === 0) return new Response('', { status: 503 })
        posted.push({ token: request.headers.get('authorization'), body: (await request.json()) as Record<string, unknown> })
        return new Response('')
      },
    })
    put(join(config, 'token'), 'a-token-of-mine\n')
    chmodSync(join(config, 'token'), 0o600)
    put(
      join(config, 'paude/config.toml'),
      [
        '[notify]',
        'on = ["waiting", "done", "exited"]',
        'every = 0',
        `command = ["sh", "-c", "cat >> ${told}"]`,
        '[notify.webhook]',
        `url = "${web.url.href}"`,
        `token = "file:${join(config, 'token')}"`,
      ].join('\n'),
    )
    const extra = { XDG_CONFIG_HOME: config }
    const { stdout } = await run(['--detach', '--permission-mode', 'default'], { cwd, env: extra })
    const id = stdout.trim()
    await poll('the prompt', async () => PROMPT.test(await screen(id)))
    const messages = () =>
      existsSync(told) ? lines(readFileSync(told, 'utf8')).map((line) => JSON.parse(line) as Record<string, unknown>) : []
    await run(['send', id, 'SAY the last words'])
    await poll('the answer', () => messages().some(({ kind, body }) => kind === 'done' && body === 'the last words'))
    await run(['send', id, 'BASH rm nothing;;SAY x'])
    await poll('the question', () => messages().some(({ kind }) => kind === 'waiting'))
    expect(messages().find(({ kind }) => kind === 'waiting')).toMatchObject({ v: 1, session: id, workspace: cwd })
    await engine(backend, ['kill', id])
    await poll('the end', () => messages().some(({ kind, body }) => kind === 'exited' && body === 'exit code 137'))
    expect(messages().map(({ kind }) => kind)).toEqual(['done', 'waiting', 'exited'])
    await poll('the posts', () => posted.length === 3)
    // What had to be sent again comes after what was sent meanwhile; the time tells.
    const byTime = (one: Record<string, unknown>, other: Record<string, unknown>) =>
      String(one['time']) < String(other['time']) ? -1 : 1
    expect(posted.map(({ body }) => body).toSorted(byTime)).toEqual(messages())
    expect(new Set(posted.map(({ token }) => token))).toEqual(new Set(['Bearer a-token-of-mine']))
    expect(refused).toBe(4)
    await web.stop(true)
    await removed(id)
  })

  test('survives the death of any part but the agent, with everybody attached', async () => {
    const id = await detached(makeProject())
    const window = await open()
    await attached(window, id)
    await window.enter('SAY before')
    await window.see(/^● before$/m)

    const first = holderOf(id)
    process.kill(first, 'SIGKILL')
    await poll('another holder', () => holderOf(id) !== 0 && holderOf(id) !== first)
    await window.see((text) => PROMPT.test(text) && text.includes('● before'))
    await window.enter('SAY after the holder')
    await window.see(/^● after the holder$/m)

    const client = engineClientOf(id)
    process.kill(client, 'SIGKILL')
    await poll('another client of the engine', () => ![0, client].includes(engineClientOf(id)))
    await poll('the agent hears again', async () => {
      await run(['send', id, '--key', 'x'])
      return /^❯[ \u00a0]x+$/m.test(await screen(id))
    })
    // Each takes away a line, and what was typed while nobody heard may fill more than one.
    await poll('the prompt is empty', async () => {
      await run(['send', id, '--key', 'ctrl-u'])
      return PROMPT.test(await screen(id))
    })
    await window.see(PROMPT)
    await window.enter('SAY after the client')
    await window.see(/^● after the client$/m)

    // All of them at once, and nobody looks: the next one who comes finds the screen.
    for (const pid of [holderOf(id), engineClientOf(id)]) process.kill(pid, 'SIGKILL')
    await window.close()
    const other = await open()
    await attached(other, id)
    await other.see('● after the client')
    await engine(backend, ['kill', id])
    expect(await other.ended()).toBe(137)
    await poll('the holder to end', () => holderOf(id) === 0)
    expect(stateOf(id)).toMatchObject({ code: 137, holder: '' })
    expect((await run(['logs', id])).stdout).toContain('● after the client')
    await removed(id)
  })

  test('a new holder knows at once that the agent was interrupted, which no hook told', async () => {
    const id = await detached(makeProject())
    await run(['send', id, 'SLEEP 600;;SAY never'])
    await poll('the work', () => stateOf(id)['activity'] === 'working')
    await run(['send', id, '--key', 'escape'])
    await poll('the interruption', () => stateOf(id)['activity'] === 'idle')
    const first = holderOf(id)
    process.kill(first, 'SIGKILL')
    await poll('its end', () => holderOf(id) === 0)
    await poll('the screen of the next one', async () => (await screen(id)).includes('SLEEP 600'))
    await poll('the state', () => stateOf(id)['activity'] === 'idle' && holderOf(id) !== first)
    await removed(id)
  })

  test('two windows of different sizes: who types last has the right size, the other still sees', async () => {
    const id = await detached(makeProject())
    const [wide, narrow] = [await open({ columns: 120, rows: 36 }), await open({ columns: 70, rows: 20 })]
    const rule = (columns: number) => new RegExp(`^─{${columns}}$`, 'm')
    await attached(wide, id)
    await wide.see(rule(120))
    await attached(narrow, id)
    await narrow.see(rule(70))
    await wide.see((text) => rule(70).test(text) && PROMPT.test(text))
    await wide.enter('SAY typed in the wide one')
    await wide.see((text) => rule(120).test(text) && /^● typed in the wide one$/m.test(text))
    // As much of the lower end as fits.
    await wide.press('s', 'e', 'e', 'n')
    await narrow.see((text) => rule(70).test(text) && /^❯[ \u00a0]seen$/m.test(text))
    const reader = await open({ columns: 60, rows: 16 })
    await reader.start(`${binary} attach --read-only ${id}`)
    await reader.see(/^❯[ \u00a0]seen$/m)
    await reader.press('z', 'z')
    await wide.press('C-u')
    await wide.see(PROMPT)
    await wide.enter('SAY still mine')
    await wide.see((text) => rule(120).test(text) && /^● still mine$/m.test(text))
    expect(await wide.screen()).not.toContain('zz')
    await removed(id)
    for (const window of [wide, narrow, reader]) expect(await window.ended()).toBe(137)
  })

  test('the keys that detach are the user’s choice', async () => {
    const id = await detached(makeProject())
    const window = await open({ env: { PAUDE_DETACH_KEYS: 'ctrl-b,d' } })
    await attached(window, id)
    await window.press('C-b', 'd')
    expect(await window.ended()).toBe(0)
    await removed(id)
  })

  test('nothing that is printed in the sandbox reaches the terminal but as painting', async () => {
    const id = await detached(makeProject())
    const window = await open()
    await attached(window, id)
    const evil = [
      String.raw`\033]52;c;ZXZpbA==\007`,
      String.raw`\033]0;title\033\\; rm -rf /\007`,
      String.raw`\033]9;notification\007`,
      String.raw`\033]777;notify;a;b\007`,
      String.raw`\033P+q544e\033\\`,
      String.raw`\033[21t\033[c\033[6n\033[>q\005`,
      String.raw`\033[3J`,
      String.raw`\033]8;;file:///etc/passwd\007link\033]8;;\007`,
      String.raw`\033]1337;File=inline=1:AAAA\007`,
    ].join('')
    const printed = await run([
      'exec',
      id,
      '--',
      'sh',
      '-c',
      // The first program of the box lets nobody near it; its child has the terminal.
      `for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != claude ] || t=$p/fd/1; done; printf '${evil}marker-for-the-test' > $t; head -c 3000000 /dev/urandom > $t; printf '\\033]52;c;'; head -c 2000000 /dev/zero | tr '\\0' x > $t; printf '\\007' > $t`,
    ])
    expect(printed.code, printed.stderr).toBe(0)
    await poll('the marker', () => window.bytes().includes('marker-for-the-test'))
    // The holder lives, and the agent's own picture comes back.
    await window.resize(90, 26)
    await window.see((text) => /^─{90}$/m.test(text) && PROMPT.test(text))
    const bytes = window.bytes()
    const words = [']52;', ']9;', ']777;', ']1337;', 'P', '[3J', '[6n', '[c', '[21t'].map((word) => `\x1b${word}`)
    for (const word of [...words, 'file:///', '\x05']) expect([word, bytes.includes(word)]).toEqual([word, false])
    await removed(id)
  })
})
