import { closeSync, constants, existsSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readPrivate } from '../credentials/private-file.ts'
import { PaudeError } from '../errors.ts'
import { type Host, processMark } from '../host.ts'
import { withLock } from '../run/lock.ts'
import { type Exchanged, exchange, type Post } from '../run/post.ts'
import { type Secret, secret } from '../secret.ts'
import { namesIn } from '../state.ts'
import { printable } from '../text.ts'

type Machine = Pick<Host, 'env' | 'home' | 'uid' | 'process'>

/** What the proxy adds to the requests of a ChatGPT account. */
export type ChatgptLogin = { readonly token: Secret; readonly account: Secret }

/** What renewing does to the world: a test lets it end in between. */
export type Means = {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly exchange: (url: string, request: Post) => Promise<Exchanged>
  /** Writes a file of the user's own, down to the disk. */
  readonly write: (path: string, text: string) => Promise<void>
  readonly rename: (from: string, to: string) => Promise<void>
  /** Milliseconds that Codex has to write what it got. */
  readonly patience: number
}

const MEANS: Means = { now: Date.now, exchange, write, rename, patience: 3000 }

/**
 * The ChatGPT login in a file of Codex, renewed there where that is due. All paudes of the machine take turns. What the server gives is on
 * the disk before anybody gets it, so a paude that is killed loses nothing that it was told. Codex itself takes no lock: where it was
 * faster, its word counts.
 */
export async function chatgptLogin(host: Machine, named: string, means: Means = MEANS): Promise<ChatgptLogin> {
  const file = real(named)
  const found = await readLogin(host, file, means)
  if (isFresh(found, means.now()) || isDead(found, means.now())) return given(found)
  const lock = { path: `${file}.paude-lock`, what: `the ChatGPT login in ${file}`, patience: 60_000 }
  return given(await withLock(host, lock, () => renewed(host, file, means)))
}

const given = ({ access, account }: Login): ChatgptLogin => ({ token: secret(access), account: secret(account) })

/** Milliseconds for the answer of the server: less than whoever waits for the lock has. */
const ANSWER = 20_000

/** The client that Codex is: a refresh token is for that alone. */
const CLIENT = 'app_EMoamEEZ73f0CkXaXp7hrann'

async function renewed(host: Machine, file: string, means: Means): Promise<Login> {
  sweep(file)
  await adopted(host, file, means)
  const before = await readLogin(host, file, means)
  if (isFresh(before, means.now())) return before
  const { address, request } = question(host, before)
  const answer = await means.exchange(address, request)
  const tokens = tokensOf(answer)
  const now = await readLogin(host, file, means)
  // Somebody logged in meanwhile, or Codex renewed it: that is in force.
  if (now.account !== before.account || (now.refresh !== before.refresh && isUsable(now, means.now()))) return now
  if (tokens !== null) {
    const text = written(now, tokens, new Date(means.now()))
    await means.write(draftOf(file), text)
    await means.rename(draftOf(file), file)
    return await readLogin(host, file, means)
  }
  return (await rotated(host, before, { file, means, answer })) ?? standing(before, { file, answer, means })
}

const draftOf = (file: string): string => `${file}.paude-new`

/** Removes what a paude left that was killed while it took the lock. */
function sweep(file: string): void {
  const begins = `${basename(file)}.paude-lock.`
  for (const name of namesIn(dirname(file)))
    if (name.startsWith(begins) && processMark(Number(name.slice(begins.length))) === '')
      rmSync(join(dirname(file), name), { force: true })
}

/** What a paude wrote that was killed before it could put it in its place: the server may know no other one any more. */
async function adopted(host: Machine, file: string, means: Means): Promise<void> {
  const draft = draftOf(file)
  if (!existsSync(draft)) return
  const [left, now] = await Promise.all([readLogin(host, draft, means).catch(() => null), readLogin(host, file, means)])
  if (left !== null && left.account === now.account && left.since > now.since) await means.rename(draft, file)
  else rmSync(draft, { force: true })
}

