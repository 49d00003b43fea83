/** What the scripted model needs from the body of a Messages request. */
export type Conversation = {
  readonly model: string
  readonly stream: boolean
  /** False for side errands such as naming the session. */
  readonly tools: boolean
  /** Whether the reply has to be JSON of a given schema. */
  readonly structured: boolean
  /** The last text a person wrote; '' when there is none. */
  readonly prompt: string
  /** What tools returned since that text, oldest first. */
  readonly results: readonly ToolResult[]
}

export type ToolResult = {
  /** At most MAX_RESULT characters. */
  readonly text: string
  readonly isError: boolean
}

const MAX_RESULT = 4_000

/** Reads a parsed body of whatever shape; null when it holds no messages. */
export function readConversation(body: unknown): Conversation | null {
  if (!isRecord(body) || !Array.isArray(body['messages'])) return null
  const blocks = body['messages']
    .filter(isRecord)
    .filter(({ role }) => role === 'user')
    .flatMap(contentBlocks)
  const output = body['output_config']
  const last = blocks.findLastIndex(isHuman)
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    tools: Array.isArray(body['tools']) && body['tools'].length > 0,
    structured: isRecord(output) && isRecord(output['format']),
    prompt: textOf(blocks[last]).trim(),
    results: blocks
      .slice(last + 1)
      .filter(({ type }) => type === 'tool_result')
      .map(toolResult),
  }
}

type Fields = Readonly<Record<string, unknown>>

/** The agent puts its own reminders beside the person's words, as texts of the same kind. */
const isHuman = (block: Fields): boolean => block['type'] === 'text' && !/^\s*(<system-reminder>|$)/.test(textOf(block))

function contentBlocks({ content }: Fields): readonly Fields[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter(isRecord) : []
}

const toolResult = (block: Fields): ToolResult => ({
  text: contentBlocks(block).map(textOf).join('\n').slice(0, MAX_RESULT),
  isError: block['is_error'] === true,
})

const textOf = (block: Fields | undefined): string => (typeof block?.['text'] === 'string' ? block['text'] : '')

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
