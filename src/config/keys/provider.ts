import type { Reference, SecretSource, Settings } from './settings.ts'

/** Settings that say where the provider's credential is, each with the variable that holds the same. Of the variables the first that is set counts. */
export const PROVIDER_VARIABLES = {
  authToken: 'ANTHROPIC_AUTH_TOKEN',
  apiKey: 'ANTHROPIC_API_KEY',
  oauthToken: 'CLAUDE_CODE_OAUTH_TOKEN',
} as const satisfies Readonly<Partial<Record<keyof Settings, string>>>

type Key = keyof typeof PROVIDER_VARIABLES
export const PROVIDER_KEYS = Object.keys(PROVIDER_VARIABLES) as readonly Key[]

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
