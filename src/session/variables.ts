import { insistOnName } from '../config/variable-name.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Secret, secret } from '../secret.ts'

/** Reads --env: `NAME=VALUE`, or `NAME` for the caller's value (left out when the caller has none). */
export function readVariables(entries: readonly string[], { env }: Pick<Host, 'env'>): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const at = entry.indexOf('=')
      const name = at === -1 ? entry : entry.slice(0, at)
      insistOnName(name)
      const value = at === -1 ? env[name] : entry.slice(at + 1)
      if (value?.includes('\0'))
        throw new PaudeError('usage', `the value of ${name} contains a NUL byte`, { hint: 'no environment can hold one' })
      return value === undefined ? [] : [[name, secret(value)] as const]
    }),
  )
}
