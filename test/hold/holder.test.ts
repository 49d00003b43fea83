import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOwnFile } from '../../src/agents/claude/own-file.ts'
import type { Said } from '../../src/events/activity.ts'
import { follow, type Left, lookAt, question } from '../../src/hold/client.ts'
import { endHolder, holderMark } from '../../src/hold/end.ts'
import { type HoldOptions, hold } from '../../src/hold/holder.ts'
import { makeDetachScanner, withoutSuspend } from '../../src/hold/keys.ts'
import { isHeld, readHoldState } from '../../src/hold/place.ts'
import { json } from '../../src/hold/protocol.ts'
import type { Hands } from '../../src/hold/report.ts'
import { processMark } from '../../src/host.ts'
import type { Argv } from '../../src/plan/plan.ts'

setDefaultTimeout(30_000) // ms: a machine with other work takes its time

const root = mkdtempSync(join(tmpdir(), 'paude-hold-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

// The terminal is made raw, as engines' clients want it; a shell that reads lines wants it otherwise.
const sh = (script: string): Argv => ['sh', '-c', `until stty -a | grep -q -e -icanon; do :; done; stty sane; ${script}`]

/** A holder in this very process; `look` is the engine. */
function start(script: string, rest: Partial<HoldOptions> = {}) {
  const folder = mkdtempSync(join(root, 's-'))
  const socket = join(folder, 'holder.sock')
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  const done = hold({
    folder,
    socket: () => socket,
    start: sh(script),
    attach: sh('echo attached again; read x; exit 4'),
    look: async () => ({ status: 'exited', exitCode: 3 }),
    size: { columns: 60, rows: 10 },
    scrollback: 100,
    name: 'paude test',
    ready: resolve,
    ...rest,
  })
  return { folder, socket, ready, done }
}

/** A client that keeps what it was painted. */
function client(path: string, size = { columns: 60, rows: 10 }, readOnly = false) {
  const seen = {
    text: '',
    type: (_: string) => undefined as unknown,
    leave: () => undefined as unknown,
    resize: (_: typeof size) => undefined as unknown,
  }
  let now = size
  const left: Promise<Left | null> = lookAt({
    path,
    size: () => now,
    readOnly,
    scan: makeDetachScanner('\x10\x11'),
    suspends: withoutSuspend,
    paint: (bytes) => {
      seen.text += new TextDecoder().decode(bytes)
    },
    listen: ({ typed, resized, leave }) => {
      seen.type = (text) => typed(Buffer.from(text))
      seen.leave = leave
      seen.resize = (next) => {
        now = next
        resized()
      }
      return () => undefined
    },
  })
  return { seen, left }
}

async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await is()) return
    await Bun.sleep(10)
  }
  throw new Error(`never: ${what}`)
}

test('keeps a program’s screen for whoever comes, tells its state, and its end', async () => {
  const holder = start(
    String.raw`printf '\033]7501;state=working\033\\'; echo hello; stty size; read line; echo "got $line"; read line; exit 3`,
  )
  await holder.ready
  expect(statSync(holder.socket).mode & 0o777).toBe(0o600)
  await until('it works', () => readHoldState(holder.folder)?.activity === 'working')
  expect(isHeld(readHoldState(holder.folder))).toBe(true)
  const picture = () => question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })
  await until('the picture', async () => (await picture()) === 'hello\n10 60')
  const one = client(holder.socket)
  await until('the screen', () => one.seen.text.includes('hello'))
  expect(readHoldState(holder.folder)?.attached).toBe(1)
  one.seen.type('typed\r')
  await until('the echo', () => one.seen.text.includes('got typed'))
  one.seen.type('\x10\x11')
  expect(await one.left).toEqual({ how: 'detached' })
  await until('nobody looks', () => readHoldState(holder.folder)?.attached === 0)
  const two = client(holder.socket)
  await until('the same screen again', () => two.seen.text.includes('got typed'))
  expect(await question(holder.socket, { ask: 'send', text: 'last', keys: '', enter: true })).toBe('')
  expect(await two.left).toMatchObject({ how: 'ended', code: 3, failed: false, cut: false })
  expect(await holder.done).toBe(true)
  expect(existsSync(holder.socket)).toBe(false)
  expect(readHoldState(holder.folder)).toMatchObject({ code: 3, holder: '', attached: 0 })
  expect(readFileSync(join(holder.folder, 'screen.txt'), 'utf8')).toContain('got typed')
})

