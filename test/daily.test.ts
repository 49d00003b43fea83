import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { readSince, readTail } from '../src/cli/args.ts'
import { PLANS } from '../src/cli/front-flags.ts'
import { readWords } from '../src/cli/read-words.ts'
import { type Machine, makeMachine } from './support/machine.ts'
import { programLine } from './support/program.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
  machine.set('say', 'list', '')
})
afterEach(() => machine.dispose())

const state = () => join(machine.home, '.local/state/paude')
const folderOf = (id: string) => join(state(), 'sessions', id)
const started = async (name = '') =>
  (await machine.paude(['--detach', ...(name === '' ? [] : [`--session-name=${name}`]), '-p', 'x'])).stdout.trim()
const created = () => machine.calls().filter(([, verb]) => verb === 'create')

/** What a terminal showed that answers with these keys, and the exit code. */
const script = Bun.which('script')
async function atTerminal(words: string, keys = ''): Promise<readonly [code: number, screen: string]> {
  const child = Bun.spawn([script ?? '', '-qec', `${programLine} ${words}`, '/dev/null'], {
    env: { ...machine.env, TERM: 'dumb', SHELL: '/bin/sh' },
    cwd: machine.project,
    stdin: Buffer.from(keys),
    stdout: 'pipe',
  })
  const screen = (await child.stdout.text()).replaceAll('\r\n', '\n')
  return [await child.exited, screen]
}

describe('words of other programs', () => {
  test.each([
    [['kill', 'x'], 'paude stop SESSION'],
    [['build'], 'paude image build'],
    [['images'], 'paude image ls'],
    [['top'], 'paude sessions --watch'],
    [['inspect', 'x'], 'paude sessions --json'],
    [['restart'], 'then paude start SESSION'],
    [['update'], '--agent-version RELEASE'],
    [['upgrade'], '--agent-version RELEASE'],
    [['ssh'], 'paude shell'],
    [['new'], '--session-name NAME'],
    [['kill-session'], 'paude rm --force SESSION'],
    [['codex', 'exec'], 'paude --agent codex'],
    [['opencode'], 'paude --agent opencode'],
    [['claude', '-p', 'hi'], 'paude without that word starts it'],
    [['uninstall'], 'paude home rm'],
    [['pr', 'create'], 'paude exec -- gh pr'],
    [['send-keys', 'x'], 'paude send'],
    [['port-forward', '3000'], 'paude forward PORT'],
    [['paude', 'sessions'], 'paude without the second paude'],
  ])('%j is refused with what was meant, and asks no model', async (words, meant) => {
    const { code, stdout, stderr } = await machine.paude(words)
    expect([code, stdout, machine.calls()]).toEqual([125, '', []])
    expect(stderr).toContain(meant)
    expect(stderr).toContain(`paude -- ${words[0]}`)
  })

  test('behind -- they go to the agent all the same, and so does a prompt that begins with one', async () => {
    expect((await machine.paude(['--', 'build'])).code).toBe(0)
    expect((await machine.paude(['build the project'])).code).toBe(0)
    expect(created()).toHaveLength(2)
  })

  test('help explains them as well', async () => {
    expect((await machine.paude(['help', 'kill'])).stderr).toContain('→ paude stop SESSION')
  })

  test('behind a topic, list and remove are what it calls so', async () => {
    for (const [other, own] of [
      ['image list', 'image ls'],
      ['network ls', 'network list'],
      ['home list', 'home ls'],
      ['home delete /nowhere', 'home rm /nowhere'],
    ] as const) {
      const [said, meant] = [await machine.paude(other.split(' ')), await machine.paude(own.split(' '))]
      expect(said).toEqual(meant)
    }
    for (const word of ['__proto__', 'constructor', 'toString', 'list'])
      expect((await machine.paude(['config', word])).stderr).toContain(`paude config has no verb "${word}"`)
  })

  test('ps and list are sessions, delete and remove are rm', async () => {
    const ids = [await started(), await started()]
    expect((await machine.paude(['delete', '-f', ids[0] ?? ''])).stdout).toBe(`${ids[0]}\n`)
    expect((await machine.paude(['remove', '-f', ids[1] ?? ''])).stdout).toBe(`${ids[1]}\n`)
    machine.unset('say', 'list')
    const { stdout } = await machine.paude(['sessions'])
    expect(stdout).toContain('fix-login')
    for (const verb of ['ps', 'list', 'ls']) expect((await machine.paude([verb])).stdout).toBe(stdout)
  })
})

