import { type Answer, answerAfter, parseTurns, RESULT } from '../../src/demo/turns.ts'
import type { Asked, ScriptedApi } from './scripted-api.ts'

/**
 * OpenAI's Responses API as far as Codex speaks it, over server-sent events alone: prompts are scripts, as those of the messages API are
 * (`BASH id;;SAY done`). Strict: what is no such request, or bears another key, is refused.
 */
export function serveResponsesApi({
  key,
  prefix = '/v1',
  hostname = '0.0.0.0',
  tls,
}: {
  /** May change: what counts is what it is when it is asked. */
  readonly key: string | (() => string)
  readonly prefix?: string
  readonly hostname?: string
  readonly tls?: { readonly key: string; readonly cert: string }
}): ScriptedApi {
  const requests: Asked[] = []
  let begun = 0
  const server = Bun.serve({
    hostname,
    port: 0,
    idleTimeout: 0,
    ...(tls && { tls }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      if (request.method === 'POST') begun++
      const body = read(await request.text())
      const response = await respond(request, {
        path: pathname + search,
        key: typeof key === 'string' ? key : key(),
        prefix,
        body,
      })
      requests.push({
        method: request.method,
        path: pathname + search,
        headers: request.headers.toJSON(),
        status: response.status,
        parts: body?.parts ?? [],
        instructions: body?.instructions ?? '',
      })
      return response
    },
    error: () => failure(500, 'internal server error'),
  })
  return { port: server.port ?? 0, requests, starting: () => begun, stop: () => server.stop(true) }
}

type Body = { readonly parts: readonly string[]; readonly results: readonly string[]; readonly instructions: string }

async function respond(
  { method, headers, signal }: Request,
  {
    path,
    key,
    prefix,
    body,
  }: { readonly path: string; readonly key: string; readonly prefix: string; readonly body: Body | null },
): Promise<Response> {
  // What tells Codex at once that there are no WebSockets here.
  if (method === 'GET' && path === `${prefix}/responses` && headers.has('upgrade')) return failure(426, 'Upgrade Required')
  if (method !== 'POST' || path !== `${prefix}/responses`) return failure(404, 'Not found')
  if (headers.get('authorization') !== `Bearer ${key}`) return failure(401, 'Incorrect API key provided')
  if (body === null) return failure(400, 'not a streamed request with messages')
  const answer = decide(body)
  await Promise.race([Bun.sleep(answer.seconds * 1000), new Promise((resolve) => signal.addEventListener('abort', resolve))])
  if (answer.end.kind === 'error') return failure(answer.end.status, 'the script asked for this error')
  return new Response(events(answer, body.results.at(-1) ?? '').join(''), { headers: { 'content-type': 'text/event-stream' } })
}

function decide({ parts, results }: Body): Answer {
  const turns = parseTurns(parts.findLast((part) => part !== IMAGE)?.trim() ?? '')
  const answer: Answer | null = turns && answerAfter(turns, results.length)
  if (answer === null || (answer.end.kind === 'stop' && answer.texts.length === 0))
    return { seconds: 0, texts: [`no script: ${parts.length}`], end: { kind: 'stop' } }
  return answer
}

function events({ texts, end }: Answer, result: string): readonly string[] {
  const messages = texts.map((text) => ({
    type: 'message',
    role: 'assistant',
    id: `msg_${crypto.randomUUID()}`,
    content: [{ type: 'output_text', text: text.replaceAll(RESULT, () => result), annotations: [] }],
  }))
  const call =
    end.kind !== 'tool'
      ? []
      : [
          {
            type: 'function_call',
            id: `fc_${crypto.randomUUID()}`,
            call_id: `call_${crypto.randomUUID()}`,
            name: 'exec_command',
            arguments: JSON.stringify({ cmd: 'command' in end.turn ? end.turn.command : 'false' }),
          },
        ]
  return [
    event('response.created', { response: { id: 'resp_1' } }),
    ...[...messages, ...call].flatMap((item, output_index) => [
      event('response.output_item.added', { output_index, item: { ...item, content: [] } }),
      ...('content' in item
        ? [
            event('response.output_text.delta', {
              item_id: item.id,
              output_index,
              content_index: 0,
              delta: item.content[0]?.text,
            }),
          ]
        : []),
      event('response.output_item.done', { output_index, item }),
    ]),
    event('response.completed', { response: { id: 'resp_1', usage: USAGE } }),
  ]
}

const USAGE = { input_tokens: 10, input_tokens_details: null, output_tokens: 5, output_tokens_details: null, total_tokens: 15 }

const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`

const IMAGE = '(image)'

type Fields = Readonly<Record<string, unknown>>

function read(text: string): Body | null {
  let body: Fields
  try {
    body = JSON.parse(text) as Fields
  } catch {
    return null
  }
  if (body['stream'] !== true || typeof body['model'] !== 'string' || !Array.isArray(body['input'])) return null
  const items = body['input'] as readonly Fields[]
  const last = items.findLastIndex(({ type, role }) => type === 'message' && role === 'user')
  if (last === -1) return null
  return {
    parts: contents(items[last]),
    // Codex puts what it knows of the run before the output.
    results: items
      .slice(last + 1)
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) =>
        String(output)
          .replace(/^[\s\S]*?\nOutput:\n/, '')
          .trimEnd(),
      ),
    instructions: items
      .filter(({ role }) => role === 'developer')
      .flatMap(contents)
      .join('\n'),
  }
}

const contents = (item: Fields | undefined): readonly string[] =>
  ((item?.['content'] ?? []) as readonly Fields[]).map(({ type, text }) => (type === 'input_image' ? IMAGE : String(text)))

const failure = (status: number, message: string): Response =>
  Response.json({ error: { message, type: 'invalid_request_error', code: null } }, { status })