test('the title of an agent tells its state by the signs that the holder was given', async () => {
  const holder = start(String.raw`printf '\033]2;# busy\007'; read line`, {
    titleSigns: { '#': { activity: 'working', kind: '' } },
  })
  await holder.ready
  await until('it works', () => readHoldState(holder.folder)?.activity === 'working')
  await question(holder.socket, { ask: 'send', text: 'x', keys: '', enter: true })
  await holder.done
})

test('the size is that of the one who used it last; the other sees a picture that fits', async () => {
  const holder = start('trap "stty size" WINCH; echo trapped; while :; do sleep 0.02; done', {
    look: async () => ({ status: 'exited', exitCode: 0 }),
  })
  await holder.ready
  await until(
    'the trap',
    async () => (await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })) === 'trapped',
  )
  const big = client(holder.socket, { columns: 70, rows: 12 })
  await until('the first size', () => big.seen.text.includes('12 70'))
  const small = client(holder.socket, { columns: 30, rows: 6 })
  await until('the second size', () => small.seen.text.includes('6 30'))
  await until('a picture for the first', () => big.seen.text.includes('\x1b[?1049h') && big.seen.text.includes('6 30'))
  big.seen.type('x')
  await until('the first size again', () => big.seen.text.lastIndexOf('12 70') > big.seen.text.lastIndexOf('6 30'))
  big.seen.resize({ columns: 71, rows: 13 })
  await until('a third size', () => big.seen.text.includes('13 71'))
  const reader = client(holder.socket, { columns: 20, rows: 5 }, true)
  await until('a reader sees', () => reader.seen.text.includes('13 71'))
  reader.seen.type('typed by the reader')
  await Bun.sleep(100)
  expect(await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 50 })).not.toMatch(/typed by the reader|5 20/)
  await question(holder.socket, { ask: 'send', text: '', keys: '\x03', enter: false })
  expect(await big.left).toMatchObject({ how: 'ended' })
  await holder.done
})

test('an agent that says nothing of itself is believed by its hooks, and one that does is not', async () => {
  const told: Said[][] = [[{ activity: 'working', kind: '', message: '' }], [{ activity: 'done', kind: '', message: 'by hooks' }]]
  const holder = start(
    String.raw`echo one; read x; echo two; read x; printf '\033]7501;state=idle\033\\'; read x; echo three; read x`,
    {
      told: () => told.shift() ?? [{ activity: 'error', kind: '', message: 'not to be believed' }],
    },
  )
  const activity = () => readHoldState(holder.folder)
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('working', () => activity()?.activity === 'working')
  await enter()
  await until('done', () => activity()?.activity === 'done' && activity()?.message === 'by hooks')
  await enter()
  await until('idle', () => activity()?.activity === 'idle')
  await enter()
  await until(
    'the screen stands still',
    async () => (await question(holder.socket, { ask: 'log', follow: false }))?.includes('three') === true,
  )
  await enter()
  await holder.done
  expect(activity()).toMatchObject({ activity: 'idle', code: 3 })
})

test("the agent's own file corrects its hooks, which miss an interruption, and says nothing against the terminal", async () => {
  const told: Said[][] = [[{ activity: 'working', kind: '', message: '' }]]
  let file = '{"status":"busy"}'
  const holder = start(
    String.raw`echo one; read x; echo two; read x; printf '\033]7501;state=done\033\\'; read x; echo three; read x`,
    {
      told: () => told.shift() ?? [],
      ownFile: { print: async () => file, read: readOwnFile },
    },
  )
  const activity = () => readHoldState(holder.folder)?.activity
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('working', () => activity() === 'working')
  file = '{"status":"idle"}'
  await enter()
  await until('idle', () => activity() === 'idle')
  file = '{"status":"busy"}'
  await enter()
  await until('done', () => activity() === 'done')
  await enter()
  await until(
    'the screen stands still',
    async () => (await question(holder.socket, { ask: 'log', follow: false }))?.includes('three') === true,
  )
  await enter()
  await holder.done
  expect(activity()).toBe('done')
})

