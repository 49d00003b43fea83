import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PaudeError } from '../errors.ts'
import { type Conversation, readConversation, type ToolResult } from './conversation.ts'
import { errorBody, type Message, messageJson, messageRest, messageStart, PING } from './message.ts'
import { type Answer, answerAfter, parseTurns, RESULT, type Turn, toolCall } from './turns.ts'

/** A model API that says what it is told to. */
export type MessagesApi = {
  readonly port: number
  /** Base address without a trailing slash, as an agent wants it. */
  readonly url: string
  /** Live, oldest first; only the latest 1000 are kept. */
  readonly requests: readonly RecordedRequest[]
  /** Also cuts answers that are under way. */
  readonly stop: () => Promise<void>
}

export type MessagesApiOptions = {
  /** The one address to listen on. */
  readonly hostname: string
  /** Any free one when absent. */
  readonly port?: number
  /** Whether a caller's address is let in; every one when absent. */
  readonly admits?: (peer: string) => boolean
  /** The only key that is let in, as x-api-key or bearer token. */
  readonly key: string
  /** PEM texts. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Without it each prompt is its own script (see `parseTurns`). */
  readonly script?: readonly Turn[]
}

/** One request as it arrived, so after every proxy on the way. */
export type RecordedRequest = {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Names in lower case; the key among the values. */
  readonly headers: Readonly<Record<string, string>>
  /** Announced bytes when the body was not read. */
  readonly bodyBytes: number
  readonly status: number
  /** What the agent's tools returned since the last prompt. */
  readonly results: readonly ToolResult[]
}

/** Serves until it is stopped. Throws `command-failed` when the address cannot be had. */
export function serveMessagesApi({ hostname, port = 0, admits, key, tls, script }: MessagesApiOptions): MessagesApi {
  if (hostname === '' || key === '') throw new TypeError('the messages API needs an address and a key')
  const requests: RecordedRequest[] = []
  const server = listen({
    hostname,
    port,
    ...(tls && { tls }),
    maxRequestBodySize: MAX_BODY,
    idleTimeout: 30,
    async fetch(request, bun) {
      if (admits?.(bun.requestIP(request)?.address ?? '') === false) return failure(403, 'not for this address')
      const seen: Seen = { bodyBytes: announcedBytes(request), results: [] }
      const response = await respond(request, {
        key,
        script,
        seen,
        signal: request.signal,
        keepOpen: () => bun.timeout(request, 0),
      })
      const { method, headers } = request
      const { pathname, search } = address(request)
      requests.push({ method, path: pathname + search, headers: headers.toJSON(), status: response.status, ...seen })
      if (requests.length > MAX_REQUESTS) requests.shift()
      return response
    },
    error: () => failure(500, 'internal server error'),
  })
  return {
    port: server.port ?? port,
    url: server.url.origin,
    requests,
    stop: () => server.stop(true),
  }
}

/** The real API's own limit. */
const MAX_BODY = 32 * 1024 * 1024
const MAX_REQUESTS = 1_000

type Seen = { bodyBytes: number; results: readonly ToolResult[] }

type Desk = {
  readonly key: string
  readonly script: readonly Turn[] | undefined
  readonly seen: Seen
  readonly signal: AbortSignal
  /** Lifts the idle limit, for answers that wait. */
  readonly keepOpen: () => void
}

