import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../host.ts'

/** Path of the local socket, or null when docker's client would go elsewhere (another host or context). */
export function dockerSocket({ env, home }: Host): string | null {
  const address = env['DOCKER_HOST']
  if (address) return address.startsWith('unix://') ? address.slice('unix://'.length) : null
  if (env['DOCKER_CONTEXT'] && env['DOCKER_CONTEXT'] !== 'default') return null
  try {
    const { currentContext } = JSON.parse(
      readFileSync(join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'), 'utf8'),
    ) as { currentContext?: string }
    if (currentContext && currentContext !== 'default') return null
  } catch {}
  return '/var/run/docker.sock'
}
