import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { connect } from 'node:net'
import { join } from 'node:path'
import {
  binary,
  describeEach,
  engine,
  makeProject,
  paude,
  poll,
  put,
  type Running,
  type RunOptions,
  sessionIds,
  startPaude,
} from './support.ts'

setDefaultTimeout(240_000) // ms

const HUNDRED_MIB = 100 * 1024 ** 2

/** What listens in the box. The program that runs it is paude itself, which is a bun. */
const SERVERS = `
const net = require('node:net')
const part = Buffer.alloc(65536, 'x')
const serve = (port, act, host = '127.0.0.1') =>
  net.createServer({ allowHalfOpen: true }, (socket) => (socket.on('error', () => {}), act(socket))).on('error', () => {}).listen(port, host)
serve(4000, (socket) => { let n = 0; socket.on('data', (bytes) => (n += bytes.length)); socket.on('end', () => socket.end('got ' + n)) })
serve(4001, (socket) => socket.end('closed first'))
serve(4002, (socket) => socket.pipe(socket), '::1')
serve(4003, (socket) => { socket.on('end', () => {}); const go = () => { while (socket.write(part)); socket.once('drain', go) }; go() })
serve(4004, (socket) => { let n = 0; const go = () => { while (n < 1600) { n++; if (!socket.write(part)) return socket.once('drain', go) } socket.end() }; go() })
require('node:http').createServer((question, answer) => answer.end('box ' + question.url)).listen(4005, '127.0.0.1')
console.log('ready ' + require('node:os').networkInterfaces().lo?.some(({ family }) => family === 'IPv6'))
`