test("what hooks tell while the agent's own file is read is not overwritten by that file", async () => {
  const told: Said[][] = [
    [{ activity: 'working', kind: '', message: '' }],
    [{ activity: 'done', kind: '', message: 'the answer' }],
  ]
  const { promise: file, resolve: isRead } = Promise.withResolvers<string>()
  let asked = false
  const holder = start('echo one; read x; echo two; read x', {
    told: () => told.shift() ?? [],
    ownFile: {
      print: () => {
        asked = true
        return file
      },
      read: readOwnFile,
    },
  })
  const activity = () => readHoldState(holder.folder)?.activity
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('the file is asked for', () => asked)
  await enter()
  await until('done', () => activity() === 'done')
  isRead('{"status":"idle"}')
  await Bun.sleep(50)
  expect(activity()).toBe('done')
  await enter()
  await holder.done
})

test('whoever watches hears of each state with its answer, of who is there, and can show something between', async () => {
  const heard: string[] = []
  let hands: Hands | null = null
  let there = { attached: false, lastInput: 0 }
  let closed = false
  const holder = start(
    String.raw`printf '\033]7501;state=working\033\\'; read x; printf '\033]7501;state=done\033\\'; read x; printf '\033]7501;state=blocked:kind=question:msg=d2h5\033\\'; read x; exit 3`,
    {
      told: () => [{ activity: 'done', kind: '', message: 'the answer' }],
      watch: (given) => {
        hands = given
        return {
          changed: ({ activity, message }, code, answer) => {
            const line = [activity, message, code ?? '', activity === 'done' ? answer : ''].join('|')
            if (heard.at(-1) !== line) heard.push(line)
          },
          present: (presence) => {
            there = presence
          },
          close: async () => {
            closed = true
          },
        }
      },
    },
  )
  await holder.ready
  await until('working', () => heard.includes('working|||'))
  expect((hands as Hands | null)?.show('nobody sees this')).toBe(false)
  const one = client(holder.socket)
  await until('somebody', () => there.attached)
  expect(there.lastInput).toBe(0)
  expect((hands as Hands | null)?.show('\x1b]9;hello\x07')).toBe(true)
  await until('it is shown', () => one.seen.text.includes('\x1b]9;hello\x07'))
  one.seen.type('\r')
  await until('done with its answer', () => heard.at(-1) === 'done|||the answer')
  expect(there.lastInput).toBeGreaterThan(0)
  one.seen.type('\r')
  await until('a question', () => heard.at(-1) === 'waiting|why||')
  one.seen.type('\r')
  await holder.done
  expect(heard.at(-1)).toBe('waiting|why|3|')
  expect(closed).toBe(true)
  expect(heard.filter((line) => line.startsWith('done'))).toEqual(['done|||the answer'])
})

test('when the engine’s client is killed and the agent lives on, it is attached to again', async () => {
  let alive = true
  const holder = start('echo first; kill -9 $$', {
    look: async () => (alive ? { status: 'running', exitCode: 0 } : { status: 'exited', exitCode: 9 }),
  })
  await holder.ready
  const one = client(holder.socket)
  await until('the second client of the engine', () => one.seen.text.includes('attached again'))
  expect(await question(holder.socket, { ask: 'started' })).toBe('')
  alive = false
  one.seen.type('\r')
  expect(await one.left).toMatchObject({ how: 'ended', code: 9 })
  await holder.done
})

