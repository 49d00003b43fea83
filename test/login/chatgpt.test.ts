import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { chatgptLogin, type Means } from '../../src/login/chatgpt.ts'
import { exchange } from '../../src/run/post.ts'
import { jwt, oauthServer, type Rotating } from '../support/oauth-server.ts'

setDefaultTimeout(120_000) // ms: a thousand renewals on a busy machine

const DAY = 86_400_000
const LIFETIME = 10 * 86_400 // seconds
/** How many times the long one renews: 1000 where somebody waits for it. */
const TIMES = Number(process.env['PAUDE_TEST_REFRESHES'] ?? 60)

let room: string
let file: string
let server: Rotating
beforeEach(() => {
  room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-chatgpt-')))
  file = join(room, 'auth.json')
  server = oauthServer({ lifetime: LIFETIME })
})
afterEach(() => {
  server.stop()
  rmSync(room, { recursive: true })
})

const here = readHost()
const hostOf = (url: string, process = here.process) => ({
  ...here,
  process,
  env: { ...here.env, CODEX_REFRESH_TOKEN_URL_OVERRIDE: url },
})
const put = (login: object, path = file) => writeFileSync(path, JSON.stringify(login), { mode: 0o600 })
const read = () => JSON.parse(readFileSync(file, 'utf8'))
/** A login that is due: it was made so many days ago. */
const old = (days: number) => server.login((Date.now() - days * DAY) / 1000)

const REAL: Means = {
  now: Date.now,
  exchange,
  write: async (path, text) => writeFileSync(path, text, { mode: 0o600 }),
  rename: async (from, to) => (await import('node:fs')).renameSync(from, to),
  patience: 100,
}
const renew = (means: Partial<Means> = {}, host = hostOf(server.url)) => chatgptLogin(host, file, { ...REAL, ...means })