/** The login after Codex renewed it: where a token is refused as used, that is most likely. */
async function rotated(
  host: Machine,
  before: Login,
  { file, means, answer }: { readonly file: string; readonly means: Means; readonly answer: Exchanged },
): Promise<Login | null> {
  if (answer.status === null || !isRefusal(answer.status)) return null
  for (let waited = 0; waited < means.patience; waited += PAUSE) {
    await Bun.sleep(PAUSE)
    const now = await readLogin(host, file, means)
    if (now.refresh !== before.refresh && isUsable(now, means.now())) return now
  }
  dead.set(before.refresh, means.now() + DEAD)
  return null
}

const PAUSE = 50

const isRefusal = (status: number): boolean => status === 400 || status === 401 || status === 403

/** Refresh tokens that the server refused, and until when nobody asks again. */
const dead = new Map<string, number>()
const DEAD = 3_600_000

const isDead = (login: Login, now: number): boolean => (dead.get(login.refresh) ?? 0) > now && isUsable(login, now)

/** What could not be renewed serves until it ends. */
function standing(
  login: Login,
  { file, answer, means }: { readonly file: string; readonly answer: Exchanged; readonly means: Means },
): Login {
  if (isUsable(login, means.now())) return login
  if (answer.status !== null && isRefusal(answer.status))
    throw new PaudeError('config', `the ChatGPT login in ${file} has ended, or was used elsewhere (${reason(answer.text)})`, {
      hint: 'log in again: codex login',
    })
  const why = answer.status === null ? answer.why : `its server answered ${answer.status}`
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(why))
    throw new PaudeError(
      'command-failed',
      `the ChatGPT login in ${file} cannot be renewed: by the clock of this machine, the certificate of its server is not valid (${why})`,
      { hint: 'set the clock: date' },
    )
  throw new PaudeError('command-failed', `the ChatGPT login in ${file} ran out and cannot be renewed now: ${printable(why)}`, {
    hint: 'check the network of this machine, then start again',
  })
}

/** The server's word for a refusal, such as `refresh_token_reused`: never anything else of its answer. */
function reason(text: string): string {
  const { error, code } = objectOf(text)
  const inner = typeof error === 'object' && error !== null ? (error as Fields)['code'] : (code ?? error)
  return typeof inner === 'string' && /^[a-z_]{1,60}$/.test(inner) ? inner : 'refused'
}

/** Where Codex itself would ask, and how. */
function question({ env }: Machine, { refresh }: Login): { readonly address: string; readonly request: Post } {
  const said = env['CODEX_REFRESH_TOKEN_URL_OVERRIDE'] ?? ''
  if (said !== '' && !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])/.test(said))
    throw new PaudeError('usage', 'CODEX_REFRESH_TOKEN_URL_OVERRIDE is not an address with https', {
      hint: 'unset CODEX_REFRESH_TOKEN_URL_OVERRIDE',
    })
  return {
    address: said || 'https://auth.openai.com/oauth/token',
    request: {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: CLIENT, grant_type: 'refresh_token', refresh_token: refresh }),
      timeout: ANSWER,
    },
  }
}

type Tokens = { readonly access_token?: string; readonly refresh_token?: string; readonly id_token?: string }

/** What a server gave; null for nothing. One of them alone counts too: the other is void by then. */
function tokensOf(answer: Exchanged): Tokens | null {
  if (answer.status === null || answer.status < 200 || answer.status > 299) return null
  const found = Object.entries(objectOf(answer.text)).filter(
    ([key, value]) => /^(access|refresh|id)_token$/.test(key) && typeof value === 'string' && isToken(value),
  )
  return found.some(([key]) => key !== 'id_token') ? (Object.fromEntries(found) as Tokens) : null
}

/** As squid/secret reads it. */
const isToken = (value: string): boolean => /^[A-Za-z0-9._~+/=:,@!*-]+$/.test(value) && value.length <= 8192

type Fields = Readonly<Record<string, unknown>>

type Login = {
  readonly access: string
  readonly refresh: string
  readonly account: string
  /** Milliseconds since 1970, by the clock of this machine: when it was got; 0 where nobody knows. */
  readonly since: number
  /** The same for its end. */
  readonly ends: number
  /** Milliseconds that it is good for. */
  readonly lifetime: number
  /** The whole file: what paude does not know stays in it. */
  readonly all: Fields
}

/** Codex renews after this time where a token does not say when it ends. */
const USUAL = 8 * 86_400_000

