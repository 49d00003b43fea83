/** Why a command could not do its work. Closed: a new reason needs an exit code below. */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'refused'
  | 'unsupported'
  | 'backend-missing'
  | 'backend-down'
  | 'backend-denied'
  | 'backend-silent'
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

/** Signals by which paude is asked to end. */
export type Ending = 'SIGHUP' | 'SIGINT' | 'SIGTERM'

/** A mistake or misfortune the user can act on. Anything else that is thrown is a bug. */
export class PaudeError extends Error {
  readonly code: ErrorCode
  /** What to type or change next; one line, no full stop. */
  readonly hint: string
  /** Of an interruption, what came. */
  readonly signal: Ending

  constructor(
    code: ErrorCode,
    message: string,
    { hint = '', cause, signal = 'SIGINT' }: { hint?: string; cause?: unknown; signal?: Ending } = {},
  ) {
    super(message, { cause })
    this.name = 'PaudeError'
    this.code = code
    this.hint = hint
    this.signal = signal
  }
}

/** The error of a command that a signal ended, after its clean-up. */
export const interrupted = (signal: Ending = 'SIGINT'): PaudeError =>
  new PaudeError('interrupted', 'interrupted, nothing was left behind', { signal })

/** Who asked decides the code: an agent's caller must tell paude's failure from the agent's own (docker's convention). */
export type Caller = 'agent' | 'management'

/** Exit code of a failed command: 125 for agents' callers; 2 for bad words, 3 for what was waited for in vain, 1 for the rest. */
export function exitCode({ code, signal }: PaudeError, caller: Caller): number {
  if (code === 'interrupted') return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal]
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

/** Whether an engine could not be asked at all: what it has may well be there. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof PaudeError && ['backend-silent', 'backend-down', 'backend-denied'].includes(error.code)
