import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import type { Origin } from './settings.ts'

/** Does what a value is needed for. Where that fails and a file said the value, its place and key are told, and not a flag that nobody typed. */
export function asSaid<T>(key: string, { layer, place }: Origin = { layer: 'default', place: '' }, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof PaudeError) || !['user', 'project', 'managed'].includes(layer)) throw error
    throw new PaudeError('config', `${shown(place)}: ${withKey(key, error)}`, { hint: error.hint, cause: error })
  }
}

/** What is wrong, behind the key that it is about. */
export const withKey = (key: string, { message }: PaudeError): string =>
  message.startsWith(key) ? message : `${key}: ${message}`