test('a client that no other can replace leaves its picture until the agent has ended', async () => {
  let alive = true
  const holder = start('echo first; kill -9 $$', {
    attach: null,
    look: async () => (alive ? { status: 'running', exitCode: 0 } : { status: 'exited', exitCode: 9 }),
  })
  await holder.ready
  const one = client(holder.socket)
  await until('the picture', () => one.seen.text.includes('first'))
  await Bun.sleep(700)
  expect(isHeld(readHoldState(holder.folder))).toBe(true)
  alive = false
  expect(await one.left).toMatchObject({ how: 'ended', code: 9 })
  await holder.done
})

test('an agent whose client joins late is made to paint itself all the same', async () => {
  const holder = start('', {
    start: null,
    // Until the trap is there nobody hears that the size has changed, as before a client is connected.
    attach: sh('sleep 1.5; trap "echo painted; exit 3" WINCH; while :; do sleep 0.02; done'),
  })
  await holder.done
  expect(readFileSync(join(holder.folder, 'screen.txt'), 'utf8')).toContain('painted')
})

test('an agent that painted a little of itself before it heard of a size paints the rest too', async () => {
  const holder = start('', {
    start: null,
    // As one whose logo moves while its client is being connected.
    attach: sh('sleep 0.5; printf .; trap "echo painted; exit 3" WINCH; for at in $(seq 150); do sleep 0.02; done; exit 4'),
  })
  await holder.done
  expect(readFileSync(join(holder.folder, 'screen.txt'), 'utf8')).toContain('painted')
})

test('an agent that is cut off leaves its picture, and whoever looked knows that something stands below the cursor', async () => {
  const go = join(root, 'go')
  const holder = start(String.raw`printf 'above\r\nbelow\033[A'; until [ -e ${go} ]; do sleep 0.02; done; exit 3`)
  await holder.ready
  const one = client(holder.socket)
  await until('the picture', () => one.seen.text.includes('below'))
  one.seen.leave()
  const two = client(holder.socket)
  await until('the picture again', () => two.seen.text.includes('below'))
  writeFileSync(go, '')
  expect(await two.left).toMatchObject({ how: 'ended', cut: true })
  await holder.done
})

test('an agent that the engine cannot start ends with what the engine said', async () => {
  const holder = start('sleep 0.1; echo "Error: no such thing"; exit 126', {
    look: async () => ({ status: 'created', exitCode: 0 }),
  })
  await holder.ready
  const answer = JSON.parse((await question(holder.socket, { ask: 'started' })) ?? 'null') as unknown
  expect(answer).toMatchObject({ code: 126, failed: true, text: 'Error: no such thing' })
  await holder.done
})

test('of two holders the second lets the first be', async () => {
  const holder = start('echo up; read x')
  await holder.ready
  await until('up', async () => (await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })) === 'up')
  const second = hold({
    folder: holder.folder,
    socket: () => holder.socket,
    start: null,
    attach: sh('exit 1'),
    look: async () => null,
    size: { columns: 80, rows: 24 },
    scrollback: 10,
    name: 'x',
    ready: () => undefined,
  })
  expect(await second).toBe(false)
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  expect(await holder.done).toBe(true)
})

