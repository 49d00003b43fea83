import {
  type CloudName,
  cloudNames,
  readRegion,
  readResource,
  type Service,
  type ServiceName,
  serviceProvider,
} from '../../credentials/services.ts'
import type { Host } from '../../host.ts'
import type { Agent, SaidOfService, Services } from '../agent.ts'
import { first, isTrue } from '../said-service.ts'

/** How Claude is told of a cloud. */
type Told = {
  /** Variable that chooses it. */
  readonly choice: string
  /** Variables that say where, by precedence. */
  readonly region: readonly string[]
  readonly resource: readonly string[]
  /** Has it send no credential of its own; `always` where it would look for one that no box has. */
  readonly skip: string
  readonly skips: 'asked' | 'always'
  /** Whether the box is told the address also where nobody said another one. */
  readonly named: boolean
}

const TOLD: Readonly<Record<CloudName, Told>> = {
  bedrock: {
    choice: 'CLAUDE_CODE_USE_BEDROCK',
    region: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    resource: [],
    skip: 'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
    skips: 'asked',
    // It would ask that address for the list of models as well, which has a host of its own.
    named: false,
  },
  foundry: {
    choice: 'CLAUDE_CODE_USE_FOUNDRY',
    region: [],
    resource: ['ANTHROPIC_FOUNDRY_RESOURCE'],
    skip: 'CLAUDE_CODE_SKIP_FOUNDRY_AUTH',
    skips: 'asked',
    // It refuses to have both an address and the name of a resource.
    named: true,
  },
  vertex: {
    choice: 'CLAUDE_CODE_USE_VERTEX',
    region: ['CLOUD_ML_REGION'],
    resource: ['ANTHROPIC_VERTEX_PROJECT_ID'],
    skip: 'CLAUDE_CODE_SKIP_VERTEX_AUTH',
    skips: 'always',
    named: false,
  },
}

/** Clouds that Claude knows and paude does not, in the order in which Claude looks: behind the others, but before Vertex. */
const FOREIGN = ['CLAUDE_CODE_USE_ANTHROPIC_AWS', 'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD', 'CLAUDE_CODE_USE_MANTLE']

/** Variables of these clouds that are of no use in a box, or that paude sets there itself. */
export const serviceVariables: readonly string[] = cloudNames.flatMap((name) => {
  const { region, resource, skip } = TOLD[name]
  const { secrets, address } = serviceProvider({ name, region: '', resource: '' })
  return [...region, ...resource, skip, address.variable, ...secrets.map(({ variable }) => variable)]
})

export const services: Services = { names: cloudNames, read, foreign, at }

function read(env: Host['env'], said: ServiceName | ''): SaidOfService {
  const chosen = chosenIn(env)
  const name = chosen || said
  if (!isCloud(name)) return {}
  const { choice, region, resource } = TOLD[name]
  return {
    ...(chosen === '' ? {} : { service: { value: chosen, variable: choice } }),
    ...first(env, region, 'region', readRegion),
    ...first(env, resource, 'resource', readResource),
  }
}

function foreign(env: Host['env']): string {
  return ['', 'vertex'].includes(chosenIn(env)) ? (FOREIGN.find((variable) => isTrue(env[variable])) ?? '') : ''
}

const chosenIn = (env: Host['env']): CloudName | '' => cloudNames.find((name) => isTrue(env[TOLD[name].choice])) ?? ''

const isCloud = (name: ServiceName | ''): name is CloudName => cloudNames.some((one) => one === name)

/** No login of Claude's own is one of the cloud's. */
function at(agent: Agent, service: Service): Agent {
  if (!isCloud(service.name)) return agent
  const provider = serviceProvider(service)
  const { choice, region, resource, skip, skips, named } = TOLD[service.name]
  return {
    ...agent,
    service,
    providers: [provider],
    login: '',
    tokenLogin: null,
    environment: (host, words) => {
      const { variable, usual } = provider.address
      const address = host.env[variable] || (named ? usual : '')
      const [place] = region
      const [project] = named ? [] : resource
      return {
        ...agent.environment(host, words),
        [choice]: '1',
        ...(place === undefined || service.region === '' ? {} : { [place]: service.region }),
        ...(project === undefined || service.resource === '' ? {} : { [project]: service.resource }),
        ...(address === '' ? {} : { [variable]: address }),
        ...(skips === 'always' || isTrue(host.env[skip]) ? { [skip]: '1' } : {}),
      }
    },
  }
}