function listen(options: Bun.Serve.Options<undefined>): Bun.Server<undefined> {
  try {
    return Bun.serve(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PaudeError('command-failed', `cannot serve the messages API: ${reason}`, {
      hint: 'name another address or port',
      cause,
    })
  }
}

async function respond(request: Request, desk: Desk): Promise<Response> {
  const [, route = ''] = /(\/v1\/(?:messages(?:\/count_tokens)?|models))$/.exec(address(request).pathname) ?? []
  const known = request.method === (route === '/v1/models' ? 'GET' : 'POST') && route !== ''
  if (!known) return failure(404, 'Not found')
  if (!isAuthorized(request.headers, desk.key)) return failure(401, 'invalid x-api-key')
  if (route === '/v1/models') return json(200, MODELS)
  const bytes = await request.arrayBuffer()
  desk.seen.bodyBytes = bytes.byteLength
  const conversation = readConversation(parseJson(bytes))
  if (!conversation) return failure(400, 'messages: Field required')
  desk.seen.results = conversation.results
  if (route === '/v1/messages/count_tokens') return json(200, { input_tokens: tokens(desk.seen) })
  desk.keepOpen()
  return reply(conversation, desk)
}

async function reply(conversation: Conversation, { script, signal }: Desk): Promise<Response> {
  const answer = decide(conversation, script)
  if (answer.end.kind === 'error') {
    await sleep(answer.seconds * 1000, null, { signal })
    return failure(answer.end.status, 'the script asked for this error')
  }
  const message: Message = {
    id: `msg_${randomUUID()}`,
    model: conversation.model,
    texts: answer.texts.map((text) => text.replaceAll(RESULT, () => conversation.results.at(-1)?.text ?? '')),
    tool: answer.end.kind === 'tool' ? { id: `toolu_${randomUUID()}`, ...toolCall(answer.end.turn) } : null,
  }
  if (conversation.stream) return eventStream(message, answer.seconds, signal)
  await sleep(answer.seconds * 1000, null, { signal })
  return json(200, messageJson(message))
}

function decide({ tools, structured, prompt, results }: Conversation, script: readonly Turn[] | undefined): Answer {
  // Claude Code's title generator asks again with every prompt until it gets its JSON.
  if (!tools) return say(structured ? JSON.stringify({ title: TITLE }) : TITLE)
  const turns = script ?? parseTurns(prompt)
  if (!turns)
    return say(
      `I am a script. Try SAY hello, BASH ls, WRITE notes.txt text or READ notes.txt, with ;; between steps. I do not understand: ${firstWords(prompt)}`,
    )
  const answer = answerAfter(turns, results.length)
  // A message without content makes agents ask again.
  return answer.end.kind === 'stop' && answer.texts.length === 0 ? { ...answer, texts: ['The script ends here.'] } : answer
}

const TITLE = 'Scripted session'

const say = (text: string): Answer => ({ seconds: 0, texts: [text], end: { kind: 'stop' } })

const firstWords = (text: string): string => text.slice(0, 400).split(/\s+/).slice(0, 8).join(' ').slice(0, 80)

function eventStream(message: Message, seconds: number, signal: AbortSignal): Response {
  async function* events(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder()
    yield encoder.encode(messageStart(message) + PING)
    if (seconds > 0) await sleep(seconds * 1000, null, { signal })
    for (const event of messageRest(message)) yield encoder.encode(event)
  }
  return new Response(events(), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...requestId() },
  })
}

/** Digests have one length, so the comparison takes one time. */
function isAuthorized(headers: Headers, key: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest()
  const wanted = digest(key)
  const [, bearer] = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '') ?? []
  return [headers.get('x-api-key'), bearer].map((given) => timingSafeEqual(digest(given ?? ''), wanted)).includes(true)
}

/** A Host header can make the address unreadable; then nothing was asked for. */
const address = ({ url }: Request): { pathname: string; search: string } => URL.parse(url) ?? { pathname: '', search: '' }

const announcedBytes = ({ headers }: Request): number => Number(headers.get('content-length')) || 0

/** A rough guess; nobody pays for it. */
const tokens = ({ bodyBytes }: Seen): number => Math.ceil(bodyBytes / 4)

function parseJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

function failure(status: number, message: string): Response {
  const response = json(status, errorBody(status, message))
  // Claude Code tries a 401 again for minutes unless it is told not to.
  if (status < 500 && status !== 429) response.headers.set('x-should-retry', 'false')
  return response
}

const json = (status: number, body: object): Response => Response.json(body, { status, headers: requestId() })

const requestId = () => ({ 'request-id': `req_${randomUUID()}` })

const MODELS = {
  data: [{ type: 'model', id: 'claude-scripted', display_name: 'Scripted model', created_at: '2026-01-01T00:00:00Z' }],
  has_more: false,
  first_id: 'claude-scripted',
  last_id: 'claude-scripted',
}
