import { ASTRAY, NOT_TLS, UNLISTED_THEN, UNREACHABLE } from '../../network/log.ts'

/** Why something was blocked, for people: the log's own words are short and the same for every port. */
export function because(rule: string, port: number): string {
  if (rule === 'port') return `port ${port} is not allowed`
  if (rule === UNLISTED_THEN) return 'was not allowed then'
  if (rule === 'address literal') return 'an IP address, not a host name'
  if (rule === NOT_TLS) return 'no TLS in a tunnel: allow http://HOST:PORT'
  if (rule === ASTRAY) return 'it carried the placeholder of a credential'
  if (rule === 'method') return 'the proxy never allows this method'
  return rule.replace(/^sni differs: /, 'TLS names another host: ').replace(/^denied: /, 'denied by ')
}

/** Why an entry that allows a host did not help it; '' where the want of one is all that stopped it. */
export const inVain = (rule: string): string =>
  rule === ASTRAY
    ? 'it carried the placeholder of a credential that does not belong there'
    : !UNREACHABLE.includes(rule)
      ? ''
      : rule.startsWith('not found')
        ? 'its name was not found, or has a private address'
        : `it is ${rule}`
