import type { Settings } from '../config/settings.ts'
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

/** What to tell of references of `[env]` to a variable that the caller has not: the box starts without. What a later layer says of a name holds. */
export function unsetReferences(
  { references, env }: Pick<Settings, 'references' | 'env'>,
  caller: Host['env'],
): readonly string[] {
  const last = new Map(references.map(({ name, source }) => [name, source]))
  for (const entry of env) last.delete(entry.split('=')[0] ?? '')
  return [...last].flatMap(([name, source]) => {
    if (typeof source !== 'string' || !source.startsWith('env:')) return []
    const variable = source.slice('env:'.length)
    return caller[variable]
      ? []
      : [`env.${name}: ${variable} is ${caller[variable] === '' ? 'empty' : 'not set'}, so the box has none`]
  })
}
