import type { Valibot } from '../key.ts'
import { keychainEntry, OWN_SERVICE } from './source.ts'

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
const printed = (v: Valibot) => v.strictObject({ command: program(v) })

/** The same of one that ends soon. */
const renewed = (v: Valibot) =>
  v.strictObject({
    command: program(v),
    every: v.optional(
      v.pipe(
        v.number(),
        v.check((value) => Number.isInteger(value) && value >= 10 && value <= 86_400, 'must be whole seconds from 10 to 86400'),
      ),
    ),
  })

/** Where a secret can be besides a text that refers to it. */
export const OTHER_SOURCES = '{ command = [...] } or { keychain = "SERVICE/ACCOUNT" }'

/** A secret that no text refers to: a program prints it, or the keychain has it. */
export const heldSecrets = (v: Valibot) => [printed(v), inKeychain(v)] as const

/** Neither part can be taken for a flag of the program that is asked, which has them as its words. */
const inKeychain = (v: Valibot) =>
  v.strictObject({
    keychain: v.pipe(
      v.string(),
      v.check(
        (entry) => /^[\w.@][\w.@:+~ /-]*\/[\w.@][\w.@:+~ -]*$/.test(entry),
        'must be "SERVICE/ACCOUNT", as the keychain has the entry',
      ),
      v.check(
        (entry) => keychainEntry({ keychain: entry }).service !== OWN_SERVICE,
        `names an entry of ${OWN_SERVICE} itself: paude uses what paude login keeps without being told`,
      ),
    ),
  })

/** What is wrong with a text is told without the text: it may be the secret itself. */
export const secretSource = (v: Valibot) =>
  v.pipe(
    v.union([v.string(), renewed(v), inKeychain(v)], `must be a string, ${OTHER_SOURCES}`),
    v.check(
      (value) => typeof value !== 'string' || REFERENCE.test(value),
      `must say where the secret is, not hold it: "env:NAME", "file:/path", ${OTHER_SOURCES}`,
    ),
  )
