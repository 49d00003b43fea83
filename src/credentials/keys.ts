import { row, text } from '../key.ts'
import { heldAddress } from '../network/ways.ts'
import { readBaseUrl } from './base-url.ts'
import { type Key, providers } from './providers.ts'
import { secretSource } from './schema.ts'
import type { SecretSource } from './source.ts'

const addressVariables = Object.values(providers).map(({ address }) => address.variable)

const credential = (key: string, meaning: string) =>
  row({
    key: `provider.${key}`,
    meaning,
    initial: '' as SecretSource,
    schema: secretSource,
    rule: 'own',
    alternative: true,
    notIn: { project: NOT_A_PROJECTS, managed: 'it belongs into the config.toml of each user' },
  })

const NOT_A_PROJECTS = 'it belongs into your own config.toml: whoever chooses the provider gets the key'

/** `[provider]`: where the models of the chosen agent are, and where the credential is. A secret of the provider without its row does not compile. */
export const providerKeys = {
  /** '' for the agent's own provider. */
  baseUrl: row({
    key: 'provider.base_url',
    meaning: `Address where the agent's models are, as ${addressVariables.join(' or ')} says it`,
    initial: '',
    schema: text,
    rule: 'own',
    withoutBox: 'free',
    notIn: { project: NOT_A_PROJECTS },
    read: readBaseUrl,
    held: heldAddress,
  }),
  apiKey: credential('api_key', 'Where the API key is: env:NAME, file:PATH or { command = [...] }'),
  authToken: credential('auth_token', 'Where the token of a gateway is, in place of an API key'),
  oauthToken: credential('oauth_token', 'Where the token of a subscription is, in place of an API key'),
} satisfies Readonly<Record<Key | 'baseUrl', unknown>>