describe('a ChatGPT login of Codex', () => {
  test('is used as it is while it is fresh, and its server is not asked', async () => {
    const login = old(7)
    put(login)
    const { token, account } = await chatgptLogin(hostOf(server.url), file)
    expect([token.reveal(), account.reveal(), server.asked()]).toEqual([login.tokens.access_token, 'account-of-a-test', 0])
    expect(JSON.stringify({ token, account })).not.toContain(login.tokens.access_token)
  })

  test.each([8, 9.9, 40])('is renewed where it is, once, %p days after it came, and the rest of the file stays', async (days) => {
    const login = old(days)
    put(login)
    // Of a paude that was killed while it took the lock.
    writeFileSync(`${file}.paude-lock.${2 ** 22 + 1}`, '')
    const all = await Promise.all(Array.from({ length: 10 }, () => chatgptLogin(hostOf(server.url), file)))
    const after = read()
    expect(new Set(all.map(({ token }) => token.reveal()))).toEqual(new Set([after.tokens.access_token]))
    expect(after.tokens.access_token).not.toBe(login.tokens.access_token)
    expect(after).toMatchObject({
      auth_mode: 'chatgpt',
      of_another_version: { kept: true },
      tokens: { account_id: 'account-of-a-test' },
    })
    expect(Date.now() - Date.parse(after.last_refresh)).toBeLessThan(DAY)
    expect([server.asked(), server.takes(after.tokens.refresh_token), statSync(file).mode & 0o777]).toEqual([1, true, 0o600])
    expect(readdirSync(room)).toEqual(['auth.json'])
  })

  test('is written through a link, and stays a link', async () => {
    const elsewhere = join(room, 'kept.json')
    put(old(9), elsewhere)
    symlinkSync(elsewhere, file)
    await renew()
    expect(server.takes(JSON.parse(readFileSync(elsewhere, 'utf8')).tokens.refresh_token)).toBe(true)
    expect(realpathSync(file)).toBe(elsewhere)
  })

  test('is on the disk before anybody gets it', async () => {
    put(old(9))
    const never = new Promise<never>(() => undefined)
    const isGiven = renew({ rename: () => never }).then(() => true)
    expect(
      await Promise.race([isGiven, exchange(server.url, { headers: {}, body: '{}', timeout: 5000 }).then(() => false)]),
    ).toBe(false)
  })

  test('that Codex renewed meanwhile is taken as Codex has it', async () => {
    put(old(9))
    const codex = async () => {
      const { text } = (await exchange(server.url, {
        headers: {},
        body: JSON.stringify({ refresh_token: read().tokens.refresh_token }),
        timeout: 5000,
      })) as { text: string }
      return { ...old(0), tokens: { ...JSON.parse(text), account_id: 'account-of-a-test' } }
    }
    // It has asked before paude does, and writes afterwards; the server takes no token twice.
    server.stop()
    server = oauthServer({ lifetime: LIFETIME, strict: true })
    put(old(9))
    const theirs = await codex()
    const { token } = await renew({
      patience: 5000,
      exchange: async (...words) => {
        const answer = await exchange(...words)
        setTimeout(() => put(theirs), 1)
        return answer
      },
    })
    expect([token.reveal(), read().tokens.refresh_token]).toEqual([theirs.tokens.access_token, theirs.tokens.refresh_token])
  })

  test('of another account, made while paude renews, is not written over', async () => {
    put(old(9))
    const other = { ...old(0), tokens: { ...old(0).tokens, account_id: 'acc-2', refresh_token: 'rt.other' } }
    const { account } = await renew({
      exchange: async (...words) => {
        const answer = await exchange(...words)
        put(other)
        return answer
      },
    })
    expect([account.reveal(), read()]).toEqual(['acc-2', other])
  })

  test('that is written in this moment is waited for', async () => {
    const login = old(1)
    writeFileSync(file, '{"auth_mode":"chat', { mode: 0o600 })
    setTimeout(() => put(login), 60)
    expect((await renew({ patience: 60_000 })).token.reveal()).toBe(login.tokens.access_token)
  })

  test('that was revoked serves until it ends, is asked for once, and then says what to do', async () => {
    const revoked = { ...old(9), tokens: { ...old(9).tokens, refresh_token: 'rt.revoked' } }
    put(revoked)
    for (const _ of [1, 2]) expect((await renew()).token.reveal()).toBe(revoked.tokens.access_token)
    expect(server.refused()).toBe(1)
    put({ ...revoked, ...old(11), tokens: { ...old(11).tokens, refresh_token: 'rt.revoked' } })
    await expect(renew()).rejects.toThrow(`the ChatGPT login in ${file} has ended, or was used elsewhere (refresh_token_reused)`)
    await expect(renew()).rejects.toMatchObject({ hint: 'log in again: codex login' })
  })

  test('without a network serves until it ends, and then says why there is none', async () => {
    const offline = { exchange: async () => ({ status: null, why: 'ConnectionRefused' }) as const }
    put(old(9))
    expect((await renew(offline)).token.reveal()).toBe(read().tokens.access_token)
    put(old(11))
    await expect(renew(offline)).rejects.toThrow('ran out and cannot be renewed now: ConnectionRefused')
    await expect(renew({ exchange: async () => ({ status: 503, text: '' }) })).rejects.toThrow('its server answered 503')
    await expect(renew({ exchange: async () => ({ status: null, why: 'CERT_NOT_YET_VALID' }) })).rejects.toThrow(
      'by the clock of this machine, the certificate of its server is not valid',
    )
    expect(server.takes(read().tokens.refresh_token)).toBe(true)
  })

  test.each([-400, 400])('is not renewed again and again where the clock is wrong by %p days', async (days) => {
    put(old(9))
    const now = () => Date.now() + days * DAY
    // The first time nobody can know; then the file has the time of this clock.
    await renew({ now }).catch(() => undefined)
    put({ ...read(), last_refresh: new Date(now()).toISOString() })
    const before = server.asked()
    for (const _ of [1, 2, 3]) await renew({ now })
    expect(server.asked() - before).toBeLessThanOrEqual(1)
  })

  test.each([
    ['{}', 'has no ChatGPT login'],
    ['{"auth_mode":"apikey","OPENAI_API_KEY":"sk-x"}', 'has no ChatGPT login'],
    ['not even', 'has no ChatGPT login'],
    [JSON.stringify({ tokens: { access_token: 'a"b', refresh_token: 'r', account_id: 'a' } }), 'is damaged'],
    [JSON.stringify({ tokens: { access_token: 'a', refresh_token: 'r', account_id: 'a"b' } }), 'is damaged'],
  ])('is none in %s', async (text, why) => {
    writeFileSync(file, text, { mode: 0o600 })
    await expect(renew()).rejects.toThrow(`${file} ${why}`)
  })

  test('is not read where others can read it, and is missed by name', async () => {
    writeFileSync(file, JSON.stringify(old(1)), { mode: 0o644 })
    await expect(renew()).rejects.toThrow('is readable by other users')
    rmSync(file)
    await expect(renew()).rejects.toThrow(`there is no ChatGPT login of Codex in ${file}`)
  })

  test('its refresh token goes to no address without TLS but of this machine', async () => {
    put(old(9))
    await expect(renew({}, hostOf('http://example.org/token'))).rejects.toThrow('CODEX_REFRESH_TOKEN_URL_OVERRIDE')
  })
})