describeEach('paude forward', (backend) => {
  const cwd = makeProject()
  const options = (more: RunOptions = {}): RunOptions => ({ cwd, ...more, env: { PAUDE_BACKEND: backend, ...more.env } })
  const name = `forward-${backend}`
  let box: Running
  let id = ''

  beforeAll(async () => {
    expect((await paude(['image', 'build'], options())).code).toBe(0)
    put(join(cwd, 'servers.js'), SERVERS)
    const before = sessionIds()
    const flags = ['--network-allow', 'example.org', '--session-name', name, '--mount', binary, '--env', 'BUN_BE_BUN=1']
    box = startPaude([...flags, 'run', '--', binary, 'servers.js'], options())
    await poll('the box serves', () => box.stdout().includes('ready'), 120)
    id = sessionIds().find((one) => !before.includes(one)) ?? ''
  })
  afterAll(async () => {
    box.kill('SIGTERM')
    await box.done
  })

  /** Brings ports here, each as any that is free, and returns theirs. */
  const open = async (ports: readonly number[]): Promise<{ readonly forward: Running; readonly locals: readonly number[] }> => {
    const forward = startPaude(['forward', name, ...ports.map((port) => `0:${port}`), '--json'], options())
    const lines = await poll('the ports are there', () => {
      const found = forward.stdout().split('\n').slice(0, -1)
      return found.length === ports.length && found.map((line) => JSON.parse(line) as { port: number; local: number; id: string })
    })
    expect(lines.map(({ port, id }) => ({ port, id }))).toEqual(ports.map((port) => ({ port, id })))
    return { forward, locals: lines.map(({ local }) => local) }
  }
  const end = async (forward: Running) => {
    forward.kill('SIGINT')
    return await forward.done
  }

  type Heard = { readonly size: number; readonly text: string; readonly error: string }
  /** Says something, closes its own half unless told, and hears the rest. */
  const say = (port: number, content: string | Buffer, half = true): Promise<Heard> =>
    new Promise((resolve) => {
      let [size, text] = [0, '']
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => {
        if (half) socket.end(content)
        else socket.write(content)
      })
      socket.on('data', (bytes: Buffer) => {
        size += bytes.length
        text = (text + bytes.subarray(-100).toString()).slice(-100)
      })
      socket.on('end', () => {
        socket.destroy()
        resolve({ size, text, error: '' })
      })
      socket.on('error', (error: Error & { code?: string }) => resolve({ size, text, error: error.code ?? error.message }))
    })

  /** The relays of the session that run, two processes each, and the leash that ends them. */
  const relays = async (): Promise<readonly string[]> =>
    (await engine(backend, ['top', id])).stdout.split('\n').filter((line) => /\/paude\/init (forward|leash) /.test(line))
  const clients = () =>
    Bun.spawnSync(['ps', '-eo', 'args'])
      .stdout.toString()
      .split('\n')
      .filter((line) => line.includes(`exec --interactive ${id} `))

  test('web pages of the sandbox are there for this machine, many at once', async () => {
    const forward = startPaude(['forward', '0:4005'], options())
    const url = await poll('the address', () => /^(http:\/\/127\.0\.0\.1:\d+) → 4005\n$/.exec(forward.stdout())?.[1])
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => await (await fetch(`${url}/${at}`, { keepalive: false })).text()),
    )
    expect(answers).toEqual(Array.from({ length: 20 }, (_, at) => `box /${at}`))
    expect((await end(forward)).code).toBe(130)
    expect(await fetch(url).catch(() => 'closed')).toBe('closed')
  })

  test('each side may end first, and a hundred megabytes go both ways', async () => {
    const { forward, locals } = await open([4000, 4001, 4004])
    const [counts = 0, closes = 0, sends = 0] = locals
    expect(await say(counts, 'hello')).toMatchObject({ text: 'got 5', error: '' })
    expect(await say(closes, '', false)).toMatchObject({ text: 'closed first', error: '' })
    expect(await say(counts, Buffer.alloc(HUNDRED_MIB))).toMatchObject({ text: `got ${HUNDRED_MIB}`, error: '' })
    expect(await say(sends, '', false)).toMatchObject({ size: HUNDRED_MIB, error: '' })
    expect(await end(forward)).toMatchObject({ code: 130, stderr: expect.not.stringContaining('failed') })
  })

  test('a program that listens on the IPv6 loopback alone is found there', async () => {
    if (box.stdout().includes('ready true')) {
      const { forward, locals } = await open([4002])
      expect(await say(locals[0] ?? 0, 'by IPv6')).toMatchObject({ text: 'by IPv6' })
      await end(forward)
    }
  })

  test('connections that nobody takes are closed at once and told once', async () => {
    const { forward, locals } = await open([4999])
    for (let turn = 0; turn < 3; turn++) expect((await say(locals[0] ?? 0, 'hello', false)).size).toBe(0)
    await poll('it is told', () => forward.stderr().includes('nothing listens'))
    const { stderr } = await end(forward)
    expect(stderr.split('\n').filter((line) => line.includes('nothing listens'))).toEqual([
      `paude: warning: nothing listens on port 4999 of ${id}`,
    ])
  })

  test('a taken port is told with the command that takes another', async () => {
    const { forward, locals } = await open([4005])
    const { code, stdout, stderr } = await paude(['forward', name, `${locals[0]}:4005`], options())
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`port ${locals[0]} of this machine is in use\n  → use any free port: paude forward ${id} 0:4005`)
    await end(forward)
  })

  test('nothing is left behind when it is killed, whatever the sandbox does', async () => {
    const { forward, locals } = await open([4003, 4005])
    const sockets = locals.map((port) => connect({ host: '127.0.0.1', port }).on('error', () => undefined))
    // One that never ends, held up by a caller that does not read, and one that is silent.
    await new Promise((resolve) => sockets[0]?.once('data', resolve))
    sockets[0]?.pause()
    await poll(
      'both have their relay',
      async () => (await relays()).filter((line) => line.includes('init forward ')).length === 4,
    )
    forward.kill('SIGKILL')
    await forward.done
    await poll('no client of the engine is left', () => clients().length === 0)
    await poll('no relay and no leash is left', async () => (await relays()).length === 0, 60)
    for (const socket of sockets) socket.destroy()
  })

  test('it ends with an error when the session ends', async () => {
    const cwd = makeProject()
    const before = sessionIds()
    const short = startPaude(['--network-allow', 'example.org', 'run', '--', 'sleep', '600'], options({ cwd }))
    const other = await poll('the other box', () => sessionIds().find((one) => !before.includes(one)))
    await poll('it runs', async () => (await engine(backend, ['exec', other, 'true'])).code === 0)
    const forward = startPaude(['forward', other, '0:4005'], options())
    await poll('the port is there', () => forward.stdout().includes('4005'))
    short.kill('SIGTERM')
    const { code, stderr } = await forward.done
    expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`session ${other} (is gone|is not running)`))])
    await short.done
  })

  test('there is no way to a sandbox without a network, nor to one that has ended', async () => {
    const silent = startPaude(['run', '--', 'sleep', '600'], options({ cwd: makeProject() }))
    const before = sessionIds()
    const other = await poll('the other box', () => sessionIds().find((one) => !before.includes(one) && one !== id))
    await poll('it runs', async () => (await engine(backend, ['exec', other, 'true'])).code === 0)
    const refused = await paude(['forward', other, '0:4005'], options())
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining(' has no network, so paude cannot forward its ports'),
    ])
    silent.kill('SIGTERM')
    await silent.done
    expect((await paude(['forward', other, '0:4005'], options())).stderr).toContain('no session has the name or id ')
  })
})