/** Whether nothing need be done yet: the last quarter is for machines that are off, or without a network. */
const isFresh = ({ ends, lifetime }: Login, now: number): boolean => ends - now > lifetime / 4

const isUsable = ({ ends }: Login, now: number): boolean => ends - now > 30_000

const written = ({ all }: Login, tokens: Tokens, now: Date): string =>
  `${JSON.stringify({ ...all, tokens: { ...(all['tokens'] as Fields), ...tokens }, last_refresh: now.toISOString() }, null, 2)}\n`

/** Reads the file of a login. Codex writes it in place, so half of it is nothing yet. */
async function readLogin(host: Machine, file: string, { patience, now }: Means): Promise<Login> {
  for (let waited = 0; ; waited += PAUSE) {
    const text = readOwn(host, file)
    const all = objectOf(text)
    if (Object.keys(all).length > 0 || waited >= patience) return loginOf(all, file, now())
    await Bun.sleep(PAUSE)
  }
}

function loginOf(all: Fields, file: string, now: number): Login {
  const fault = (what: string) =>
    new PaudeError('config', `${file} ${what}`, { hint: 'codex login, or give Codex a key: paude login codex --api-key' })
  const { auth_mode = 'chatgpt', tokens, last_refresh } = all
  const { access_token: access, refresh_token: refresh, account_id, id_token } = (tokens ?? {}) as Fields
  if (auth_mode !== 'chatgpt' || typeof access !== 'string' || typeof refresh !== 'string')
    throw fault('has no ChatGPT login of Codex')
  const told = claimsOf(id_token)['https://api.openai.com/auth'] as Fields | undefined
  const account = account_id ?? told?.['chatgpt_account_id']
  if (!isToken(access) || typeof account !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(account)) throw fault('is damaged')
  if (told?.['chatgpt_account_is_fedramp'] === true) throw fault("has a government account, which paude can't use yet")
  return { access, refresh, account, all, ...timesOf(access, Date.parse(String(last_refresh)), now) }
}

/** A clock that is wrong is as wrong as it was when the token came: what counts is how long it is good for. */
function timesOf(access: string, written: number, now: number): Pick<Login, 'since' | 'ends' | 'lifetime'> {
  const { exp, iat } = claimsOf(access)
  const since = Number.isNaN(written) ? 0 : written
  if (typeof exp !== 'number') return { since, ends: since + USUAL, lifetime: USUAL }
  const lifetime = typeof iat === 'number' && iat < exp ? (exp - iat) * 1000 : USUAL
  // One that was set back since says nothing of it.
  const isTold = typeof iat === 'number' && since > 0 && since <= now + 300_000
  return { since, ends: isTold ? since + lifetime : exp * 1000, lifetime }
}

/** What a token says of itself; nothing for one that is no JWT. */
const claimsOf = (token: unknown): Fields =>
  typeof token === 'string' ? objectOf(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) : {}

function objectOf(text: string): Fields {
  try {
    const read: unknown = JSON.parse(text)
    return typeof read === 'object' && read !== null ? (read as Fields) : {}
  } catch {
    return {}
  }
}

const real = (file: string): string => (existsSync(file) ? realpathSync(file) : file)

function readOwn({ uid }: Machine, file: string): string {
  const found = readPrivate(file, { uid, limit: 65_536, links: 'refuse' })
  if (typeof found === 'string') return found
  const error = (what: string, hint: string, cause?: unknown) => new PaudeError('config', what, { hint, cause })
  switch (found.kind) {
    case 'closed':
      throw error(
        `there is no ChatGPT login of Codex in ${file}${found.code === 'ENOENT' ? '' : ` (${found.code})`}`,
        'codex login, with cli_auth_credentials_store = "file" where its config.toml has another one; or paude login codex --api-key',
        found.cause,
      )
    case 'shape':
      throw error(`${file} is not a login`, 'codex login')
    case 'owner':
      throw error(`${file} belongs to another user`, 'codex login')
    case 'mode':
      throw error(`${file} is readable by other users`, `chmod 600 ${file}`)
  }
}

async function write(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const descriptor = openSync(path, flags, 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function rename(from: string, to: string): Promise<void> {
  renameSync(from, to)
  const folder = openSync(dirname(to), constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
