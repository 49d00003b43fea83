import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHoldState } from '../../src/hold/place.ts'
import {
  binary,
  containersOf,
  describeEach,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  sessionIds,
  stateHome,
} from './support.ts'
import { makeTerminals, type Terminal } from './terminal.ts'

setDefaultTimeout(240_000) // ms

/** Writes the clipboard and the title, asks the terminal for its title, its colours and its size, and paints. */
const ATTACK = String.raw`printf '\033]52;c;UFdOCg==\007\033]0;PWN\007\033]2;PWN\007\033[21t\033[18t\033]4;1;?\007\033P+q544e\033\\\033[5i\033[?69h'
printf '\033[31mred\033[0m\n'`
/** What of it no terminal may ever be told. */
const FORBIDDEN = ['52;c', 'PWN', '\x1b[21t', '\x1b[18t', '\x1b]4;', '\x1bP', '\x1b[5i', '?69h']
const told = (window: Terminal): readonly string[] => FORBIDDEN.filter((bytes) => window.bytes().includes(bytes))

describeEach('what a sandbox prints', (backend) => {
  const terminals = makeTerminals()
  const env = { PAUDE_BACKEND: backend }
  const run = (words: readonly string[], { env: extra, ...rest }: RunOptions = {}) =>
    paude(words, { ...rest, env: { ...env, ...extra } })
  const open = async (cwd = project()) => ({ cwd, window: await terminals.open({ cwd, env }) })
  const project = () => {
    const cwd = makeProject()
    put(join(cwd, 'attack.sh'), `${ATTACK}\n`)
    put(join(cwd, 'long.txt'), Array.from({ length: 200 }, (_, at) => `line ${at + 1}\n`).join(''))
    return cwd
  }
  /** A session that waits in the background, to be executed in. */
  const running = async (window: Terminal) => {
    const known = new Set(sessionIds())
    await window.start(`${binary} run -- sh -c 'echo up; while [ ! -e stop ]; do sleep 0.1; done'`)
    await window.see(/^up$/m)
    return sessionIds().find((id) => !known.has(id)) ?? ''
  }
  afterAll(() => terminals.stop())

  test('a command on a terminal has a terminal of its own, reads what is typed, and its exit code is the exit code', async () => {
    const { window } = await open()
    await window.start(
      `${binary} run -- bash -c 'tty; until [ "$(stty size)" = "30 100" ]; do :; done; echo sized; read -r line; echo "got $line"; exit 7'`,
    )
    await window.see(/^\/dev\/(pts\/\d+|console)\nsized$/m)
    await window.enter('some words')
    expect(await window.ended()).toBe(7)
    expect(await window.screen()).toContain('got some words')
    for (const id of sessionIds()) expect(await containersOf(backend, id)).toEqual([])
  })

  test('bash as a command goes on until it is left', async () => {
    const { window } = await open()
    await window.start(`${binary} run -- bash --norc`)
    await window.see(/bash-[\d.]+[#$] *$/)
    await window.enter('echo "$((6 * 7)) here"; exit 3')
    expect(await window.ended()).toBe(3)
    expect(await window.screen()).toContain('42 here')
  })

  test.each(['run', 'exec', 'shell'])('%s: the terminal is painted, and neither asked nor told anything else', async (verb) => {
    const { cwd, window } = await open()
    const other = verb === 'run' ? null : await terminals.open({ cwd, env })
    const id = other === null ? '' : await running(other)
    const title = await window.fact('pane_title')
    if (verb === 'shell') {
      await window.start(`${binary} shell ${id}`)
      await window.see(/[#$] *$/)
      await window.enter('sh attack.sh; read -r -t 1 -n 1 report; echo "report: [$report]"; exit 5')
      expect(await window.ended()).toBe(5)
    } else {
      const script = 'sh attack.sh; read -r -t 1 -n 1 report; echo "report: [$report]"; exit 5'
      expect((await window.run(`${binary} ${verb} ${id} -- bash -c '${script}'`)).code).toBe(5)
    }
    expect(await window.screen()).toMatch(/^red\nreport: \[\]$/m)
    expect(window.bytes()).toContain('\x1b[31mred')
    expect(told(window)).toEqual([])
    expect(await window.fact('pane_title')).toBe(title)
    put(join(cwd, 'stop'), '')
    if (other !== null) expect(await other.ended()).toBe(0)
  })

  test('a terminal at one end only gets text and colours; what goes elsewhere is byte for byte what was printed', async () => {
    const { cwd, window } = await open()
    expect((await window.run(`${binary} run -- sh attack.sh </dev/null`)).screen).toMatch(/^red$/m)
    expect((await window.run(`${binary} run -- sh -c 'sh attack.sh >&2; echo kept' >out.txt`)).screen).toMatch(/^red$/m)
    expect(readFileSync(join(cwd, 'out.txt'), 'utf8')).toBe('kept\n')
    await window.run(`${binary} run -- sh -c 'sh attack.sh; echo err >&2' 2>err.txt`)
    expect(readFileSync(join(cwd, 'err.txt'), 'utf8')).toBe('err\n')
    expect(told(window)).toEqual([])
    expect((await window.run(`${binary} run -- sh attack.sh </dev/null >raw.txt`)).code).toBe(0)
    expect(readFileSync(join(cwd, 'raw.txt'), 'latin1')).toContain('\x1b]52;c;UFdOCg==\x07\x1b]0;PWN\x07')
    const piped = await window.run(`echo from a file | ${binary} run -- cat; seq 5 | ${binary} run -- wc -l | tr -d ' \\n'`)
    expect(piped.screen).toMatch(/^from a file\n5/m)
  })

  test('full-screen programs, sizes, Ctrl-C, Ctrl-Z and questions to the terminal work in shell and exec', async () => {
    const { cwd, window } = await open()
    const other = await terminals.open({ cwd, env })
    const id = await running(other)
    await window.start(`${binary} exec ${id} -- less long.txt`)
    await window.see(/^line 29$/m)
    expect(await window.fact('alternate_on')).toBe('1')
    await window.press('Space')
    await window.see(/^line 58$/m)
    await window.resize(90, 20)
    await window.see((screen) => lines(screen).length === 20)
    // A key that comes while it learns of the size may be lost.
    await poll('its beginning', async () => {
      await window.press('g')
      return (await window.screen()).startsWith('line 1\n')
    })
    await window.see((screen) => screen.startsWith('line 1\n') && lines(screen).length === 20)
    await window.press('q')
    expect(await window.ended()).toBe(0)
    expect(await window.fact('alternate_on')).toBe('0')

    await window.start(`${binary} shell ${id}`)
    await window.see(/[#$] *$/)
    await window.enter('until [ "$(stty size)" = "20 90" ]; do sleep 0.1; done; echo sized')
    await window.see(/^sized$/m)
    await window.resize(80, 24)
    // The engine's client hands a new size on at its own time.
    await window.enter('clear; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done; echo smaller')
    await window.see(/^smaller$/m)
    // The cursor's place and what kind of terminal it is are told by paude's own screen.
    await window.enter(String.raw`clear; printf '\033[6n'; IFS= read -rs -d R place; printf '%q\n' "$place"`)
    await window.see(/\\E\[1;1$|\^\[\[1;1$|\$'\\E\[1;1'$/m)
    await window.enter('clear; echo begun; sleep 1000')
    await window.see(/^begun$/m)
    await window.press('C-c')
    await window.see(/\^C\n.*[#$] *$/)
    await window.enter('echo "code $?"; sleep 1001')
    await window.see(/^code 130$/m)
    const state = async () =>
      (await run(['exec', id, '--', 'sh', '-c', 'ps -eo state,args | grep "[s]leep 1001"'])).stdout.slice(0, 1)
    await poll('the command runs', async () => (await state()) === 'S')
    await window.press('C-z')
    await window.see(/Stopped/)
    // Keys that leave a held session belong to the program: nobody could come back to it.
    await window.press('C-p', 'C-p', 'C-q', 'C-c')
    await window.see(/\^C\n.*[#$] *$/)
    await window.enter('clear; fg')
    await window.see(/^sleep 1001$/m)
    // A shell names what it brings back before it hands the terminal over.
    await poll('the command goes on', async () => (await state()) === 'S')
    await window.press('C-c')
    await window.see(/\^C\n.*[#$] *$/)
    await window.enter('exit 4')
    expect(await window.ended()).toBe(4)
    put(join(cwd, 'stop'), '')
    expect(await other.ended()).toBe(0)
    // What the shell had left behind as modes is taken back.
    expect(await window.fact('mouse_any_flag')).toBe('0')
  })

  test('a command that is detached from goes on, is attached to again, and its end is seen', async () => {
    const { cwd, window } = await open()
    await window.start(`${binary} run -- sh -c 'echo up; read -r line; echo "got $line"; exit 6'`)
    await window.see(/^up$/m)
    expect(await window.detach()).toBe(0)
    const id = /paude attach (paude-\w+)/.exec(await window.screen())?.[1] ?? ''
    await window.start(`clear; ${binary} attach ${id}`)
    await window.see(/^up$/m)
    await window.enter('later')
    expect(await window.ended()).toBe(6)
    expect((await run(['rm', id], { cwd })).code).toBe(0)
  })

  test('Ctrl-C ends a command, a closed terminal leaves it to be attached to', async () => {
    const { window } = await open()
    await window.start(`${binary} run -- sh -c 'echo up; exec sleep 98771'`)
    await window.see(/^up$/m)
    await window.press('C-c')
    expect(await window.ended()).toBe(130)
    const known = new Set(sessionIds())
    const second = await terminals.open({ cwd: makeProject(), env })
    await second.start(`${binary} run -- sh -c 'echo up; exec sleep 98772'`)
    await second.see(/^up$/m)
    const id = sessionIds().find((one) => !known.has(one)) ?? ''
    await second.close()
    await poll('nobody looks', () => readHoldState(join(stateHome, 'paude/sessions', id))?.attached === 0)
    expect(await containersOf(backend, id)).toEqual([id])
    expect((await run(['stop', id])).code).toBe(0)
    expect((await run(['rm', id])).code).toBe(0)
  })

  test('a program that is not there is told of, and the terminal is as it was', async () => {
    const { window } = await open()
    const { code, screen } = await window.run(
      `${binary} run -- no-such-program; stty -a | grep -o -e '-\\?icanon' -e '-\\?opost'`,
    )
    expect(screen).toContain('paude: no-such-program was not found in the sandbox')
    expect(screen).toMatch(/^icanon$/m)
    expect(screen).toMatch(/^opost$/m)
    expect(code).toBe(0)
    expect((await window.run(`${binary} run -- no-such-program`)).code).toBe(127)
  })

  test('a session whose state lies deep below, and whose place in the folder for temporary files is taken, has a screen', async () => {
    const deep = join(root, 'd'.repeat(80), backend)
    const squatted = join(root, `tmp-${backend}`)
    mkdirSync(join(squatted, `paude-${process.getuid?.() ?? 0}`), { recursive: true })
    chmodSync(join(squatted, `paude-${process.getuid?.() ?? 0}`), 0o777)
    const own = { XDG_STATE_HOME: deep, TMPDIR: squatted }
    const window = await terminals.open({ cwd: makeProject(), env: { ...env, ...own } })
    expect((await window.run(`${binary} run -- sh -c 'echo here; exit 9'`)).code).toBe(9)
    expect(await window.screen()).toMatch(/^here$/m)
    expect(existsSync(join(squatted, `paude-${process.getuid?.() ?? 0}`, 'holder.sock'))).toBe(false)
    expect(readdirSync(squatted)).toHaveLength(1)
  })
})
