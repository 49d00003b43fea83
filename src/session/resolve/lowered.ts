import type { Backend } from '../../backends/backend.ts'
import { isShare, readLimits } from '../../box/limits.ts'
import { titleOf } from '../../box/remote.ts'
import type { Limits, Security } from '../../box/spec.ts'
import { isWider } from '../../config/keys/rules.ts'
import type { Config } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import { readSecurity } from './security.ts'

/** Limits and hardening of a start on a backend, and what of paude's own defaults that does not have: what you asked for is refused instead. */
type Lowered = { readonly limits: Limits; readonly security: Security; readonly given: readonly string[] }

type Where = Pick<Backend, 'name' | 'can'> & { readonly remote?: Backend['remote'] }

/** What a backend has in place of paude's filter of system calls. */
const FILTERS = {
  own: (name: string) => `${name} filters system calls by its own default profile (security.seccomp = engine)`,
  none: (name: string) => `${name} filters no system calls, but each sandbox has a kernel of its own (security.seccomp = engine)`,
} as const

/** Pure: gives up a default that the backend cannot keep, and says so; a share of this machine is refused where the box is on another. */
export function lowered({ name, can, remote = null }: Where, { settings, origins, managed }: Config): Lowered {
  // A managed value that is the default leaves the origin as it is.
  const isFree = (key: 'pids' | 'seccomp', than: string) =>
    origins[key].every(({ layer }) => layer === 'default') && !isWider(key, than, managed[key] ?? than)
  const share = (['cpus', 'memory'] as const).find((key) => isShare(settings[key]))
  if (share !== undefined && (remote !== null || can.isolation === 'pod'))
    throw new PaudeError(
      'unsupported',
      `limits.${share} = ${settings[share]} is a share of this machine, and ${titleOf(name, remote)} is another`,
      {
        hint: share === 'cpus' ? 'write a number of cores, like --cpus 2' : 'write a size, like --memory 4g',
      },
    )
  const limits = readLimits(settings)
  const security = readSecurity(settings)
  const pids = !can.limits.includes('pids') && limits.pids > 0 && isFree('pids', 'none')
  const isMachine = can.isolation === 'vm'
  const whole = isMachine ? Math.ceil(limits.cpus) : limits.cpus
  const seccomp = !can.hardening.includes('seccomp') && security.seccomp === 'default' && isFree('seccomp', 'engine')
  return {
    limits: { ...limits, ...(pids ? { pids: 0 } : {}), ...(whole === limits.cpus ? {} : { cpus: whole }) },
    security: seccomp ? { ...security, seccomp: 'engine' } : security,
    given: [
      ...(pids ? [`${name} limits the number of processes by itself or not at all (limits.pids)`] : []),
      ...(whole === limits.cpus ? [] : [`${name} gives whole cores: ${whole} instead of ${limits.cpus} (limits.cpus)`]),
      ...(seccomp ? [FILTERS[isMachine ? 'none' : 'own'](name)] : []),
    ],
  }
}
