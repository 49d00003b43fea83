import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Argv } from '../../src/plan/plan.ts'
import { type Failure, listenOn, makeRoom } from '../../src/run/forward.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-forward-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))

/** A program in place of an engine's client. */
const relay = (script: string): Argv => ['/bin/sh', '-c', script]

async function withPort<T>(argv: Argv, act: (port: number, failures: readonly Failure[]) => Promise<T>): Promise<T> {
  const failures: Failure[] = []
  const failed = (failure: Failure) => void failures.push(failure)
  const { port, close } = await listenOn({ port: 0, argv, room: makeRoom(), failed, connected: () => undefined })
  try {
    return await act(port, failures)
  } finally {
    close()
  }
}

/** Says a text, closes its own half, and returns what it was told, or what went wrong. */
const say = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = ''
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => socket.end(text))
    socket.on('data', (bytes) => (heard += bytes))
    socket.on('end', () => resolve(heard))
    socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
  })

test('what is said before the end of a half comes, and so does the answer to it', () =>
  withPort(relay('echo connected >&2; wc -c'), async (port) =>
    expect((await say(port, 'x'.repeat(300_000))).trim()).toBe('300000'),
  ))

test('many connections at once each get their own answer, also those that have to wait for a place', () =>
  withPort(relay('echo connected >&2; cat'), async (port) => {
    const texts = Array.from({ length: 50 }, (_, at) => `number ${at}`)
    expect(await Promise.all(texts.map((text) => say(port, text)))).toEqual(texts)
  }))

test('a connection that nobody takes is closed and told, and the next one is tried again', () => {
  const marker = join(room, 'up')
  const argv = relay(`[ -e ${marker} ] || { echo no >&2; exit 3; }; echo connected >&2; cat`)
  return withPort(argv, async (port, failures) => {
    expect(await say(port, 'hello')).not.toBe('hello')
    expect(failures).toEqual([{ code: 3, stderr: 'no\n' }])
    writeFileSync(marker, '')
    expect(await say(port, 'hello')).toBe('hello')
    expect(failures).toHaveLength(1)
  })
})

test('a relay that breaks off gives no end like any other', () =>
  withPort(relay('echo connected >&2; echo half; exit 1'), async (port, failures) => {
    expect(await say(port, '')).toBe('ECONNRESET')
    expect(failures).toEqual([])
  }))

test('a program that is not there fails the connection and not the rest', () =>
  withPort([join(room, 'nowhere')], async (port, failures) => {
    await say(port, 'hello')
    expect(failures.map(({ code }) => code)).toEqual([127])
  }))

test('a caller that does not read holds the sandbox up, and one that reads again lets it go on', async () => {
  const file = join(room, 'said')
  const chunk = 1024 ** 2 // bytes
  const script = `n=0; echo connected >&2; while head -c ${chunk} /dev/zero; do n=$((n + 1)); echo $n >${file}; done`
  const said = () => Number(existsSync(file) ? readFileSync(file, 'utf8') : '') * chunk
  await withPort(relay(script), async (port) => {
    const socket = connect({ host: '127.0.0.1', port })
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    const held = await settled(said, MUCH)
    expect(held).toBeLessThan(MUCH)
    socket.resume()
    while (said() < held + MUCH) await Bun.sleep(10)
    socket.destroy()
  })
})

/** Bytes: far more than sockets and pipes hold between them. */
const MUCH = 64 * 1024 ** 2

/** The number once it has stopped growing, or is too big to wait on. */
async function settled(count: () => number, most: number): Promise<number> {
  for (let [before, same] = [-1, 0]; ; ) {
    const now = count()
    same = now === before ? same + 1 : 0
    if (same >= 10 || now >= most) return now
    before = now
    await Bun.sleep(50)
  }
}

test('only this machine is listened on, and a taken port is an error', () =>
  withPort(relay('exit 3'), async (port) => {
    const second = listenOn({
      port,
      argv: relay('exit 3'),
      room: makeRoom(),
      failed: () => undefined,
      connected: () => undefined,
    })
    expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  }))
