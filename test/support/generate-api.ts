import { type Answer, answerAfter, parseTurns, RESULT, type ToolTurn } from '../../src/demo/turns.ts'
import type { Asked, ScriptedApi } from './scripted-api.ts'

/**
 * Google's generateContent API as far as Gemini CLI speaks it: prompts are scripts, as those of the messages API are
 * (`BASH id;;SAY done`). Strict: what is no such request, or bears another key, is refused.
 */
export function serveGenerateApi({
  key,
  vertex = '',
  hostname = '0.0.0.0',
  tls,
}: {
  readonly key: string
  /** Where its models are as Vertex AI has them, for a token in place of a key. */
  readonly vertex?: string
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
      const { headers, url } = request
      const { pathname, search } = new URL(url)
      const whole = pathname + search
      const path = vertex === '' ? whole : whole.startsWith(`${vertex}/models/`) ? `/v1beta${whole.slice(vertex.length)}` : ''
      if (STREAMED.test(path)) begun++
      const body = read(await request.text())
      const known = vertex === '' ? headers.get('x-goog-api-key') === key : headers.get('authorization') === `Bearer ${key}`
      const response = await respond(request, { path, known, body })
      requests.push({
        method: request.method,
        path: whole,
        headers: headers.toJSON(),
        status: response.status,
        // Which of two models answers is asked of a third one first.
        parts: STREAMED.test(path) ? (body?.parts ?? []) : [],
        instructions: body?.instructions ?? '',
      })
      return response
    },
    error: () => failure(500, 'internal server error'),
  })
  return { port: server.port ?? 0, requests, starting: () => begun, stop: () => server.stop(true) }
}

type Body = { readonly parts: readonly string[]; readonly results: readonly string[]; readonly instructions: string }

const STREAMED = /^\/v1beta\/models\/[\w.-]+:streamGenerateContent\?alt=sse$/
const PLAIN = /^\/v1beta\/models\/[\w.-]+:(generateContent|countTokens)$/

async function respond(
  { method, signal }: Request,
  { path, known, body }: { readonly path: string; readonly known: boolean; readonly body: Body | null },
): Promise<Response> {
  if (method !== 'POST' || !(STREAMED.test(path) || PLAIN.test(path))) return failure(404, 'Not found')
  if (!known) return failure(400, 'API key not valid. Please pass a valid API key.')
  if (body === null) return failure(400, 'not a request with contents')
  if (path.endsWith(':countTokens')) return Response.json({ totalTokens: 10 })
  if (PLAIN.test(path)) return Response.json(chunk([{ text: CHOICE }], 'STOP'))
  const answer = decide(body)
  await Promise.race([Bun.sleep(answer.seconds * 1000), new Promise((resolve) => signal.addEventListener('abort', resolve))])
  if (answer.end.kind === 'error') return failure(answer.end.status, 'the script asked for this error')
  return new Response(events(answer, body.results.at(-1) ?? '').join(''), { headers: { 'content-type': 'text/event-stream' } })
}

/** Which of its models is to answer. */
const CHOICE = JSON.stringify({
  reasoning: 'scripted',
  model_choice: 'flash',
  complexity_reasoning: 'scripted',
  complexity_score: 1,
})

function decide({ parts, results }: Body): Answer {
  const turns = parseTurns(parts.findLast((part) => part !== IMAGE)?.trim() ?? '')
  const answer: Answer | null = turns && answerAfter(turns, results.length)
  if (answer === null || (answer.end.kind === 'stop' && answer.texts.length === 0))
    return { seconds: 0, texts: [`no script: ${parts.length}`], end: { kind: 'stop' } }
  return answer
}

function events({ texts, end }: Answer, result: string): readonly string[] {
  const said = texts.map((text) => ({ text: text.replaceAll(RESULT, () => result) }))
  const parts = end.kind === 'tool' ? [...said, { functionCall: toolCall(end.turn) }] : said
  return parts.map((part, at) => `data: ${JSON.stringify(chunk([part], at === parts.length - 1 ? 'STOP' : ''))}\r\n\r\n`)
}

/** In the words of Gemini's tools. */
function toolCall(turn: ToolTurn) {
  switch (turn.kind) {
    case 'bash':
      return { name: 'run_shell_command', args: { command: turn.command, description: 'Run a scripted command' } }
    case 'write':
      return { name: 'write_file', args: { file_path: turn.path, content: turn.text } }
    case 'read':
      return { name: 'read_file', args: { file_path: turn.path } }
  }
}

const chunk = (parts: readonly object[], finishReason: string) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason === '' ? {} : { finishReason }) }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
})

const IMAGE = '(image)'

type Fields = Readonly<Record<string, unknown>>

function read(text: string): Body | null {
  let body: Fields
  try {
    body = JSON.parse(text) as Fields
  } catch {
    return null
  }
  if (!Array.isArray(body['contents'])) return null
  const contents = (body['contents'] as readonly Fields[]).map(({ role, parts }) => ({ role, parts: parts as readonly Fields[] }))
  const asks = contents.findLastIndex(({ role, parts }) => role === 'user' && !parts.some((part) => 'functionResponse' in part))
  return {
    // What it knows of the run is no question.
    parts: (contents[asks]?.parts ?? [])
      .map(({ text, inlineData }) => (inlineData === undefined ? String(text) : IMAGE))
      .filter((part) => !part.startsWith('<session_context>')),
    results: contents
      .slice(asks + 1)
      .flatMap(({ parts }) => parts)
      .flatMap(({ functionResponse }) => (functionResponse === undefined ? [] : [outputOf(functionResponse as Fields)])),
    instructions: [body['systemInstruction'] as Fields | undefined, ...contents]
      .flatMap((one) => (one?.['parts'] ?? []) as readonly Fields[])
      .map((part) => String(part['text'] ?? ''))
      .join('\n'),
  }
}

/** Gemini puts what it knows of the run around the output. */
const outputOf = ({ response }: Fields): string =>
  String((response as Fields | undefined)?.['output'] ?? '')
    .replace(/^[\s\S]*?\bOutput: /, '')
    .replace(/\n(Error|Exit Code|Signal|Background PIDs|Process Group PGID): [\s\S]*$/, '')
    .trimEnd()

const failure = (code: number, message: string): Response =>
  Response.json({ error: { code, message, status: 'INVALID_ARGUMENT' } }, { status: code })
