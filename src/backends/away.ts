import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Backend } from './backend.ts'

type Reached = Parameters<Backend['health']['reach']>[0]

/** The other machine to which the client of a backend goes by itself, and what sets it there; null where it stays on this one. */
export function ledAway(host: Reached, { remote, health }: Pick<Backend, 'remote' | 'health'>) {
  const place = remote === null ? health.reach(host) : null
  return place?.look === 'elsewhere' ? place : null
}

/**
 * Why a backend of this machine cannot be spoken to now: its client is set to another machine, which would hear the calls, and get credentials.
 * `session` is one of this machine; `start` would be one over there, which nobody named. Null where nothing stands in the way.
 */
export function away(host: Host, backend: Backend, purpose: 'session' | 'start' = 'session'): PaudeError | null {
  const { name } = backend
  const led = ledAway(host, backend)
  if (led === null) return null
  if (purpose === 'session')
    return new PaudeError('backend-missing', `this is for ${name} of this machine, and its client is set to another one`, {
      hint: `change ${led.unset}`,
    })
  return new PaudeError('backend-missing', `the client of ${name} is set to another machine, which is never taken by itself`, {
    hint: `name it: paude --backend ${name}; or change ${led.unset}`,
  })
}

/** Variables that set the client of a backend to another machine, made empty: for a program that speaks to both. */
export const setHere = (host: Host, backends: readonly Backend[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    backends.flatMap((backend) =>
      ledAway(host, backend) === null
        ? []
        : backend.health.variables.filter((name) => /_(HOST|CONTEXT)$/.test(name)).map((name) => [name, ''] as const),
    ),
  )
