import { crc32 } from 'node:zlib'
import { serveMessagesApi } from '../../src/demo/messages-api.ts'

/** One request as it arrived, so after every proxy on the way. */
export type BedrockRequest = {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly status: number
}

export type BedrockApi = {
  readonly port: number
  readonly requests: readonly BedrockRequest[]
  readonly stop: () => Promise<void>
}

/**
 * Amazon Bedrock as far as Claude Code speaks it with an API key: prompts are scripts, as those of the messages API are. What bears
 * another key is refused.
 */
export function serveBedrockApi({
  key,
  tls,
}: {
  readonly key: string
  readonly tls?: { readonly key: string; readonly cert: string }
}): BedrockApi {
  const requests: BedrockRequest[] = []
  const models = serveMessagesApi({ hostname: '127.0.0.1', key })
  const server = Bun.serve({
    hostname: '0.0.0.0',
    port: 0,
    idleTimeout: 0,
    ...(tls && { tls }),
    async fetch(request) {
      const authorization = request.headers.get('authorization') ?? ''
      const { pathname, search } = new URL(request.url)
      const response =
        authorization === `Bearer ${key}`
          ? await respond(request, `${models.url}/v1/messages`, key)
          : Response.json({ message: 'Authentication failed' }, { status: 403 })
      requests.push({ method: request.method, path: pathname + search, authorization, status: response.status })
      return response
    },
  })
  return {
    port: server.port ?? 0,
    requests,
    stop: async () => {
      await Promise.all([server.stop(true), models.stop()])
    },
  }
}

async function respond(request: Request, models: string, key: string): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (request.method === 'GET' && pathname === '/inference-profiles') return Response.json({ inferenceProfileSummaries: [] })
  const [, model = '', action] = /^\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/.exec(pathname) ?? []
  if (request.method !== 'POST' || action === undefined) return Response.json({ message: 'Not found' }, { status: 404 })
  const streams = action !== 'invoke'
  const asked = { ...((await request.json()) as object), model: decodeURIComponent(model), stream: streams }
  const answer = await fetch(models, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify(asked) })
  const text = await answer.text()
  if (!streams || !answer.ok)
    return new Response(text, { status: answer.status, headers: { 'content-type': 'application/json' } })
  const events = text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []))
  return new Response(Buffer.concat(events.map(chunk)), { headers: { 'content-type': 'application/vnd.amazon.eventstream' } })
}

/** An event as a message of Amazon's event streams: lengths, their checksum, headers, the payload, and the checksum of it all. */
function chunk(event: string): Buffer {
  const payload = Buffer.from(JSON.stringify({ bytes: Buffer.from(event).toString('base64') }))
  const headers = Buffer.concat(
    Object.entries({ ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }).map(header),
  )
  const total = 16 + headers.length + payload.length
  const lengths = Buffer.concat([number(total, 4), number(headers.length, 4)])
  const all = Buffer.concat([lengths, number(crc32(lengths), 4), headers, payload])
  return Buffer.concat([all, number(crc32(all), 4)])
}

/** Name and value, each behind its length; 7 is a text. */
const header = ([name, value]: readonly [string, string]): Buffer =>
  Buffer.concat([number(name.length, 1), Buffer.from(name), number(7, 1), number(value.length, 2), Buffer.from(value)])

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
