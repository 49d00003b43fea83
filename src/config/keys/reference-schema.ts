import * as v from 'valibot'

/** Where a secret is: never the secret itself. */
export const REFERENCE = /^(env:[A-Za-z_]\w*|file:(\/|~\/).+)$/s

/** A program and its words; a relative path would be another program in every folder. */
export const Program = v.pipe(
  v.array(v.string()),
  v.check(
    ([program = '']) => /^(\/.+|[^/~]+)$/.test(program),
    'must begin with a program: a name in PATH, or a path from the root',
  ),
)

export const Command = v.strictObject({ command: Program })
