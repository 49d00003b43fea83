import { readRegion, readResource, type Service, serviceProvider } from '../../credentials/services.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { Agent, SaidOfService, Services } from '../agent.ts'
import { first, isTrue } from '../said-service.ts'

/** Gemini on Vertex AI, by the variables that it reads itself. */
export const services: Services = { names: ['vertex'], read, foreign: () => '', at }

const CHOICE = 'GOOGLE_GENAI_USE_VERTEXAI'

function read(env: Host['env'], said: string): SaidOfService {
  const isChosen = isTrue(env[CHOICE])
  if (!isChosen && said !== 'vertex') return {}
  return {
    ...(isChosen ? { service: { value: 'vertex', variable: CHOICE } } : {}),
    ...first(env, ['GOOGLE_CLOUD_LOCATION'], 'region', readRegion),
    ...first(env, ['GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_PROJECT_ID'], 'resource', readResource),
  }
}

/**
 * With its own way to Vertex, Gemini would ask Google for a token where no credential is. So it has a key, which is a placeholder, and
 * the proxy puts the token in its place: the requests are the same, and so are the paths below the address and version that it is told.
 */
function at(agent: Agent, service: Service): Agent {
  const provider = serviceProvider(service, 'google')
  const { variable, usual, told, lacks } = provider.address
  return {
    ...agent,
    service,
    providers: [provider],
    environment: (host, words) => {
      if (usual === '' || told === undefined)
        throw new PaudeError('usage', `${provider.title} needs ${lacks?.what}`, { hint: lacks?.ways ?? '' })
      const address = (host.env[variable] || usual).replace(/\/+$/, '')
      return {
        ...agent.environment(host, words),
        [told.variable]: `${address}${told.below}`,
        GOOGLE_GENAI_API_VERSION: 'publishers/google',
      }
    },
  }
}
