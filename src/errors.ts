/** Why a command could not do its work. Closed: a new reason needs an exit code below. */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'refused'
  | 'unsupported'
  | 'backend-missing'
  | 'backend-down'
  | 'backend-denied'
  | 'backend-old'
  | 'image-missing'
  | 'registry'
  | 'disk-full'
  | 'name-taken'
  | 'not-found'
  | 'ambiguous'
  | 'not-executable'
  | 'command-not-found'
  | 'timeout'
  | 'never'
  | 'self-test'
  | 'interrupted'
  | 'command-failed'
  | 'output'

/** A mistake or misfortune the user can act on. Anything else that is thrown is a bug. */
export class PaudeError extends Error {
  readonly code: ErrorCode
  /** What to type or change next; one line, no full stop. */
  readonly hint: string

  constructor(code: ErrorCode, message: string, { hint = '', cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause })
    this.name = 'PaudeError'
    this.code = code
    this.hint = hint
  }
}

/** What a terminal acts on, or shows nothing of: controls, line breaks, what turns the reading direction round, what is to be ignored. */
export const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu

/** Anything of others as JSON: what a terminal may act on or hide is escaped too, so nothing of it moves a cursor or passes for less. */
export const quoted = (value: unknown): string => escaped(JSON.stringify(value))

/** The same over several lines. */
export const quotedLines = (value: unknown): string => escaped(JSON.stringify(value, null, 2))

const escaped = (json: string): string =>
  json.replace(UNSEEN, (letter) =>
    letter === '\n' ? letter : letter.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )

/** Begin and end of a long text, and how long it is: what stands beside it shall not leave the screen. */
export const shortened = (text: string, most = 240): string =>
  text.length <= most ? text : `${text.slice(0, most - 60)} … ${text.slice(-40)} (${text.length} characters)`

/** Who asked decides the code: an agent's caller must tell paude's failure from the agent's own (docker's convention). */
export type Caller = 'agent' | 'management'

/** Exit code of a failed command: 125 for agents' callers; 2 for bad words, 3 for what was waited for in vain, 1 for the rest. */
export function exitCode({ code }: PaudeError, caller: Caller): number {
  if (code === 'interrupted') return 130
  if (code === 'timeout') return 124
  if (caller === 'management') return code === 'usage' || code === 'config' ? 2 : code === 'never' ? 3 : 1
  switch (code) {
    case 'not-executable':
      return 126
    case 'command-not-found':
      return 127
    default:
      return 125
  }
}
