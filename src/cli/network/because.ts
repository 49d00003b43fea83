import { NOT_TLS } from '../../network/log.ts'

/** Why something was blocked, for people: the log's own words are short and the same for every port. */
export function because(rule: string, port: number): string {
  if (rule === 'port') return `port ${port} is not allowed`
  if (rule === 'not on the allowlist then') return 'was not allowed then'
  if (rule === 'address literal') return 'an address, not a name'
  if (rule === NOT_TLS) return 'no TLS in a tunnel: allow http://HOST:PORT'
  if (rule === 'method') return 'this method is never let through'
  return rule.replace(/^sni differs: /, 'TLS names another host: ').replace(/^denied: /, 'denied by ')
}
