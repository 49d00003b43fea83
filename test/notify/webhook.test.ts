import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSecret } from '../../src/credentials/reference.ts'
import { PaudeError } from '../../src/errors.ts'
import { readHost } from '../../src/host.ts'
import { post } from '../../src/run/post.ts'
import { notifyEffects } from '../../src/sinks/notify/effects.ts'
import { isMessage, type Message, messageOf } from '../../src/sinks/notify/message.ts'
import { openSpool } from '../../src/sinks/spool.ts'
import { deliver } from '../../src/sinks/webhook.ts'

let room = ''
beforeEach(() => {
  room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-notify-')))
})
const servers: { readonly stop: (force: boolean) => unknown }[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true)
  rmSync(room, { recursive: true, force: true })
})

const host = { ...readHost(), env: { TOKEN: 'tok-123' } }
const message = (text: string): Message =>
  messageOf({ session: { id: 'paude-bcd234', name: 'fix', workspace: '/w' }, state: 'waiting', text }, 0)

/** A real server that answers with one status after the other, then 200. */
const serve = (...answers: readonly (number | 'never')[]) => serveAt(0, ...answers)

function serveAt(port: number, ...answers: readonly (number | 'never')[]) {
  const seen: { readonly body: Message; readonly authorization: string | null }[] = []
  const left = [...answers]
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    async fetch(request) {
      seen.push({ body: (await request.json()) as Message, authorization: request.headers.get('authorization') })
      const answer = left.shift() ?? 200
      if (answer === 'never') return await new Promise<Response>(() => undefined)
      return new Response('', { status: answer, headers: answer === 302 ? { location: '/elsewhere' } : {} })
    },
  })
  servers.push(server)
  return { seen, url: `http://127.0.0.1:${server.port}/hook`, stop: () => server.stop(true) }
}

/** Sends once and tells how long it would have slept between the tries. */
async function send(url: string, { timeout = 20, token = '' } = {}) {
  const slept: number[] = []
  const delivery = await deliver({ url, timeout }, message('hi'), {
    post,
    token,
    sleep: async (milliseconds) => void slept.push(milliseconds),
  })
  return { delivery, slept }
}

describe('a webhook', () => {
  test('gets the message as JSON, and the token', async () => {
    const { seen, url } = serve()
    expect(await send(url, { token: 'tok' })).toEqual({ delivery: { kind: 'sent' }, slept: [] })
    expect(seen).toEqual([{ body: message('hi'), authorization: 'Bearer tok' }])
  })

  test('that failed once is asked again', async () => {
    const { seen, url } = serve(500)
    expect(await send(url)).toEqual({ delivery: { kind: 'sent' }, slept: [500] })
    expect(seen).toHaveLength(2)
  })

  test('that never answers is given up in time, and after three tries', async () => {
    const { seen, url } = serve('never', 'never', 'never', 'never')
    const { delivery, slept } = await send(url, { timeout: 0.5 })
    expect(delivery).toEqual({ kind: 'unreachable', why: 'no answer within 0.5 s' })
    expect(slept).toEqual([500, 2000])
    expect(seen).toHaveLength(3)
  })

  test('that refuses is not asked again, and a redirect is not followed', async () => {
    for (const status of [401, 302]) {
      const { seen, url } = serve(status)
      expect((await send(url, { token: 'tok' })).delivery).toEqual({ kind: 'refused', why: `the server answered ${status}` })
      expect(seen).toHaveLength(1)
    }
  })

  test('that cannot be reached gets what was kept for it later, in order, and once', async () => {
    const { url, stop } = serve()
    await stop()
    const effects = notifyEffects({ host, state: room, terminal: async () => null, note: () => undefined, keeps: true })
    const webhook = { url, token: 'env:TOKEN', timeout: 20 }
    expect(await effects.webhook(webhook, message('first'))).toContain('; paude keeps it and sends it later')
    const [address = ''] = readdirSync(join(room, 'notify'))
    const spool = join(room, 'notify', address)
    const [kept = ''] = readdirSync(spool)
    expect(statSync(join(spool, kept)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(spool, kept), 'utf8')).not.toContain('tok-123')
    // Whoever has another address by now is not told what was meant for this one.
    const other = serve()
    expect(await effects.webhook({ ...webhook, url: other.url }, message('for another'))).toBeNull()
    expect(other.seen.map(({ body }) => body.body)).toEqual(['for another'])
    const back = serveAt(Number(new URL(url).port))
    expect(await effects.webhook(webhook, message('second'))).toBeNull()
    expect(back.seen.map(({ body }) => body.body)).toEqual(['second', 'first'])
    expect(back.seen.every(({ authorization }) => authorization === 'Bearer tok-123')).toBe(true)
    expect(readdirSync(spool)).toEqual([])
  }, 60_000)

  test('that cannot be reached loses what only tries it', async () => {
    const { url, stop } = serve()
    await stop()
    const effects = notifyEffects({ host, state: room, terminal: async () => null, note: () => undefined, keeps: false })
    expect(await effects.webhook({ url, token: '', timeout: 1 }, message('test'))).not.toContain('kept')
    expect(existsSync(join(room, 'notify'))).toBe(false)
  }, 60_000)
})

