import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Backend } from './backend.ts'

/**
 * Why sessions of this machine cannot be spoken to now: the engine's client is set to another machine, which would hear their calls, and get
 * their credentials. Null where nothing stands in the way, as for an engine of another machine, whose calls name it.
 */
export function away(host: Host, { name, remote, health }: Backend): PaudeError | null {
  if (remote !== null) return null
  const place = health.reach(host)
  if (place.look !== 'elsewhere') return null
  return new PaudeError('backend-missing', `this is for ${name} of this machine, and its client is set to another one`, {
    hint: `change ${place.unset}`,
  })
}

/** Variables that set the client of a backend to another machine, made empty: for a program that speaks to both. */
export const setHere = (host: Host, backends: readonly Backend[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    backends.flatMap((backend) =>
      away(host, backend) === null
        ? []
        : backend.health.variables.filter((name) => /_(HOST|CONTEXT)$/.test(name)).map((name) => [name, ''] as const),
    ),
  )
