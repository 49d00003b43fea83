import type { Injection } from './allow.ts'
import { type Request, UNFOUND, UNREACHABLE } from './log.ts'

/** How the agent fares with its provider; `fault` says why it gets no answer, and what to do. */
export type Reach = { readonly reached: true } | { readonly reached: false; readonly fault: string }

/** What the proxy's log tells of it; null while it tells nothing. The last request that got to an end counts. */
export function reachOf(requests: readonly Request[], provider: Pick<Injection, 'host' | 'port'>): Reach | null {
  const last = requests.findLast((request) => request.host === provider.host && request.port === provider.port && tells(request))
  if (last === undefined) return null
  return last.decision === 'allowed' ? { reached: true } : { reached: false, fault: faultOf(last) }
}

/** An opened tunnel has reached nobody yet, and what the agent gave up or may not ask for says nothing of the provider. */
function tells({ decision, method, rule }: Request): boolean {
  switch (decision) {
    case 'allowed':
      return method !== 'CONNECT'
    case 'failed':
      return rule !== 'client gave up' && rule !== 'malformed request'
    case 'blocked':
      return rule === UNFOUND || rule.startsWith('denied') || UNREACHABLE.includes(rule)
  }
}

const faultOf = ({ host, port, rule }: Request): string =>
  `the agent gets no answer from its provider ${host}:${port}: ${rule}; ${next(rule)}`

function next(rule: string): string {
  if (rule.startsWith('TLS')) return "to trust a company's certificate: --ca-file FILE or image.ca_files"
  if (rule.startsWith('by the upstream')) return 'check network.upstream_proxy'
  if (rule.startsWith('denied')) return 'paude network list shows who denied it'
  if (rule === UNFOUND || UNREACHABLE.includes(rule))
    return 'check ANTHROPIC_BASE_URL or provider.base_url; to allow a private address: --network-allow HOST@RANGE'
  return 'check that it runs and that this machine reaches it'
}