describe('the spool', () => {
  const open = (now = 1_000_000_000_000) => openSpool(join(room, 'spool'), () => now, isMessage)

  test('gives the oldest first, and each to one taker', () => {
    for (const [index, text] of ['a', 'b'].entries()) open(1_000_000_000_000 + index).keep(message(text))
    const [first, second] = [open().take(), open().take()]
    expect([first?.message.body, second?.message.body, open().take()]).toEqual(['a', 'b', null])
    first?.putBack()
    second?.done()
    expect(open().take()?.message.body).toBe('a')
  })

  test('keeps a hundred, for a day', () => {
    for (let index = 0; index < 105; index++) open(1_000_000_000_000 + index).keep(message(String(index)))
    expect(readdirSync(join(room, 'spool'))).toHaveLength(100)
    expect(open().take()?.message.body).toBe('5')
    expect(open(1_000_000_000_000 + 2 * 86_400_000).take()).toBeNull()
    expect(readdirSync(join(room, 'spool'))).toEqual([])
  })

  test('gives again what a process took that died', () => {
    open().keep(message('left'))
    const [name = ''] = readdirSync(join(room, 'spool'))
    writeFileSync(join(room, 'spool', `${name}.999999999`), readFileSync(join(room, 'spool', name)))
    rmSync(join(room, 'spool', name))
    expect([open().take(), open().take()?.message.body]).toEqual([null, 'left'])
  })

  test('throws away what is no message', () => {
    open().keep(message('x'))
    const [name = ''] = readdirSync(join(room, 'spool'))
    writeFileSync(join(room, 'spool', name), 'half a mess')
    expect(open().take()).toBeNull()
    expect(readdirSync(join(room, 'spool'))).toEqual([])
  })
})

describe('a token', () => {
  const fault = (reference: string) => {
    try {
      return readSecret(reference, { ...host, home: room }, 'notify.webhook.token').reveal()
    } catch (error) {
      return error instanceof PaudeError ? `${error.message} | ${error.hint}` : String(error)
    }
  }

  test('is read from a variable or a private file', () => {
    const file = join(room, 'token')
    writeFileSync(file, 'tok-456\n', { mode: 0o600 })
    expect([fault('env:TOKEN'), fault(`file:${file}`), fault('file:~/token'), fault('')]).toEqual([
      'tok-123',
      'tok-456',
      'tok-456',
      '',
    ])
    expect(String(readSecret('env:TOKEN', host, 'notify.webhook.token'))).not.toContain('tok')
  })

  test('is refused with a reason', () => {
    const file = join(room, 'token')
    writeFileSync(file, 'tok-456\n')
    chmodSync(file, 0o640)
    expect(fault(`file:${file}`)).toContain(`is readable by other users | chmod 600 ${file}`)
    expect(fault('file:/nonexistent')).toContain('cannot be read (ENOENT)')
    expect(fault('file:/dev/null')).toContain('is not a file with a secret')
    expect(fault('env:MISSING')).toContain('is empty | export MISSING')
    symlinkSync('/dev/zero', join(room, 'link'))
    expect(fault(`file:${join(room, 'link')}`)).toContain('is not a file with a secret')
    writeFileSync(join(room, 'two'), 'two words', { mode: 0o600 })
    expect(fault(`file:${join(room, 'two')}`)).toContain('holds characters that such a secret cannot have')
  })
})
