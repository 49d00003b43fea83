import type { Settings } from '../../config/keys/settings.ts'
import { readEntry } from '../../config/keys/variable-name.ts'
import type { Reference } from '../../credentials/source.ts'
import type { Host } from '../../host.ts'
import { type Secret, secret } from '../../secret.ts'

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

/** What to tell of `--env NAME` where the caller has no such variable: the box starts without. */
export function unsetVariables(entries: readonly string[], { env }: Pick<Host, 'env'>): readonly string[] {
  const last = new Map(entries.map(readEntry).map((entry) => [entry.name, entry.value]))
  return [...last].flatMap(([name, value = env[name]]) =>
    value === undefined ? [`${name} is not set here, so the sandbox has none; to give it a value: --env ${name}=VALUE`] : [],
  )
}

/** The references of `[env]` that count: of several of a name the last, and none of a name that a later layer says otherwise. */
export function heldReferences<R extends Reference>(references: readonly R[], env: Settings['env']): readonly R[] {
  const last = new Map(references.map((reference) => [reference.name, reference]))
  for (const entry of env) last.delete(entry.split('=')[0] ?? '')
  return [...last.values()]
}

/** What to tell of references of `[env]` to a variable that the caller has not: the box starts without. */
export function unsetReferences(
  { references, env }: Pick<Settings, 'references' | 'env'>,
  caller: Host['env'],
): readonly string[] {
  return heldReferences(references, env).flatMap(({ name, source }) => {
    if (typeof source !== 'string' || !source.startsWith('env:')) return []
    const variable = source.slice('env:'.length)
    return caller[variable]
      ? []
      : [`env.${name}: ${variable} is ${caller[variable] === '' ? 'empty' : 'not set'}, so the sandbox has none`]
  })
}