describe('flags of one letter', () => {
  const args = {
    session: { type: 'positional', description: '' },
    follow: { type: 'boolean', letter: 'f', description: '' },
    quiet: { type: 'boolean', letter: 'q', description: '' },
    tail: { type: 'string', letter: 'n', valueHint: 'NUMBER', description: '' },
  } as const
  const read = (...argv: string[]) => readWords({ called: 'paude logs', ...PLANS }, argv, args) as object

  test.each([
    [['-f', 'x'], { follow: true, session: 'x' }],
    [['-n', '5'], { tail: '5' }],
    [['-n5'], { tail: '5' }],
    [['-n=5'], { tail: '5' }],
    [['-qfn', '5', 'x'], { quiet: true, follow: true, tail: '5', session: 'x' }],
    [['-qfn5'], { quiet: true, follow: true, tail: '5' }],
    [['--', '-f'], { session: '-f' }],
  ])('%j is read as its long names', (argv, values) => {
    expect(read(...argv)).toEqual(values)
  })

  test.each([
    [['-x'], 'unknown flag -x'],
    [['-fx'], 'unknown flag -x'],
    [['-f=yes'], '--follow takes no value'],
    [['-n'], '--tail needs a value'],
  ])('%j is refused', (argv, message) => {
    expect(() => read(...argv)).toThrow(message)
  })

  test.each([
    [['exec', '-it', 'x', 'bash'], 'leave it out; a command gets your terminal by itself'],
    [['run', '-it', '--', 'bash'], 'leave it out; a command gets your terminal by itself'],
    [['run', '-d', '--', 'true'], 'it stays in the foreground; to start an agent in the background: paude --detach'],
    [['run', '--rm', '--', 'true'], 'leave it out; paude always removes what runs in the foreground'],
    [['run', '-v', '/a:/b', '--', 'true'], 'write --mount'],
    [['run', '-e', 'A=1', '--', 'true'], 'write --env'],
    [['exec', '--user', 'root', 'x', 'id'], 'leave it out; a sandbox has one user, and it has your uid'],
    [['shell', '-u', 'root', 'x'], 'leave it out; a sandbox has one user, and it has your uid'],
    [['exec', '--env', 'HTTPS_PROXY=x', 'x', 'id'], 'leave it out; to reach another host: paude network allow HOST'],
    [['exec', '--timeout', 'soon', 'x', 'id'], 'write --timeout=10'],
  ])('%j is refused with what to type', async (words, said) => {
    const { code, stderr } = await machine.paude(words)
    expect([code, stderr.includes(said), machine.calls()]).toEqual([125, true, []])
  })

  test('completion reads them as their verb does', async () => {
    const id = await started('one')
    const offered = async (...words: string[]) =>
      (await machine.paude(['completion', 'bash', '--', ...words, ''])).stdout.trim().split('\n')
    for (const words of [
      ['logs', '-f'],
      ['logs', '-n', '5'],
      ['logs', '-fn5'],
      ['rm', '-f', 'other'],
    ])
      expect(await offered(...words)).toContain(id)
  })

  test('sessions -q prints ids of yours alone, -n the newest, and -a all that it prints anyway', async () => {
    const ids = [await started('one'), await started('two')]
    const row = (id: string, workspace = machine.project) =>
      JSON.stringify(['running', 'Up 2 seconds', id, '', 'claude', workspace, '2026-01-02T03:04:05.000Z', 'restricted'])
    machine.set('say', 'list', [row('paude-others'), ...ids.map((id) => row(id))].join('\n'))
    const lines = async (...words: string[]) => (await machine.paude(['ps', ...words])).stdout.trim().split('\n')
    const all = await lines('-q')
    expect(all.toSorted()).toEqual(ids.toSorted())
    expect(await lines('-aqn1')).toEqual(all.slice(0, 1))
    const table = await lines()
    expect(table.at(-1)).toMatch(/^paude-others .* \(not yours\)$/)
    expect(table.filter((line) => line.includes('(not yours)'))).toHaveLength(1)
    const rows = JSON.parse((await lines('--json')).join('')) as readonly { readonly id: string; readonly own: boolean }[]
    expect(rows.filter(({ own }) => !own).map(({ id }) => id)).toEqual(['paude-others'])
    machine.set('say', 'list', '')
    expect((await machine.paude(['ps', '-q'])).stdout).toBe('')
  })

  test('sessions --here lists those of this project alone', async () => {
    const id = await started()
    const row = (id: string) =>
      JSON.stringify(['running', 'Up 2 seconds', id, '', 'claude', machine.project, '2026-01-02T03:04:05.000Z', 'restricted'])
    machine.set('say', 'list', [row('paude-others'), row(id)].join('\n'))
    expect((await machine.paude(['sessions', '--here', '-q'])).stdout).toBe(`${id}\n`)
    const elsewhere = await machine.paude(['sessions', '--here'], { cwd: machine.home })
    expect([elsewhere.stdout, elsewhere.stderr]).toEqual(['', expect.stringContaining('no session of this directory')])
  })
})

test('--tail and --since take what people type, and refuse the rest with what to type', () => {
  expect([readTail(undefined), readTail('all'), readTail('0'), readTail('50')]).toEqual([undefined, undefined, 0, 50])
  for (const wrong of ['-1', 'x', '1.5', '']) expect(() => readTail(wrong)).toThrow('--tail must be a whole number')
  const now = Date.parse('2026-01-02T00:00:00Z')
  expect(readSince('90s', now)).toBe('2026-01-01T23:58:30.000Z')
  expect(readSince('1d', now)).toBe('2026-01-01T00:00:00.000Z')
  expect(readSince('2026-01-01T09:00:00Z', now)).toBe('2026-01-01T09:00:00.000Z')
  for (const wrong of ['1', 'm', '10x', 'yesterday', '']) expect(() => readSince(wrong, now)).toThrow('--since must be')
})

