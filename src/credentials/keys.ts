import { oneWord, row, text } from '../key.ts'
import { heldAddress } from '../network/ways.ts'
import { readBaseUrl } from './base-url.ts'
import { type Key, providers } from './providers.ts'
import { OTHER_SOURCES, secretSource } from './schema.ts'
import { cloudNames, DIRECT, readRegion, readResource, type ServiceName, serviceNames } from './services.ts'
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
    notIn: { project: NOT_A_PROJECTS, managed: EACH_USERS },
  })

const EACH_USERS = 'write it into the config.toml of each user'
const NOT_A_PROJECTS = 'write it into your own config.toml, since the provider gets the key'

/** Which cloud, and where in it. */
const place = (key: 'region' | 'resource', meaning: string, read: (text: string, key: string) => unknown) =>
  row({
    key: `provider.${key}`,
    meaning,
    initial: '',
    schema: text,
    rule: 'own',
    withoutBox: 'free',
    notIn: { project: NOT_A_PROJECTS, managed: EACH_USERS },
    read,
  })

/** `[provider]`: where the models of the chosen agent are, and where the credential is. A secret of the provider without its row does not compile. */
export const providerKeys = {
  /** '' for the agent's own provider. */
  baseUrl: row({
    key: 'provider.base_url',
    meaning: `Address of the agent's models, as in ${addressVariables.join(' or ')}`,
    initial: '',
    schema: text,
    rule: 'own',
    withoutBox: 'free',
    notIn: { project: NOT_A_PROJECTS },
    read: readBaseUrl,
    held: heldAddress,
  }),
  /** '' for the agent's own provider, which files call direct. */
  service: row({
    key: 'provider.service',
    meaning: `Cloud that Claude's models come from: ${cloudNames.join(' or ')}; vertex for Gemini; chatgpt for Codex; or ${DIRECT} for the agent's own provider`,
    initial: '' as ServiceName | '',
    schema: (v) =>
      v.pipe(
        v.picklist([...serviceNames, DIRECT]),
        v.transform((name) => (name === DIRECT ? '' : name)),
      ),
    rule: 'own',
    withoutBox: 'free',
    notIn: { project: NOT_A_PROJECTS, managed: EACH_USERS },
  }),
  region: place(
    'region',
    'Region of the cloud, as in AWS_REGION, CLOUD_ML_REGION or GOOGLE_CLOUD_LOCATION: for bedrock and vertex',
    readRegion,
  ),
  resource: place(
    'resource',
    'Resource in the cloud, as in ANTHROPIC_FOUNDRY_RESOURCE: for foundry. Project, as in ANTHROPIC_VERTEX_PROJECT_ID or GOOGLE_CLOUD_PROJECT: for vertex',
    readResource,
  ),
  apiKey: credential('api_key', `Where the API key is: env:NAME, file:PATH, ${OTHER_SOURCES}`),
  authToken: credential('auth_token', 'Where the token of a gateway is, instead of an API key'),
  oauthToken: credential('oauth_token', 'Where the token of a subscription is, instead of an API key'),
  login: oneWord(['outside', 'inside'], {
    key: 'provider.login',
    meaning: 'Where your login is: outside the sandbox (a credential, or paude login), or inside it, for one project only',
    initial: 'outside',
    rule: 'own',
    // Where there is no sandbox the agent logs in as it always does.
    onHost: true,
    withoutBox: 'free',
    notIn: { project: NOT_A_PROJECTS, managed: EACH_USERS },
    flags: [
      {
        name: 'login-inside',
        rank: 60,
        switch: true,
        sets: 'inside',
        description:
          'Start without a credential and log in inside the sandbox: for this project only, and the agent can read the token',
      },
    ],
  }),
} satisfies Readonly<Record<Key | 'baseUrl' | 'service' | 'region' | 'resource' | 'login', unknown>>
