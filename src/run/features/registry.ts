import { createHash } from 'node:crypto'
import { PaudeError } from '../../errors.ts'
import type { Feature } from '../../plan/plan.ts'
import { shown } from '../../text.ts'

/** How many there may be with all that they depend on. */
export const MOST_FEATURES = 64

/** Bytes: a manifest is a page of JSON, and a feature some scripts. */
const MOST_JSON = 1024 ** 2
const MOST_LAYER = 64 * 1024 ** 2
/** Milliseconds for one answer with all it holds. */
const PATIENCE = 120_000
const MOST_REDIRECTS = 5

const DIGEST = /^sha256:[0-9a-f]{64}$/
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** `registry/path/name`, with a tag or a digest. A registry has a dot or a port in its name, or is this machine. */
export const PUBLISHED =
  /^(?:localhost|(?=[^/]*[.:])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?)(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})?$/

type Reference = { readonly name: string; readonly registry: string; readonly path: string; readonly version: string }

/**
 * The archive of a feature as its registry has it, checked against the digest that its manifest names. Asked without a login: nothing
 * of the caller's goes there. Proxies and certificates are those of the caller's environment, as for all that paude fetches itself.
 */
export async function pullFeature(
  { name, digest: pinned }: Pick<Feature, 'name' | 'digest'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const reference = readReference(name, pinned)
  const ask = asking(reference, signal)
  const manifest = await ask(`manifests/${reference.version}`, { accept: MANIFEST, most: MOST_JSON })
  if (DIGEST.test(reference.version)) requireDigest(manifest, reference.version, name)
  const digest = layerOf(manifest, name)
  const layer = await ask(`blobs/${digest}`, { accept: '*/*', most: MOST_LAYER })
  requireDigest(layer, digest, name)
  return layer
}

function readReference(name: string, pinned: string): Reference {
  if (!PUBLISHED.test(name)) throw unfit(name, 'is not the name of a published feature')
  const [, registry = '', path = '', tag, digest] = /^([^/]+)\/(.+?)(?::([\w.-]+)|@(sha256:[0-9a-f]{64}))?$/.exec(name) ?? []
  return { name, registry, path, version: pinned || (digest ?? tag ?? 'latest') }
}

/** Whether a feature's registry is on this machine. */
export const isOnThisMachine = (name: string): boolean => isLoopback((name.split('/')[0] ?? '').replace(/:\d+$/, ''))

/** Where no certificate can be: this machine itself. */
const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host)

type Wanted = { readonly accept: string; readonly most: number }

/** Asks one registry about one repository; a token that it wants is fetched at the first refusal. */
function asking({ name, registry, path }: Reference, signal: AbortSignal): (what: string, wanted: Wanted) => Promise<Uint8Array> {
  const plain = isOnThisMachine(name)
  const base = `${plain ? 'http' : 'https'}://${registry}/v2/${path}/`
  let token = ''
  return async (what, wanted) => {
    const at = { name, signal, plain }
    const first = await get(`${base}${what}`, { ...at, ...wanted, token })
    if (first.status !== 401 || token !== '') return bodyOf(first, name)
    token = await fetchToken(first.challenge, at)
    return bodyOf(await get(`${base}${what}`, { ...at, ...wanted, token }), name)
  }
}

type At = { readonly name: string; readonly signal: AbortSignal; readonly plain: boolean }
type Answer = { readonly url: string; readonly status: number; readonly challenge: string; readonly body: Uint8Array }

/** Follows redirects itself: none may lead to plain HTTP, and the token is for its own host alone. */
async function get(
  start: string,
  { name, signal, plain, accept, most, token }: At & Wanted & { readonly token: string },
): Promise<Answer> {
  let url = new URL(start)
  const { origin } = url
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  for (let turn = 0; turn <= MOST_REDIRECTS; turn++) {
    if (url.protocol !== 'https:' && !(plain && url.protocol === 'http:' && isLoopback(url.hostname)))
      throw unfit(name, `is redirected to an address without HTTPS: ${url.origin}`)
    const headers = {
      accept,
      'user-agent': 'paude',
      ...(token !== '' && url.origin === origin ? { authorization: `Bearer ${token}` } : {}),
    }
    const response = await fetch(url, { headers, redirect: 'manual', signal: patience }).catch((error: unknown) => {
      throw unreachable(name, url, error)
    })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      const body = await bounded(response, { name, most }).catch((error: unknown) => {
        throw error instanceof PaudeError ? error : unreachable(name, url, error)
      })
      return { url: url.origin, status: response.status, challenge: response.headers.get('www-authenticate') ?? '', body }
    }
    await response.body?.cancel().catch(() => undefined)
    url = new URL(location, url)
  }
  throw unfit(name, 'is redirected too often')
}

/** What is said of its length may be untrue. */
async function bounded(
  response: Response,
  { name, most }: { readonly name: string; readonly most: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > most) throw unfit(name, `is larger than ${most / 1024 ** 2} MiB`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function bodyOf({ url, status, body }: Answer, name: string): Uint8Array {
  if (status === 200) return body
  if (status === 401 || status === 403 || status === 404)
    throw unfit(name, `does not exist, or is not public (${url} answered ${status})`)
  throw unfit(name, `cannot be fetched: ${url} answered ${status}`)
}

/** An anonymous token, as public registries want one for whatever is asked of them. */
async function fetchToken(challenge: string, at: At): Promise<string> {
  const part = (key: string) => new RegExp(`\\b${key}="([^"]*)"`).exec(challenge)?.[1] ?? ''
  if (!/^bearer\b/i.test(challenge) || !URL.canParse(part('realm')))
    throw unfit(at.name, 'is not public: its registry wants a login')
  const realm = new URL(part('realm'))
  for (const key of ['service', 'scope']) if (part(key) !== '') realm.searchParams.set(key, part(key))
  const said = json(bodyOf(await get(realm.href, { ...at, accept: 'application/json', most: MOST_JSON, token: '' }), at.name))
  const token = said['token'] ?? said['access_token']
  // It lands in a header.
  if (typeof token === 'string' && /^[\x21-\x7e]{1,16384}$/.test(token)) return token
  throw unfit(at.name, 'is not public: its registry gave no token')
}

function layerOf(manifest: Uint8Array, name: string): string {
  const layers = json(manifest)['layers']
  const [first] = Array.isArray(layers) ? layers : []
  const digest = (first as { digest?: unknown } | undefined)?.digest
  if (typeof digest === 'string' && DIGEST.test(digest)) return digest
  throw unfit(name, 'is not a feature: its manifest names no archive')
}

function requireDigest(content: Uint8Array, digest: string, name: string): void {
  if (`sha256:${createHash('sha256').update(content).digest('hex')}` !== digest)
    throw unfit(name, `does not match its digest: ${digest}`)
}

function json(content: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(content))
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function unreachable(name: string, { host }: URL, error: unknown): PaudeError {
  const { code, message } = error as { code?: string; message?: string }
  return new PaudeError(
    'command-failed',
    `feature ${shown(name)}: paude cannot reach ${host}: ${shown(code ?? message ?? 'no answer')}`,
    {
      hint: 'behind a proxy, set HTTPS_PROXY and NODE_EXTRA_CA_CERTS; paude --devcontainer=off starts without it',
    },
  )
}

/** A feature that is not taken. */
export const unfit = (name: string, fault: string): PaudeError =>
  new PaudeError('refused', `feature ${shown(name)} ${shown(fault)}`, {
    hint: 'remove it from features, or start without the file: paude --devcontainer=off',
  })