describe('the last lines', () => {
  test('of the network log are shown by number or by time, also where it goes on', async () => {
    await started()
    const line = (t: number, host: string) =>
      `${JSON.stringify({ v: 1, t, sid: 's', rev: 'a', c: t, m: 'CONNECT', u: `${host}:443`, h: host, p: '443', st: 403, r: 'TCP_DENIED', err: 'ERR_ACCESS_DENIED' })}\n`
    machine.set('say', 'logs', ['a', 'b', 'c'].map((name, at) => line(1_800_000_000 + at, `${name}.example`)).join(''))
    const hosts = async (...words: string[]) =>
      (await machine.paude(['network', 'log', '--json', ...words])).stdout
        .split('\n')
        .filter(Boolean)
        .map((text) => (JSON.parse(text) as { host: string }).host.slice(0, 1))
        .join('')
    expect(await hosts()).toBe('abc')
    expect(await hosts('-n2')).toBe('bc')
    expect(await hosts('--tail=0')).toBe('')
    expect(await hosts('--tail=99')).toBe('abc')
    expect(await hosts('--since', new Date(1_800_000_001_000).toISOString())).toBe('bc')
    expect(await hosts('-f', '-n1')).toBe('c')
    expect(await hosts('-f', '--since', new Date(1_800_000_001_000).toISOString())).toBe('bc')
  })

  test('of the output are shown by number, also where it goes on', async () => {
    const id = await started()
    const out = join(folderOf(id), 'out/stdout')
    writeFileSync(out, 'one\ntwo\nthree\n')
    const logs = async (...words: string[]) => (await machine.paude(['logs', ...words])).stdout
    expect(await logs('--tail=2')).toBe('two\nthree\n')
    const following = machine.paude(['logs', '--follow', '--tail=2'])
    appendFileSync(out, 'four\nfive\n')
    machine.ended('exited')
    const shown = (await following).stdout
    expect([shown.includes('one'), shown.endsWith('four\nfive\n')]).toEqual([false, true])
    expect(await logs('--follow', '--tail=0')).toBe('')
  })

  test('of the events are shown by number', async () => {
    const id = await started()
    const hook = (text: string) =>
      `\n100.25 ${JSON.stringify({ session_id: 'c1', hook_event_name: 'UserPromptSubmit', prompt: text })}\t\n`
    writeFileSync(join(folderOf(id), 'out/events'), ['one', 'two', 'three'].map(hook).join(''))
    const prompts = async (...words: string[]) =>
      [...(await machine.paude(['events', '--json', ...words])).stdout.matchAll(/"text":"(\w+)"/g)].map(([, text]) => text)
    expect(await prompts()).toEqual(['one', 'two', 'three'])
    expect(await prompts('-n', '1')).toEqual(['three'])
    expect(await prompts('--since', '2999-01-01')).toEqual([])
    machine.ended('exited')
    expect(await prompts('--follow', '--tail', '2')).toEqual(['two', 'three'])
  })
})

test('sessions shows only those that run when asked to, and watches all', async () => {
  machine.unset('say', 'list')
  const all = JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as readonly { id: string; status: string }[]
  const running = all.flatMap(({ id, status }) => (['running', 'paused'].includes(status) ? [id] : []))
  expect(running.length).toBeGreaterThan(0)
  expect(running.length).toBeLessThan(all.length)
  const narrowed = (await machine.paude(['sessions', '--json', '--running'])).stdout
  expect((JSON.parse(narrowed) as typeof all).map(({ id }) => id)).toEqual(running)
  const newest = (await machine.paude(['sessions', '--json', '--running', '-n1'])).stdout
  expect((JSON.parse(newest) as typeof all).map(({ id }) => id)).toEqual(running.slice(0, 1))
  machine.set('say', 'list', '')
  expect((await machine.paude(['sessions', '--running'])).stderr).toContain('no session is running')
  expect((await machine.paude(['sessions', '--watch', '--running'])).stderr).toContain('--watch and --running cannot be combined')
})

test('hints lead on where a word was nearly right', async () => {
  const said = async (...words: string[]) => (await machine.paude(words)).stderr
  expect(await said('help', '--all')).toContain('→ paude help all')
  expect(await said('help', '')).toContain('paude help: the name is empty')
  expect(await said('backup', 'nope')).toMatch(
    /no session belongs to this directory, and nope is taken as the file\n.*paude backup SESSION FILE/,
  )
})

