import { type Key, PROVIDER_KEYS, PROVIDER_VARIABLES } from '../../credentials/providers.ts'
import type { Reference, SecretSource } from '../../credentials/source.ts'
import type { Settings } from './settings.ts'

/** What files say of the credential; null when nothing does. */
export function saidCredential(
  settings: Pick<Settings, Key>,
): { readonly key: Key; readonly variable: string; readonly source: Exclude<SecretSource, ''> } | null {
  for (const key of PROVIDER_KEYS) {
    const source = settings[key]
    if (source !== '') return { key, variable: PROVIDER_VARIABLES[key], source }
  }
  return null
}

/** Where a secret is, as `[env]` has it. */
export const sourceOfSecret = (source: Exclude<SecretSource, ''>): Exclude<Reference['source'], { readonly template: string }> =>
  typeof source === 'string' ? source : source.command

/** The caller's variable that files name for the credential. */
export function namedVariables(settings: Pick<Settings, Key>): readonly string[] {
  const source = saidCredential(settings)?.source ?? ''
  return typeof source === 'string' && source.startsWith('env:') ? [source.slice('env:'.length)] : []
}
