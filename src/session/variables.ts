import { readEntry } from '../config/variable-name.ts'
import type { Host } from '../host.ts'
import { type Secret, secret } from '../secret.ts'

/** Reads --env: `NAME=VALUE`, or `NAME` for the caller's value (left out when the caller has none). */
export function readVariables(entries: readonly string[], { env }: Pick<Host, 'env'>): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      // No variable of the caller's holds a NUL byte.
      const { name, value = env[name] } = readEntry(entry)
      return value === undefined ? [] : [[name, secret(value)] as const]
    }),
  )
}