describe('several sessions at once', () => {
  test('each is stopped and named, and one that is wrong keeps no other from it', async () => {
    const [one, two] = [await started('one'), await started('two')]
    const { code, stdout, stderr } = await machine.paude(['stop', 'one', 'nobody', 'two'])
    expect([code, stdout]).toEqual([1, `${one}\n${two}\n`])
    expect(stderr).toContain('nobody: no session has the name or id "nobody"')
  })

  test('rm removes what has ended and names what runs', async () => {
    const [one, two] = [await started('one'), await started('two')]
    const { code, stdout, stderr } = await machine.paude(['rm', 'one', 'two'])
    expect([code, stdout]).toEqual([1, ''])
    for (const id of [one, two]) expect(stderr).toContain(`session ${id} is running`)
    expect((await machine.paude(['rm', one, two])).stderr).toContain(`warning: session ${one} is running; `)
    expect(await machine.paude(['rm', '-f', 'one', 'two'])).toEqual({ code: 0, stdout: `${one}\n${two}\n`, stderr: '' })
    expect(readdirSync(join(state(), 'sessions'))).toEqual([])
  })

  test('start takes several, but attaches to one alone', async () => {
    const [one, two] = [await started('one'), await started('two')]
    machine.ended('exited')
    expect((await machine.paude(['start', 'one', 'two', '-a'])).code).toBe(125)
    const { code, stdout, stderr } = await machine.paude(['start', 'one', 'nobody', 'two'])
    expect([code, stdout]).toEqual([125, `${one}\n${two}\n`])
    expect(stderr).toContain('nobody: no session has the name or id "nobody"')
  })

  test('--dry-run shows the plan of each and removes none', async () => {
    const ids = [await started('one'), await started('two')]
    const { stdout } = await machine.paude(['rm', '--force', '--dry-run', 'one', 'two'])
    for (const id of ids) {
      expect(stdout).toContain(`rm -rf -- ${folderOf(id)}`)
      expect(existsSync(folderOf(id))).toBe(true)
    }
  })

  test('wait refuses at once where one will never get there, and with --any tells of the other', async () => {
    const id = await started('one')
    machine.ended('exited')
    const all = await machine.paude(['wait', 'one', 'nobody'])
    expect(all).toMatchObject({ code: 3, stdout: '' })
    expect(all.stderr).toContain('no session has the name or id "nobody"')
    const any = await machine.paude(['wait', '--any', 'nobody', 'one'])
    expect(any.code).toBe(0)
    expect(any.stdout).toMatch(new RegExp(`^${id} exited \\d+\n$`))
    expect(any.stderr).toContain('nobody: no session has the name or id ')
  })
})

