import { usualProvider } from '../../src/credentials/providers.ts'
import type { Injection } from '../../src/network/allow.ts'

/** The usual provider's API key on the way to a host, inside the tunnel. */
export const injectionAt = (host: string): Injection => ({
  host,
  port: 443,
  scheme: 'https',
  way: 'bump',
  header: 'X-Api-Key',
  prefix: '',
  lead: '',
  api: usualProvider.api,
})
