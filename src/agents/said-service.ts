import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { SaidOfService } from './agent.ts'

/** What agents take for a yes in a variable. */
export const isTrue = (value = ''): boolean => /^(1|true|yes|on)$/i.test(value.trim())

/** What the first of these variables that is set says, checked. */
export function first<K extends 'region' | 'resource'>(
  env: Host['env'],
  variables: readonly string[],
  key: K,
  checked: (text: string, where: string) => string,
): SaidOfService {
  const variable = variables.find((one) => (env[one] ?? '').trim() !== '')
  if (variable === undefined) return {}
  try {
    return { [key]: { value: checked((env[variable] ?? '').trim(), variable), variable } }
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    return { [key]: { value: '', variable, fault: error } }
  }
}