describe('what a session that is gone leaves to read', () => {
  const blocked = (host: string) =>
    machine.set(
      'say',
      'logs',
      `${JSON.stringify({ v: 1, t: 1_800_000_000, sid: 's', rev: 'a', c: 1, m: 'CONNECT', u: `${host}:443`, h: host, p: '443', st: 403, r: 'TCP_DENIED', err: 'ERR_ACCESS_DENIED' })}\n`,
    )
  const hook = `\n100.25 ${JSON.stringify({ session_id: 'c1', hook_event_name: 'Stop', last_assistant_message: 'all \u001b]52;c;x\u0007done' })}\t`

  test('its network log, its events and its output are read with --last after rm', async () => {
    const id = await started('one')
    blocked('evil.example')
    writeFileSync(join(folderOf(id), 'out/events'), hook)
    writeFileSync(join(folderOf(id), 'out/stdout'), 'first\nlast \u001b]52;c;eA==\u0007answer\n')
    await machine.paude(['rm', '--force', id])
    expect(existsSync(folderOf(id))).toBe(false)
    const read = async (...words: string[]) => (await machine.paude([...words, '--last'])).stdout
    expect(await read('network', 'blocked')).toContain('evil.example:443')
    expect(await read('network', 'log', '--json')).toContain('"host":"evil.example"')
    expect(await read('events')).toContain('done')
    expect(await read('events')).not.toContain('\u001b')
    expect(await read('logs')).toBe('first\nlast answer\n')
    expect(await read('logs', 'one', '-n1')).toBe('last answer\n')
    expect(await read('logs', id)).toBe('first\nlast answer\n')
    expect((await machine.paude(['logs', 'nobody', '--last'])).stderr).toContain('paude has no record of a session "nobody"')
    expect((await machine.paude(['network', 'blocked'])).stderr).toContain('paude network blocked --last')
    expect((await machine.paude(['logs'])).stderr).toContain('paude logs --last')
    expect((await machine.paude(['events'])).stderr).toContain('paude events --last')
    expect((await machine.paude(['rm'])).stderr).not.toContain('--last')
  })

  test('logs --since is refused where lines bear no times, and reads them where a screen left them', async () => {
    const id = await started('one')
    writeFileSync(join(folderOf(id), 'out/stdout'), 'first\n')
    const running = await machine.paude(['logs', '--since', '10m'])
    expect([running.code, running.stdout]).toEqual([1, ''])
    expect(running.stderr).toContain(`the output of session ${id} has no times`)
    writeFileSync(join(folderOf(id), 'screen.txt'), 'old\nyoung\n')
    writeFileSync(join(folderOf(id), 'screen.times'), `1 1\n${Date.now()} 1\n`)
    await machine.paude(['rm', '--force', id])
    expect((await machine.paude(['logs', '--last', '--since', '10m'])).stdout).toBe('young\n')
    expect((await machine.paude(['logs', '--last'])).stdout).toBe('old\nyoung\n')
  })

  test('its answer is read byte for byte with output --last, with its exit code', async () => {
    const id = await started('one')
    machine.ended('exited')
    const [said, failed] = ['an answer \u001b]0;x\u0007 without an end', 'and why\n']
    writeFileSync(join(folderOf(id), 'out/stdout'), said)
    writeFileSync(join(folderOf(id), 'out/stderr'), failed)
    const before = await machine.paude(['output', id])
    expect((await machine.paude(['rm', id])).code).toBe(0)
    expect(await machine.paude(['output', '--last'])).toEqual(before)
    expect(before).toMatchObject({ stdout: said, stderr: failed })
    expect((await machine.paude(['output'])).stderr).toContain('paude output --last')
    const both = await machine.paude(['output', '--last', '--follow'])
    expect(both.stderr).toContain('--last and --follow cannot be combined')
  })

  test('an answer whose session was removed before its end has no exit code, and one of which only the end is kept says so', async () => {
    const id = await started()
    writeFileSync(join(folderOf(id), 'out/stdout'), `${'x'.repeat(99)}\n`.repeat(30_000))
    await machine.paude(['rm', '--force', id])
    const { code, stdout, stderr } = await machine.paude(['output', '--last'])
    expect([code, stdout.length > 1_000_000]).toEqual([125, true])
    expect(stderr).toContain('only the end of its output is kept')
    expect(stderr).toContain(`session ${id} was removed before it ended`)
  })

  test('an answer that went to a terminal or a pipe is kept nowhere', async () => {
    blocked('evil.example')
    await machine.paude(['-p', 'hi'])
    const { code, stdout, stderr } = await machine.paude(['output', '--last'])
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toMatch(/paude has no output of paude-\S+: it went to your terminal/)
  })

  test('it is for you alone, bounded, and a link that a sandbox left leads nowhere', async () => {
    const id = await started()
    const secret = join(machine.room, 'secret')
    writeFileSync(secret, 'topsecret\n')
    const out = join(folderOf(id), 'out')
    rmSync(join(out, 'events'))
    symlinkSync(secret, join(out, 'events'))
    writeFileSync(join(out, 'stdout'), `${'x'.repeat(99)}\n`.repeat(30_000))
    await machine.paude(['rm', '--force', id])
    const kept = join(state(), 'past', id)
    expect(existsSync(join(kept, 'out/events'))).toBe(false)
    expect(statSync(join(kept, 'out/stdout')).size).toBeLessThanOrEqual(1024 ** 2)
    expect([statSync(join(state(), 'past')).mode & 0o777, statSync(join(kept, 'session.json')).mode & 0o777]).toEqual([
      0o700, 0o600,
    ])
    expect(readFileSync(join(kept, 'out/stdout'), 'utf8').split('\n').at(0)).toBe('x'.repeat(99))
  })

  test('twenty are kept, none for longer than a week, and prune --records forgets all', async () => {
    const past = join(state(), 'past')
    const record = async () => {
      const id = await started()
      writeFileSync(join(folderOf(id), 'out/stdout'), 'x\n')
      await machine.paude(['rm', '--force', id])
      return id
    }
    const first = await record()
    for (let at = 0; at < 21; at++) {
      const id = `paude-aaaa${String.fromCharCode(97 + at)}2`
      mkdirSync(join(past, id))
      const text = readFileSync(join(past, first, 'session.json'), 'utf8')
      writeFileSync(join(past, id, 'session.json'), text.replaceAll(first, id))
      writeFileSync(join(past, id, 'ended'), new Date(Date.now() - (at < 2 ? 8 * 86_400_000 : at * 1000)).toISOString())
    }
    const last = await record()
    const kept = readdirSync(past)
    expect(kept).toHaveLength(20)
    expect(kept).toContain(last)
    expect(kept.filter((id) => id === 'paude-aaaaa2' || id === 'paude-aaaab2')).toEqual([])
    expect((await machine.paude(['prune', '--records', '--force'])).code).toBe(0)
    expect(readdirSync(past)).toEqual([])
  })
})

