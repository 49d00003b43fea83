/** Settings that say where the provider's credential is, each with the variable that holds the same. Of the variables the first that is set counts. */
export const PROVIDER_VARIABLES = {
  authToken: 'ANTHROPIC_AUTH_TOKEN',
  apiKey: 'ANTHROPIC_API_KEY',
  oauthToken: 'CLAUDE_CODE_OAUTH_TOKEN',
} as const satisfies Readonly<Record<string, string>>

export type Key = keyof typeof PROVIDER_VARIABLES

export const PROVIDER_KEYS = Object.keys(PROVIDER_VARIABLES) as readonly Key[]

/** Variables that hold credentials paude keeps outside the box; --env must not carry them in by accident. */
export const KEPT_OUTSIDE = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN']
