import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'
import type { Provider } from './providers.ts'

/** Clouds that answer an agent's models in place of its own provider. */
export const cloudNames = ['bedrock', 'foundry', 'vertex'] as const
export type CloudName = (typeof cloudNames)[number]

/** The same, and a subscription in place of a key. */
export const serviceNames = [...cloudNames, 'chatgpt'] as const
export type ServiceName = (typeof serviceNames)[number]

/** What files say to go back to the agent's own provider. */
export const DIRECT = 'direct'

/** A cloud and where in it: '' for what is not said, or not asked for. */
export type Service = { readonly name: ServiceName; readonly region: string; readonly resource: string }

/** Whose models a cloud is asked for. */
export type Publisher = 'anthropic' | 'google'

/** The provider that a service is. */
export const serviceProvider = (service: Service, publisher: Publisher = 'anthropic'): Provider =>
  service.name === 'vertex' && publisher === 'google' ? vertexOfGoogle(service) : ROWS[service.name](service)

const ROWS: Readonly<Record<ServiceName, (service: Service) => Provider>> = { bedrock, foundry, vertex, chatgpt }

/** A part of a decoded path: it cannot begin with a dot, so it is no dot segment. */
const PART = '[A-Za-z0-9][A-Za-z0-9._:-]*'

/** An id, or an ARN: what stands behind its slash is a part of its own in a decoded path. */
const MODEL = `${PART}(/${PART})?`

function bedrock({ region }: Service): Provider {
  const at = (name: string): string =>
    region === '' ? '' : `https://${name}.${readRegion(region, 'provider.region')}.amazonaws.com`
  return {
    title: 'Amazon Bedrock',
    secrets: [
      {
        key: 'apiKey',
        variable: 'AWS_BEARER_TOKEN_BEDROCK',
        header: 'Authorization',
        lead: 'Bearer',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-key-stays-outside-the-box',
      },
    ],
    address: {
      variable: 'ANTHROPIC_BEDROCK_BASE_URL',
      usual: at('bedrock-runtime'),
      lacks: { what: 'a region', ways: 'export AWS_REGION=eu-west-1, or paude config set provider.region eu-west-1' },
    },
    api: `/model/${MODEL}/(invoke(-with-response-stream)?|count-tokens)`,
    others: '',
    // A program looks up there which models there are. POST would make a new profile.
    further: [{ url: at('bedrock'), api: `/inference-profiles(/${MODEL})?`, methods: ['GET'], follows: true }],
    login: [],
    private: /^AWS_BEARER_TOKEN_BEDROCK$/,
    common: false,
    unfit: {
      variables: ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'],
      why: 'would sign each request in the sandbox, so the key itself would have to be there; use an API key of Amazon Bedrock',
    },
  }
}

function foundry({ resource }: Service): Provider {
  return {
    title: 'Azure Foundry',
    secrets: [
      {
        key: 'authToken',
        variable: 'ANTHROPIC_FOUNDRY_AUTH_TOKEN',
        header: 'Authorization',
        lead: 'Bearer',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-token-stays-outside-the-box',
      },
      {
        key: 'apiKey',
        variable: 'ANTHROPIC_FOUNDRY_API_KEY',
        header: 'X-Api-Key',
        lead: '',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-key-stays-outside-the-box',
      },
    ],
    address: {
      variable: 'ANTHROPIC_FOUNDRY_BASE_URL',
      usual: resource === '' ? '' : `https://${readResource(resource, 'provider.resource')}.services.ai.azure.com/anthropic`,
      lacks: {
        what: 'a resource',
        ways: 'export ANTHROPIC_FOUNDRY_RESOURCE=NAME, or paude config set provider.resource NAME',
      },
    },
    api: '/v1/messages(/count_tokens)?',
    others: '',
    further: [],
    login: [],
    private: /^ANTHROPIC_FOUNDRY_.*$/,
    common: false,
    unfit: {
      variables: ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH'],
      why: 'would be needed in the sandbox itself, to get a token; use an API key of the resource',
    },
  }
}

/** The project and the region as a path has them; a pattern for what is not said. */
function placeOfVertex({ region, resource }: Service): string {
  const place = region === '' ? '[a-z0-9-]+' : readRegion(region, 'provider.region')
  const project = resource === '' ? '[a-z0-9-]+' : readResource(resource, 'provider.resource')
  return `/projects/${project}/locations/${place}`
}

/** '' where a part of it is not said. */
const hostOfVertex = ({ region, resource }: Service): string =>
  region === '' || resource === ''
    ? ''
    : `https://${region === 'global' ? '' : `${readRegion(region, 'provider.region')}-`}aiplatform.googleapis.com`

