import type { Policy } from './allow.ts'
import { carriesPlain, decide } from './decide.ts'
import { ASTRAY, NOT_TLS, type Request } from './log.ts'

/** What would become of a request now that was refused once; `why` says who decided that. */
export type Standing = { readonly state: 'allowed' | 'denied' | 'blocked'; readonly why: string }

export function standing(policy: Policy, { host, port, rule: then }: Pick<Request, 'host' | 'port' | 'rule'>): Standing {
  const target = { scheme: port === 80 ? 'http' : 'https', host, port, path: '' } as const
  const { decision, rule, why } = decide(policy, target, null)
  // Where a placeholder went, no entry is what lacked.
  const open = decision === 'allowed' && then !== ASTRAY && (then !== NOT_TLS || carriesPlain(policy, target))
  return { state: open ? 'allowed' : rule.startsWith('denied') ? 'denied' : 'blocked', why }
}
