import type { Chosen } from '../../agents/chosen.ts'
import { knownAgent } from '../../agents/registry.ts'
import { type Key, PROVIDER_KEYS, type Provider } from '../../credentials/providers.ts'
import type { SecretSource } from '../../credentials/source.ts'
import type { Config, SaidSecret, Settings } from './settings.ts'

/** The provider that `[provider]` speaks of: the one that the chosen agent prefers; null where that asks no model. */
export const providerOf = (chosen: Chosen): Provider | null => knownAgent(chosen)?.providers[0] ?? null

/** What files say of the credential; null when nothing does. `variable` is '' where the agent's provider has no such credential. */
export function saidCredential(
  settings: Pick<Settings, Key> & Chosen,
): { readonly key: Key; readonly variable: string; readonly source: Exclude<SecretSource, ''> } | null {
  for (const key of PROVIDER_KEYS) {
    const source = settings[key]
    if (source === '') continue
    return { key, variable: providerOf(settings)?.secrets.find((one) => one.key === key)?.variable ?? '', source }
  }
  return null
}

/** Every credential of a provider that somebody said: the one in force first. */
export function allSaid({ settings, saidSecrets = [] }: Pick<Config, 'settings' | 'saidSecrets'>): readonly SaidSecret[] {
  const said = saidCredential(settings)
  return [...(said === null ? [] : [said]), ...saidSecrets]
}

/** The caller's variables that files name for credentials of a provider. */
export const namedVariables = (config: Pick<Config, 'settings' | 'saidSecrets'>): readonly string[] => [
  ...new Set(
    allSaid(config).flatMap(({ source }) =>
      typeof source === 'string' && source.startsWith('env:') ? [source.slice('env:'.length)] : [],
    ),
  ),
]
