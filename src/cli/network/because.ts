import { type Beginning, NOT_TLS } from '../../network/log.ts'

/** Why something was blocked, for people: the log's own words are short and the same for every port. */
export function because(rule: string, port: number): string {
  if (rule === 'port') return `port ${port} is not allowed`
  if (rule === 'not on the allowlist then') return 'was not allowed then'
  if (rule === 'address literal') return 'an address, not a name'
  if (rule === NOT_TLS) return 'no TLS in a tunnel: allow http://HOST:PORT'
  if (rule === 'method') return 'this method is never let through'
  return rule.replace(/^sni differs: /, 'TLS names another host: ').replace(/^denied: /, 'denied by ')
}

/** Says what is missing in a log; '' where nothing is. */
export function cutWords({ cut, full }: Omit<Beginning, 'text'>): string {
  if (full) return 'the session asked for more different hosts than paude keeps: some requests are in no log'
  return cut === ''
    ? ''
    : `the engine has dropped the log before ${cut.slice(11, 19)}: of that time only the first request for each host and outcome is known`
}
