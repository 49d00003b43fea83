import { backends } from '../../backends/registry.ts'
import { HARDENED, switches } from '../../box/security.ts'
import type { Security } from '../../box/spec.ts'
import { keyOf } from '../../config/keys/all.ts'
import type { Config, Settings } from '../../config/keys/settings.ts'
import { shown } from '../../text.ts'
import type { SessionRecord } from '../record/record.ts'

export const readSecurity = ({ readOnlyRoot, noNewPrivileges, seccomp }: Settings): Security => ({
  readOnlyRoot: readOnlyRoot === 'true',
  noNewPrivileges: noNewPrivileges === 'true',
  seccomp,
})

/** What of the hardening is given up, as `KEY = VALUE`. */
export const givenUp = (security: Security): readonly string[] =>
  switches.flatMap((key) => (security[key] === HARDENED[key] ? [] : [`${keyOf(key)} = ${security[key]}`]))

/** The line that tells it at each start, and who said so where that is known; null when nothing is given up. */
export function weakening(security: Security, origins?: Config['origins']): string | null {
  const said = switches.filter((key) => security[key] !== HARDENED[key]).flatMap((key) => origins?.[key] ?? [])
  const by = [...new Set(said.map(({ layer, place }) => shown(`${layer} ${place}`.trim())))].join(', ')
  const what = givenUp(security)
  return what.length === 0 ? null : `the sandbox gives up hardening: ${what.join(', ')}${by === '' ? '' : ` (${by})`}`
}

/** The same of a session that starts again. A backend without paude's filter has what the first start said. */
export const weakeningAgain = ({ security, backend }: Pick<SessionRecord, 'security' | 'backend'>): string | null =>
  weakening(
    security.seccomp === 'engine' && !backends[backend].can.hardening.includes('seccomp')
      ? { ...security, seccomp: 'default' }
      : security,
  )

/** The line that tells at each start whose token the agent has; null where it has none. */
export const tokenWarning = (account = ''): string | null =>
  account === ''
    ? null
    : `the agent has the token of the service account ${account}: it can do what that account may, in the cluster and in your cloud (kubernetes.service_account)`