test('whoever follows gets every line once, as soon as it stands still or leaves the screen, and the rest at the end', async () => {
  const holder = start(
    'i=0; while [ $i -lt 50 ]; do echo "line $i."; i=$((i+1)); done; read x; while [ $i -lt 90 ]; do echo "line $i."; i=$((i+1)); done',
  )
  await holder.ready
  const seen: string[] = []
  const following = follow(holder.socket, (text) => void seen.push(text))
  await until('the lines that stand on the screen', () => seen.join('\n').includes('line 49.'))
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  await following
  const numbers = [...seen.join('\n').matchAll(/line (\d+)\./g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(Array.from({ length: 90 }, (_, index) => index))
  await holder.done
})

test('a client that does not read is not waited for, and is not lost either', async () => {
  const holder = start('echo up; read x; head -c 6000000 /dev/zero | tr "\\0" "y" | fold -w 59; echo the end; read x')
  await holder.ready
  const slow = await Bun.connect({ unix: holder.socket, socket: { data: () => undefined } })
  slow.pause()
  const one = client(holder.socket)
  await until('it looks', () => one.seen.text.includes('up'))
  one.seen.type('\r')
  await until('the end of the flood', () => one.seen.text.includes('the end'))
  one.seen.type('\r')
  await one.left
  slow.terminate()
  await holder.done
})

test('a follower that does not read is told how much it missed', async () => {
  const [over, go] = [join(root, 'over'), join(root, 'more')]
  const holder = start(
    String.raw`echo reads; read x; head -c 4000000 /dev/zero | tr "\0" "y" | fold -w 59; : >${over}; until [ -e ${go} ]; do sleep 0.02; done; seq 100; read x`,
    { scrollback: 5000 },
  )
  await holder.ready
  let text = ''
  const follower = await Bun.connect({
    unix: holder.socket,
    socket: {
      data: (_, chunk) => {
        text += new TextDecoder().decode(chunk)
      },
    },
  })
  follower.write(json('q', { ask: 'log', follow: true }))
  await until('it follows', () => text !== '')
  follower.pause()
  await until(
    'the shell reads',
    async () => (await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })) === 'reads',
  )
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  // Who reads again while the flood goes on may be left behind once more.
  await until('the flood is over', () => existsSync(over))
  follower.resume()
  await until('the gap', () => /… \d+ lines left out/.test(text))
  writeFileSync(go, '')
  await until('what came later', () => text.includes('"88"'))
  follower.end()
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  await holder.done
})

test('a holder that does not end with its agent is ended, and nobody else', async () => {
  const folder = mkdtempSync(join(root, 's-'))
  const busy = Bun.spawn(['sleep', '1000'])
  const mark = processMark(busy.pid)
  writeFileSync(join(folder, 'holder'), mark)
  await endHolder(holderMark(folder), 50)
  expect(await busy.exited).toBe(137)
  await endHolder(mark, 50)
  await endHolder(holderMark(join(folder, 'none')), 50)
  const other = Bun.spawn(['sleep', '1000'])
  // The number is that of a living process, but it is not the one that was meant.
  await endHolder(`${other.pid} 1`, 50)
  expect(other.exitCode).toBeNull()
  other.kill()
})

test('a peer that talks nonsense is hung up on, and nobody else', async () => {
  const holder = start('echo hello; read x')
  await holder.ready
  const { promise, resolve } = Promise.withResolvers<void>()
  const bad = await Bun.connect({ unix: holder.socket, socket: { data: () => undefined, close: () => resolve() } })
  bad.write(new Uint8Array(64).fill(255))
  await promise
  const one = client(holder.socket)
  await until('the screen', () => one.seen.text.includes('hello'))
  one.seen.type('\r')
  await one.left
  await holder.done
})

test('while the agent works, what is wrong with its provider is published and told, until it has an answer', async () => {
  let looks = 0
  let tell: (fault: string) => void = () => undefined
  const changes: string[] = []
  const holder = start(
    String.raw`printf '\033]7501;state=working\033\\'; read x; printf '\033]7501;state=done\033\\'; read x; exit 3`,
    {
      provider: (told) => {
        looks++
        tell = told
        return () => {
          looks--
        }
      },
      watch: () => ({
        changed: ({ activity, message }) => void changes.push(`${activity} ${message}`),
        present: () => undefined,
        close: async () => undefined,
      }),
    },
  )
  await holder.ready
  await until('a look', () => looks === 1)
  tell('no answer from gateway.example')
  expect(readHoldState(holder.folder)).toMatchObject({ activity: 'working', fault: 'no answer from gateway.example' })
  expect(changes).toContain('error no answer from gateway.example')
  const one = client(holder.socket)
  await until('somebody', () => readHoldState(holder.folder)?.attached === 1)
  one.seen.type('\r')
  await until('no look any more', () => looks === 0)
  expect(readHoldState(holder.folder)).toMatchObject({ activity: 'done', fault: '' })
  one.seen.type('\r')
  await holder.done
})
