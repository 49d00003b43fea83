import { type ErrorCode, PaudeError } from '../errors.ts'

/** What a client says, as a pattern, and what paude says of it. */
export type Explanation<Subject> = {
  readonly when: RegExp
  readonly code: ErrorCode
  readonly say: (subject: Subject) => string
  readonly hint: (subject: Subject) => string
}

/**
 * The error of the first row that fits the words of a client, which are its cause; null where none does. The first knows best, so the
 * special ones stand first. `subjectOf` is told the groups of the pattern.
 */
export function explainBy<Subject>(
  rows: readonly Explanation<Subject>[],
  words: string,
  subjectOf: (groups: readonly (string | undefined)[]) => Subject,
): PaudeError | null {
  for (const { when, code, say, hint } of rows) {
    const match = when.exec(words)
    if (match === null) continue
    const subject = subjectOf(match.slice(1))
    return new PaudeError(code, say(subject), { hint: hint(subject), cause: new Error(words) })
  }
  return null
}
