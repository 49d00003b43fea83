import type { Target, Verdict } from './decide.ts'

/** What `why` says: the decision comes first, then what it follows from and who asked for it. */
export const verdictSentence = ({ scheme, host, port }: Target, { decision, rule, why }: Verdict): string =>
  `${decision}: ${scheme} to ${host}:${port}, ${decision === 'allowed' ? allowedBy(rule) : `since ${blockedBy(rule)}`}${why === '' ? '' : ` (${why})`}`

const allowedBy = (rule: string): string =>
  rule === 'open' || rule === 'record' || rule.includes(' ') ? `since ${REASONS[rule] ?? rule}` : `by ${rule}`

const blockedBy = (rule: string): string =>
  REASONS[rule] ?? rule.replace(/^denied: /, 'it is denied by ').replace(/^at /, 'it is at ')

/** Of the rules that are no clause by themselves. */
const REASONS: Readonly<Record<string, string>> = {
  open: 'every host is allowed except denied ones',
  record: 'record mode allows every public host',
  "paude's own help page": "it is paude's own help page",
  "the proxy's own pages": "these are the proxy's own pages",
  'address literal': 'it is an IP address, and only host names can be allowed',
  'no full host name': 'it is not a full host name',
  'not on the allowlist': 'it is not on the allowlist',
  'no host of the world': 'paude uses this name for a check',
  'path not allowed: only the API of the provider is open': 'only the API paths of the provider are allowed',
}
