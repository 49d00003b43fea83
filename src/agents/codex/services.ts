import { join } from 'node:path'
import { type Service, serviceProvider } from '../../credentials/services.ts'
import type { Agent, Services } from '../agent.ts'

/**
 * Codex with a ChatGPT account is told of a provider of its own, as with a key: with a login file it would ask further hosts of its
 * account, before each start. No variable chooses it.
 */
export const services: Services = {
  names: ['chatgpt'],
  own: { service: 'chatgpt', file: ({ env, home }) => join(absolute(env['CODEX_HOME']) || join(home, '.codex'), 'auth.json') },
  read: () => ({}),
  foreign: () => '',
  at,
}

function at(agent: Agent, service: Service): Agent {
  const provider = serviceProvider(service)
  const { variable } = provider.address
  return {
    ...agent,
    service,
    providers: [provider],
    environment: (host, words) => ({
      ...agent.environment(host, words),
      ...(host.env[variable] ? { [variable]: host.env[variable] } : {}),
    }),
  }
}

const absolute = (folder = ''): string => (folder.startsWith('/') ? folder : '')
