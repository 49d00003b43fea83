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
  open: 'every host is open but what is denied',
  record: 'every public host is open in record mode',
  "paude's own help page": "it is paude's own help page",
  "the proxy's own pages": "these are the proxy's own pages",
  'address literal': 'it is an address, and only names can be allowed',
  'no full host name': 'it is no full host name',
  'not on the allowlist': 'it is not on the allowlist',
  'no host of the world': 'it is no host of the world',
  'path not allowed: only the API of the provider is open': 'its path is not open: only the API of the provider is',
}