describe('a login that is renewed while everything ends at any moment', () => {
  /** Before and after the server is asked (0, 1), the draft is written (2, half of it 3, 4) and put into its place (5, 6), and never (7). */
  const STEPS = 8

  /** Ends for ever at the `at`th step, as `kill -9` does: what holds the lock is then nobody who lives. */
  function mortal(at: number): { readonly means: Means; readonly died: Promise<void> } {
    const never = new Promise<never>(() => undefined)
    let step = 0
    let die: () => void = () => undefined
    const died = new Promise<void>((resolve) => {
      die = resolve
    })
    const may = async () => {
      if (step++ !== at) return
      die()
      await never
    }
    const around =
      <W extends readonly unknown[], T>(act: (...words: W) => Promise<T>) =>
      async (...words: W): Promise<T> => {
        await may()
        const result = await act(...words)
        await may()
        return result
      }
    const half = async (path: string, text: string) => {
      await REAL.write(path, text.slice(0, text.length / 2))
      await may()
      await REAL.write(path, text)
    }
    return {
      died,
      means: { ...REAL, exchange: around(exchange), write: around(half), rename: around(REAL.rename) },
    }
  }

  /** As if it came nine days ago. */
  const age = (login: { readonly tokens: object }) => {
    const then = Date.now() / 1000 - 9 * 86_400
    put({
      ...login,
      tokens: { ...login.tokens, access_token: jwt(then, then + LIFETIME) },
      last_refresh: new Date(then * 1000).toISOString(),
    })
  }
  /** One renewal that ends at a step, in a process that nobody has. Whether it did. */
  const die = async (step: number, time: number) => {
    const { means, died } = mortal(step)
    const dead = hostOf(server.url, `${2 ** 22 + time} 1`)
    return await Promise.race([chatgptLogin(dead, file, means).then(() => false), died.then(() => true)])
  }

  test(`is never lost in ${TIMES} renewals`, async () => {
    put(old(9))
    let [lost, killed] = [0, 0]
    for (let time = 0; time < TIMES; time++) {
      if (await die(time % STEPS, time)) killed++
      // Several come at once afterwards, and all have the same.
      const all = await Promise.all([1, 2].map(() => renew()))
      if (new Set(all.map(({ token }) => token.reveal())).size !== 1 || !server.gave(all[0]?.token.reveal() ?? '')) lost++
      if (!server.takes(read().tokens.refresh_token)) lost++
      age(read())
    }
    expect({ lost, refused: server.refused() }).toEqual({ lost: 0, refused: 0 })
    expect(killed).toBe(TIMES - Math.floor(TIMES / STEPS))
    expect(server.asked()).toBeGreaterThanOrEqual(TIMES)
  })

  test('is lost at a server that takes no token twice only between its answer and the file', async () => {
    const lost: number[] = []
    for (let step = 0; step < STEPS; step++) {
      server.stop()
      server = oauthServer({ lifetime: LIFETIME, strict: true })
      put(old(11))
      await die(step, step)
      await renew().catch(() => lost.push(step))
    }
    expect(lost).toEqual([1, 2, 3])
  })
})
