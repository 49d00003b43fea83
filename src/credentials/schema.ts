import type { Valibot } from '../key.ts'

/** Where a secret is: never the secret itself. */
export const REFERENCE = /^(env:[A-Za-z_]\w*|file:(\/|~\/).+)$/s

/** A program and its words; a relative path would be another program in every folder. */
export const program = (v: Valibot) =>
  v.pipe(
    v.array(v.string()),
    v.check(
      ([first = '']) => /^(\/.+|[^/~]+)$/.test(first),
      'must begin with a program: a name in PATH, or a path from the root',
    ),
  )

/** A program that prints a secret. */
export const printed = (v: Valibot) => v.strictObject({ command: program(v) })

/** What is wrong with a text is told without the text: it may be the secret itself. */
export const secretSource = (v: Valibot) =>
  v.pipe(
    v.union([v.string(), printed(v)], 'must be a string, or { command = [...] }'),
    v.check(
      (value) => typeof value !== 'string' || REFERENCE.test(value),
      'must say where the secret is, not hold it: "env:NAME", "file:/path" or { command = [...] }',
    ),
  )