describe('prune', () => {
  const list = (...rows: (readonly [id: string, status: string])[]) =>
    machine.set(
      'say',
      'list',
      rows
        .map(
          ([id, status]) =>
            `${JSON.stringify([status, '', id, '', 'claude', machine.project, new Date().toISOString(), 'restricted'])}\n`,
        )
        .join(''),
    )

  test('removes what has ended, asks nobody where nobody is, and lets the rest alone', async () => {
    const [one, two] = [await started('one'), await started('two')]
    list([one, 'exited'], [two, 'running'], ['paude-zzzzz9', 'exited'])
    machine.ended('exited')
    const refused = await machine.paude(['prune'])
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('paude prune --force')
    const shown = (await machine.paude(['prune', '--dry-run'])).stdout
    expect([shown.includes(one), shown.includes(two), existsSync(folderOf(one))]).toEqual([true, false, true])
    // Another user's, on an engine that both share.
    expect(shown).not.toContain('paude-zzzzz9')
    expect(await machine.paude(['prune', '-f'])).toEqual({ code: 0, stdout: `${one}\n`, stderr: '' })
    expect([existsSync(folderOf(one)), existsSync(folderOf(two))]).toEqual([false, true])
  })

  test('--older-than takes what did nothing for so long, whenever it was started', async () => {
    const [old, young] = [await started('old'), await started('young')]
    list([old, 'exited'], [young, 'exited'])
    machine.ended('exited')
    const ages = (id: string, days: number, ...but: string[]) => {
      const time = new Date(Date.now() - days * 86_400_000)
      for (const below of ['', 'out'])
        for (const name of readdirSync(join(folderOf(id), below)))
          if (!but.includes(name) && statSync(join(folderOf(id), below, name)).isFile())
            utimesSync(join(folderOf(id), below, name), time, time)
    }
    ages(old, 8)
    // Begun long ago, and at work until yesterday.
    ages(young, 8, 'events')
    expect((await machine.paude(['prune', '--older-than', '9d', '-f'])).stderr).toContain('and did nothing since')
    expect((await machine.paude(['prune', '--older-than', 'soon', '-f'])).stderr).toContain('write --older-than=10m')
    expect(await machine.paude(['prune', '--older-than', '7d', '-f'])).toEqual({ code: 0, stdout: `${old}\n`, stderr: '' })
    expect([existsSync(folderOf(old)), existsSync(folderOf(young))]).toEqual([false, true])
  })

  test('says so when nothing has ended', async () => {
    expect(await machine.paude(['prune'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'paude: nothing to remove: no session has ended\n',
    })
  })

  test.skipIf(script === null)('asks on a terminal, where everything but yes is no', async () => {
    const one = await started('one')
    list([one, 'exited'])
    machine.ended('exited')
    const [no, screen] = await atTerminal('prune', '\n')
    expect([no, screen.includes('remove them? [y/N]: '), existsSync(folderOf(one))]).toEqual([1, true, true])
    expect((await atTerminal('prune', 'y\n'))[0]).toBe(0)
    expect(existsSync(folderOf(one))).toBe(false)
  })
})

describe('HOME volumes', () => {
  test('are listed with their projects and who uses them, and one in use is not removed', async () => {
    const id = await started()
    const { homeVolume } = JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8')) as { homeVolume: string }
    machine.set(
      'say',
      'volumes',
      `${JSON.stringify([homeVolume, '', 'home', '', machine.project])}\n${JSON.stringify(['paude-home-claude-0000000000000000', '', 'home', '', '/gone/\u001b[31mproject'])}\n`,
    )
    const rows = JSON.parse((await machine.paude(['home', 'ls', '--json'])).stdout) as { volume: string; sessions: string[] }[]
    expect(rows.find(({ volume }) => volume === homeVolume)?.sessions).toEqual([id])
    expect((await machine.paude(['home', 'ls'])).stdout).not.toContain('\u001b')
    const used = await machine.paude(['home', 'rm'])
    expect(used.code).toBe(1)
    expect(used.stderr).toContain(`${homeVolume} is in use by ${id}\n  → paude rm ${id} first`)
    await machine.paude(['rm', '--force', id])
    expect((await machine.paude(['home', 'rm', '--dry-run'])).stdout).toContain(`volume rm ${homeVolume}`)
    expect(await machine.paude(['home', 'rm', '.'])).toEqual({ code: 0, stdout: `${homeVolume}\n`, stderr: '' })
    expect(machine.calls()).toContainEqual(['docker', 'volume', 'rm', homeVolume])
    expect((await machine.paude(['home', 'rm', '/nowhere'])).stderr).toContain('/nowhere has no HOME volume')
  })

  test('of folders that are gone are removed together, and with --all those of all projects that no session uses', async () => {
    const id = await started()
    const { homeVolume } = JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8')) as { homeVolume: string }
    const line = (name: string, role: string, project: string) => `${JSON.stringify([name, '', role, '', project])}\n`
    machine.set(
      'say',
      'volumes',
      [
        line(homeVolume, 'home', machine.project),
        line('paude-home-claude-1', 'home', join(machine.home, 'gone')),
        line('paude-overlay-1', 'overlay', join(machine.home, 'gone')),
        // A disk that is not mounted, or another user's.
        line('paude-home-claude-3', 'home', join(machine.home, 'gone/further')),
        line('paude-home-claude-4', 'home', ''),
        line('paude-overlay-2', 'overlay', machine.project),
        line('paude-home-claude-2', 'home', machine.home),
      ].join(''),
    )
    const removed = async (...words: string[]) => (await machine.paude(['home', 'rm', ...words])).stdout.split('\n').toSorted()
    const unasked = await machine.paude(['home', 'rm', '--deleted'])
    expect([unasked.code, unasked.stdout, unasked.stderr.includes('paude home rm --deleted --force')]).toEqual([1, '', true])
    expect(unasked.stderr).toContain(`  paude-home-claude-1  ${join(machine.home, 'gone')}\n`)
    expect(machine.calls().filter((words) => words.includes('rm'))).toEqual([])
    expect(await removed('--deleted', '--force')).toEqual(['', 'paude-home-claude-1', 'paude-overlay-1'])
    expect(await removed('--all', '-f')).toEqual(['', 'paude-home-claude-1', 'paude-home-claude-2', 'paude-overlay-1'])
    const { stderr } = await machine.paude(['home', 'rm', '--all', '--force'])
    expect(stderr).toContain(`${homeVolume} stays: ${id} uses it`)
    expect(stderr).toContain('2 stay, whose folder is not yours or may still be there')
    expect((await machine.paude(['home', 'rm', '--all', '.'])).code).toBe(2)
    const listed = JSON.parse((await machine.paude(['home', 'ls', '--json'])).stdout) as { role: string }[]
    expect(listed.map(({ role }) => role).toSorted()).toEqual(['home', 'home', 'home', 'home', 'home', 'overlay', 'overlay'])
    expect(await removed('paude-overlay-1')).toEqual(['', 'paude-overlay-1'])
  })

  test('are listed with the overlays, and the folders in whose place these are', async () => {
    mkdirSync(join(machine.project, 'node_modules'))
    const id = (await machine.paude(['--detach', '--overlay', 'node_modules', '-p', 'x'])).stdout.trim()
    const { overlays } = JSON.parse(readFileSync(join(folderOf(id), 'session.json'), 'utf8')) as {
      overlays: { volume: string }[]
    }
    const volume = overlays[0]?.volume ?? ''
    machine.set('say', 'volumes', `${JSON.stringify([volume, '', 'overlay', '', machine.project])}\n`)
    expect((await machine.paude(['home', 'ls'])).stdout).toMatch(new RegExp(`${volume} +overlay of node_modules +docker +${id}`))
    expect((await machine.paude(['home', 'rm', volume])).stderr).toContain(`is in use by ${id}`)
  })

  test.skipIf(script === null)('of deleted folders are removed after a yes on a terminal', async () => {
    const folder = join(machine.home, 'gone')
    machine.set('say', 'volumes', `${JSON.stringify(['paude-home-claude-1', '', 'home', '', folder])}\n`)
    const removals = () => machine.calls().filter((words) => words.includes('rm'))
    const [no, screen] = await atTerminal('home rm --deleted', '\n')
    expect([no, screen.includes(`paude-home-claude-1  ${folder}`), removals()]).toEqual([1, true, []])
    expect((await atTerminal('home rm --deleted', 'y\n'))[0]).toBe(0)
    expect(removals()).toEqual([['docker', 'volume', 'rm', 'paude-home-claude-1']])
  })

  test.skipIf(script === null)('that stay are named by rm on a terminal', async () => {
    const id = await started()
    expect((await atTerminal(`rm --force ${id}`))[1]).toMatch(
      /the HOME volume of .* stays, with its conversations; to remove it: paude home rm paude-home-/,
    )
  })
})

describe('agent_args', () => {
  const configured = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
  const wordsOf = async (...words: string[]) => (await machine.paude(['--dry-run=full', ...words])).stdout

  test('stand before the words of the command line, and not before the agent’s own verbs', async () => {
    configured('agent_args = ["--dangerously-skip-permissions", "--model", "opus"]\n')
    expect(await wordsOf('-p', 'hi', '--model', 'haiku')).toMatch(
      /--dangerously-skip-permissions\W+--model\W+opus\W+-p\W+hi\W+--model\W+haiku/,
    )
    expect(await wordsOf('mcp', 'list')).not.toContain('--dangerously-skip-permissions')
    expect(await wordsOf('run', '--', 'true')).not.toContain('--dangerously-skip-permissions')
  })

  test('and a release are for the agent that is chosen beside them', async () => {
    const release = async (...words: string[]) =>
      /^image\.agent_version +(\S+)/m.exec((await machine.paude([...words, '--print-config'])).stdout)?.[1]
    configured('agent_args = ["--model", "opus"]\n[image]\nagent_version = "2.1.300"\n')
    expect([await release(), await release('--agent', 'shell')]).toEqual(['2.1.300', '-'])
    expect(await wordsOf('--agent', 'shell')).not.toContain('opus')
    expect(await wordsOf('--agent', 'claude', '-p', 'hi')).toContain('opus')
    configured('agent = "codex"\nagent_args = ["--model", "gpt"]\n[provider]\napi_key = "env:KEY"\n')
    expect(await wordsOf('--', 'exec', 'hi')).toContain('gpt')
    expect(await wordsOf('--agent', 'claude', '-p', 'hi')).not.toContain('gpt')
  })

  test('are set behind --, which is said', async () => {
    const set = (...words: string[]) => machine.paude(['config', 'set', 'agent_args', ...words])
    expect((await set('--verbose')).stderr).toContain('→ put a value that begins with a dash after --: ')
    expect((await set('--', '--dangerously-skip-permissions')).code).toBe(0)
    expect(await wordsOf('-p', 'hi')).toContain('--dangerously-skip-permissions')
  })

  test('of a project need your approval', async () => {
    machine.write(join(machine.project, 'paude.toml'), 'agent_args = ["--dangerously-skip-permissions"]\n')
    const { code, stderr } = await machine.paude(['-p', 'hi'])
    expect(code).toBe(125)
    expect(stderr).toContain('agent_args = --dangerously-skip-permissions')
    expect(await wordsOf('--ignore-project-config', '-p', 'hi')).not.toContain('--dangerously-skip-permissions')
  })

  test('are left out where the agent runs without a sandbox', async () => {
    machine.dispose()
    machine = makeMachine([])
    machine.program('claude', '#!/bin/sh\necho "words: $*"\n')
    configured('fallback = "host"\nagent_args = ["--dangerously-skip-permissions"]\n')
    const { code, stdout, stderr } = await machine.paude(['-p', 'hi'], { alone: true })
    expect([code, stdout]).toEqual([0, 'words: -p hi\n'])
    expect(stderr).toContain('without agent_args')
  })
})

describe.skipIf(script === null)('on a terminal', () => {
  test('one of several sessions is chosen by its number', async () => {
    for (const name of ['one', 'two']) await started(name)
    const [code, screen] = await atTerminal('stop', '3\n2\n')
    expect(screen).toMatch(
      /this directory has 2 sessions:\n +1 {2}paude-\w{6} \(two\) {2}started \d+ s ago\n +2 {2}paude-\w{6} \(one\)/,
    )
    expect(screen).toContain('"3" is not one of them')
    // Its name, since a person reads it.
    expect([code, /\bone$/.test(screen.trim()), /^two$/m.test(screen)]).toEqual([0, true, false])
    const none = await atTerminal('stop', '\n')
    expect([none[0], none[1].includes(', and you chose none')]).toEqual([1, true])
  })

  test('start and up say how to see what runs now', async () => {
    const id = await started('one')
    machine.ended('exited')
    expect((await atTerminal('start one'))[1]).toContain(`${id}\npaude: running; to see it: paude output --follow one`)
    expect((await atTerminal('up'))[1]).toContain('no session to start in this directory')
  })

  test('shell offers a sandbox of its own where no session is, and starts none at a no', async () => {
    const [code, screen] = await atTerminal('shell', 'n\n')
    expect([code, created()]).toEqual([1, []])
    expect(screen).toContain('open a shell in a sandbox of its own? [Y/n]: ')
  })
})

test('shell without a terminal says what opens one', async () => {
  const { code, stderr } = await machine.paude(['shell'])
  expect(code).toBe(125)
  expect(stderr).toBe(
    'paude: no session belongs to this directory\n  → open a shell in a sandbox of its own: paude --agent shell\n',
  )
})

test('a second agent in a directory is told of the first, whose holder lives', async () => {
  const { stdout } = await machine.paude(['--detach', '--session-name', 'one'])
  const id = stdout.trim()
  const held = () => existsSync(join(folderOf(id), 'state.json'))
  while (!held()) await Bun.sleep(20)
  const second = await machine.paude(['--detach', '-p', 'x'])
  expect(second.stderr).toMatch(
    /^paude: one has been running here for \d+ s \(paude attach one\); starting a second session on the same files/m,
  )
  const elsewhere = join(machine.home, 'elsewhere')
  mkdirSync(elsewhere)
  expect((await machine.paude(['--detach', '-p', 'x'], { cwd: elsewhere })).stderr).not.toContain('has been running')
  expect((await machine.paude(['run', '--', 'true'])).stderr).not.toContain('has been running')
})

test('an error is one line of JSON for who asked for JSON, and a sentence for others', async () => {
  const { code, stdout, stderr } = await machine.paude(['wait', 'nosuch', '--json'])
  expect([code, stdout, stderr.split('\n').length]).toEqual([3, '', 2])
  expect(JSON.parse(stderr)).toEqual({
    error: { code: 'never', message: expect.stringContaining('nosuch'), hint: 'paude sessions', exit: 3 },
  })
  expect((await machine.paude(['wait', 'nosuch'])).stderr).toStartWith('paude: ')
  // Behind `--` and of a verb without such a flag it is a word as any other.
  expect((await machine.paude(['wait', '--', '--json'])).stderr).toStartWith('paude: ')
  expect((await machine.paude(['stop', 'nosuch', '--json'])).stderr).toStartWith('paude: ')
})
