import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { question } from '../../src/hold/client.ts'
import { endHolder, holderMark } from '../../src/hold/end.ts'
import { hold } from '../../src/hold/holder.ts'
import { isHeld, readHoldState } from '../../src/hold/place.ts'
import { UNHEARD } from '../../src/hold/protocol.ts'
import { processMark } from '../../src/host.ts'

import { cleanUp, client, makeFolder, sh, start, until } from './holding.ts'

setDefaultTimeout(60_000) // ms: a machine with other work takes its time
afterAll(cleanUp)

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

test('while the engine is silent its complaints stay out of the screen, which says so, and then the agent is joined again', async () => {
  const [down, tried] = [join(makeFolder(), 'down'), join(makeFolder(), 'tried')]
  let over = false
  writeFileSync(down, '')
  const holder = start('echo first; kill -9 $$', {
    attach: sh(`[ ! -e ${down} ] || { echo complaint; echo >>${tried}; exit 1; }; echo attached again; read x; exit 4`),
    look: async () => (existsSync(down) ? null : { status: over ? 'exited' : 'running', exitCode: 4 }),
  })
  await holder.ready
  const one = client(holder.socket)
  await until('the words', () => one.seen.text.includes('hears nothing of this session'))
  const picture = () => question(holder.socket, { ask: 'screen', format: 'text', scrollback: 50 })
  expect(await question(holder.socket, { ask: 'send', text: 'lost', keys: '', enter: true })).toBe(UNHEARD)
  await until('a client that complains', () => existsSync(tried))
  rmSync(down)
  await until('the agent', async () => (await picture())?.includes('attached again') === true)
  expect(await picture()).toContain('first')
  expect(await picture()).not.toContain('complaint')
  over = true
  one.seen.type('\r')
  expect(await one.left).toMatchObject({ how: 'ended', code: 4 })
  await holder.done
})

test('of an agent of which nobody can tell no end is told', async () => {
  const holder = start('echo first; kill -9 $$', { look: async () => null, patience: 0 })
  await holder.ready
  const one = client(holder.socket)
  expect(await one.left).toEqual({ how: 'lost' })
  expect(await holder.done).toBe(true)
  expect(readHoldState(holder.folder)).toMatchObject({ code: null })
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

test('an agent whose client joins late is made to paint itself all the same, and whoever asks for the picture waits for it', async () => {
  const holder = start('', {
    start: null,
    // Until the trap is there nobody hears that the size has changed, as before a client is connected.
    attach: sh('sleep 2.3; trap "echo painted" WINCH; while :; do sleep 0.02; done'),
  })
  await holder.ready
  expect(await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })).toContain('painted')
  await question(holder.socket, { ask: 'send', text: '', keys: '\x03', enter: false })
  await holder.done
})

test('an agent that painted a little of itself before it heard of a size paints the rest too, also when it reads its size late', async () => {
  // As one whose logo moves while its client is being connected; like Claude it paints for a size that is another than the last.
  const look = 'now=$(stty size); [ "$now" = "$last" ] || { echo painted; exit 3; }'
  const holder = start('', {
    start: null,
    attach: sh(
      `sleep 1; printf .; last=$(stty size); trap 'sleep 0.3; ${look}' WINCH; for at in $(seq 150); do sleep 0.02; done; exit 4`,
    ),
  })
  await holder.done
  expect(readFileSync(join(holder.folder, 'screen.txt'), 'utf8')).toContain('painted')
})

test('an agent that is cut off leaves its picture, and whoever looked knows that something stands below the cursor', async () => {
  const go = join(makeFolder(), 'go')
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

test('a holder that does not end with its agent is ended, and nobody else', async () => {
  const folder = makeFolder()
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
