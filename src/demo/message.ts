/** One assistant message before it is put on the wire. */
export type Message = {
  readonly id: string
  readonly model: string
  readonly texts: readonly string[]
  readonly tool: { readonly id: string; readonly name: string; readonly input: unknown } | null
}

/** The message as one JSON body. */
export function messageJson(message: Message): object {
  const texts = message.texts.map((text) => ({ type: 'text', text }))
  const tool = message.tool ? [{ type: 'tool_use', ...message.tool }] : []
  return { ...envelope(message), content: [...texts, ...tool], stop_reason: stopReason(message), usage: USAGE }
}

/** The first event, which a client may get long before the rest. */
export const messageStart = (message: Message): string =>
  event('message_start', { message: { ...envelope(message), content: [], usage: USAGE } })

export const PING = event('ping', {})

/** Everything after the first event. */
export function* messageRest(message: Message): Generator<string> {
  let index = 0
  for (const text of message.texts)
    yield* block(
      index++,
      { type: 'text', text: '' },
      words(text).map((part) => ({ type: 'text_delta', text: part })),
    )
  if (message.tool) {
    const { input, ...tool } = message.tool
    // Input inside content_block_start is ignored by clients: it has to come as a delta.
    yield* block(index, { type: 'tool_use', ...tool, input: {} }, [
      { type: 'input_json_delta', partial_json: JSON.stringify(input) },
    ])
  }
  yield event('message_delta', { delta: { stop_reason: stopReason(message), stop_sequence: null }, usage: USAGE })
  yield event('message_stop', {})
}

/** The body that the real API sends with an error status. */
export const errorBody = (status: number, message: string): object => ({
  type: 'error',
  error: { type: errorType(status), message },
})

const envelope = ({ id, model }: Message) => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  stop_reason: null,
  stop_sequence: null,
})

const stopReason = ({ tool }: Message): string => (tool ? 'tool_use' : 'end_turn')

/** As little as can be: agents show a bill made of it. */
const USAGE = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }

function* block(index: number, content_block: object, deltas: readonly object[]): Generator<string> {
  yield event('content_block_start', { index, content_block })
  for (const delta of deltas) yield event('content_block_delta', { index, delta })
  yield event('content_block_stop', { index })
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}

const words = (text: string): readonly string[] => text.match(/\S+\s*|\s+/g) ?? [text]

function errorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 413:
      return 'request_too_large'
    case 429:
      return 'rate_limit_error'
    case 529:
      return 'overloaded_error'
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error'
  }
}
