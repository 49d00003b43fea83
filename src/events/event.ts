import * as v from 'valibot'

/** Characters that are kept of a text; what is longer ends in `…`. */
export const BOUNDS = { command: 2000, file: 1000, text: 1000, word: 100 } as const

const text = (most: number) => v.pipe(v.string(), v.maxLength(most + 1))
const word = text(BOUNDS.word)

const common = {
  /** Version of this schema: a field may be added to it, none is taken away or changed. */
  v: v.literal(1),
  /** ISO 8601, UTC, to a hundredth of a second. */
  time: v.pipe(v.string(), v.isoTimestamp()),
  /** Id of the session. */
  session: v.pipe(v.string(), v.regex(/^paude-[a-z0-9]{6}$/)),
  /** The agent's own id of the conversation; '' where it names none. */
  conversation: word,
}

/** What a tool is to do: at most one of them. */
const work = {
  command: v.optional(text(BOUNDS.command)),
  file: v.optional(text(BOUNDS.file)),
  detail: v.optional(text(BOUNDS.text)),
}

/** One event as it is published, one JSON object a line. */
export const SessionEvent = v.variant('kind', [
  v.strictObject({ ...common, kind: v.literal('session-start') }),
  v.strictObject({ ...common, kind: v.literal('prompt'), text: text(BOUNDS.text) }),
  v.strictObject({ ...common, kind: v.literal('tool'), tool: word, id: word, ...work }),
  v.strictObject({
    ...common,
    kind: v.literal('tool-result'),
    tool: word,
    id: word,
    ok: v.boolean(),
    milliseconds: v.nullable(v.number()),
    error: v.optional(text(BOUNDS.text)),
    ...work,
  }),
  v.strictObject({
    ...common,
    kind: v.literal('permission'),
    state: v.picklist(['asked', 'denied']),
    tool: word,
    text: v.optional(text(BOUNDS.text)),
    ...work,
  }),
  v.strictObject({ ...common, kind: v.literal('notification'), type: word, text: text(BOUNDS.text) }),
  v.strictObject({ ...common, kind: v.literal('stop'), text: text(BOUNDS.text) }),
  v.strictObject({ ...common, kind: v.literal('error'), error: text(BOUNDS.text), text: text(BOUNDS.text) }),
  v.strictObject({ ...common, kind: v.literal('subagent-start'), id: word, type: word }),
  v.strictObject({ ...common, kind: v.literal('subagent-stop'), id: word, type: word, text: text(BOUNDS.text) }),
  v.strictObject({ ...common, kind: v.literal('session-end'), reason: word }),
])
export type SessionEvent = v.InferOutput<typeof SessionEvent>
export type EventKind = SessionEvent['kind']

/** When each kind comes, for people. */
export const MEANINGS: Readonly<Record<EventKind, string>> = {
  'session-start': 'the sandbox was started, or started again',
  prompt: 'the agent got a prompt',
  tool: 'the agent is about to use a tool; `command`, `file` or `detail` says on what',
  'tool-result': 'the agent used a tool: `ok`, how long it took, and the error if there was one',
  permission: '`state` is `asked` if the agent asks you, `denied` if a rule refused by itself',
  notification: 'the agent wants your attention; `type` says why (`permission_prompt`, `idle_prompt`)',
  stop: 'the agent has answered; `text` is its last message',
  error: 'the turn ended with an error of the model or the provider',
  'subagent-start': 'a subagent of this `type` started',
  'subagent-stop': 'a subagent ended; `text` is its last message',
  'session-end': 'the conversation ended; `reason` says how (`clear`, `prompt_input_exit`, `other`)',
}

/** Fields of a kind besides those that all share, in their order; `?` marks what may be missing. */
export const fieldsOf = (kind: EventKind): readonly string[] => {
  const option = SessionEvent.options.find(({ entries }) => entries.kind.literal === kind)
  return Object.entries(option?.entries ?? {}).flatMap(([name, schema]) =>
    Object.hasOwn(common, name) || name === 'kind' ? [] : [schema.type === 'optional' ? `${name}?` : name],
  )
}