/** The same models that a key of Google's reaches: Gemini is told of an address whose paths are those of Vertex. */
function vertexOfGoogle(service: Service): Provider {
  const { region } = service
  const of = vertex(service)
  return {
    ...of,
    address: {
      variable: 'GOOGLE_VERTEX_BASE_URL',
      usual: hostOfVertex(service),
      told: { variable: 'GOOGLE_GEMINI_BASE_URL', below: `/v1${placeOfVertex(service)}` },
      lacks: {
        what: region === '' ? 'a region' : 'a project',
        ways:
          region === ''
            ? 'export GOOGLE_CLOUD_LOCATION=europe-west1, or paude config set provider.region europe-west1'
            : 'export GOOGLE_CLOUD_PROJECT=NAME, or paude config set provider.resource NAME',
      },
    },
    api: `/v1${placeOfVertex(service)}/publishers/google/models/[A-Za-z0-9_-][A-Za-z0-9._-]*:(generateContent|streamGenerateContent|countTokens)`,
    private: /^(CLOUDSDK_AUTH_ACCESS_TOKEN|GOOGLE_VERTEX_BASE_URL)$/,
    unfit: {
      variables: ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_API_KEY'],
      why: 'is not used for Vertex AI; gcloud can use application default credentials',
    },
  }
}

function vertex(service: Service): Provider {
  const { region, resource } = service
  const model = '[A-Za-z0-9][A-Za-z0-9._@-]*:(rawPredict|streamRawPredict)'
  return {
    title: 'Google Vertex AI',
    secrets: [
      {
        key: 'authToken',
        variable: 'CLOUDSDK_AUTH_ACCESS_TOKEN',
        header: 'Authorization',
        lead: 'Bearer',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-token-stays-outside-the-box',
      },
    ],
    address: {
      variable: 'ANTHROPIC_VERTEX_BASE_URL',
      usual: region === '' || resource === '' ? '' : `${hostOfVertex(service)}/v1`,
      lacks: {
        what: region === '' ? 'a region' : 'a project',
        ways:
          region === ''
            ? 'export CLOUD_ML_REGION=europe-west1, or paude config set provider.region europe-west1'
            : 'export ANTHROPIC_VERTEX_PROJECT_ID=NAME, or paude config set provider.resource NAME',
      },
    },
    // Of one project in one region: what else the token may do there stays closed.
    api: `${placeOfVertex(service)}/publishers/anthropic/models/${model}`,
    others: '',
    further: [],
    login: [],
    private: /^CLOUDSDK_AUTH_ACCESS_TOKEN$/,
    common: false,
    given:
      'paude config edit, and write below [provider]: service = "vertex" and auth_token = { command = ["gcloud", "auth", "print-access-token"], every = 240 }',
    unfit: {
      variables: ['GOOGLE_APPLICATION_CREDENTIALS'],
      why: 'is not read by paude; gcloud can use it',
    },
  }
}

/** What Codex asks with the login of a ChatGPT account. */
function chatgpt(): Provider {
  return {
    title: 'ChatGPT',
    secrets: [
      {
        key: 'oauthToken',
        variable: 'CHATGPT_ACCESS_TOKEN',
        header: 'Authorization',
        lead: 'Bearer',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-token-stays-outside-the-box',
      },
    ],
    account: {
      variable: 'CHATGPT_ACCOUNT_ID',
      header: 'ChatGPT-Account-Id',
      placeholder: 'paude-placeholder-the-real-account-stays-outside',
    },
    address: { variable: 'CHATGPT_BASE_URL', usual: 'https://chatgpt.com/backend-api/codex', again: 'codex login' },
    // Not the conversations, files and tasks of the account.
    api: '/responses(/compact)?',
    others: '',
    further: [],
    login: [],
    private: /^CHATGPT_(ACCESS_TOKEN|ACCOUNT_ID|BASE_URL)$/,
    common: false,
    given: 'codex login, then paude login codex',
  }
}

/** A region of a cloud: it becomes a part of a host name. Throws `usage`; `where` names the variable or key that says it. */
export function readRegion(text: string, where: string): string {
  if (/^(global|[a-z]{2,}(-[a-z]+)+-?\d{1,2})$/.test(text) && text.length <= 32) return text
  throw new PaudeError('usage', `${where} is not a region: ${quoted(text)}`, {
    hint: 'write its name, such as eu-west-1, or europe-west1 at Google',
  })
}

/** The name of a resource: it becomes a part of a host name. Throws `usage`. */
export function readResource(text: string, where: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/.test(text)) return text.toLowerCase()
  throw new PaudeError('usage', `${where} is not the name of a resource: ${quoted(text)}`, {
    hint: 'write its bare name, such as my-resource; for an address: provider.base_url',
  })
}
