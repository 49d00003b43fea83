import type { Injection } from './allow.ts'
import { type Request, UNFOUND, UNFOUND_OR_PRIVATE, UNREACHABLE } from './log.ts'

/** How the agent fares with its provider; `fault` says why it gets no answer, and what to do. */
export type Reach = { readonly reached: true } | { readonly reached: false; readonly fault: string }

/** `lacks` is there for a cloud, which `paude login` keeps no key for; `again` logs in where another program keeps the login. */
type Address = { readonly variable: string; readonly usual: string; readonly lacks?: unknown; readonly again?: string }

/**
 * What the proxy's log tells of it; null while it tells nothing. The last request that got to an end counts, but none to a place with
 * methods of its own, where nothing is asked of a model. `addresses` are
 * the variables that say where a provider is, and where it is without them.
 */
export function reachOf(
  requests: readonly Request[],
  providers: readonly Pick<Injection, 'host' | 'port' | 'methods'>[],
  addresses: readonly Address[],
): Reach | null {
  const models = providers.filter(({ methods }) => methods === undefined)
  const last = requests.findLast((request) => isOf(request, models) && tells(request))
  if (last === undefined) return null
  return last.decision === 'allowed' && !isRefused(last) ? { reached: true } : { reached: false, fault: faultOf(last, addresses) }
}

/** Injections or credentials of the agent's providers: those that are bound to a host of the user's choice say nothing of its models. */
export const ofProviders = <T extends { readonly bound?: unknown }>(list: readonly T[]): readonly T[] =>
  list.filter(({ bound }) => bound === undefined)

/** Whether a request goes to one of the providers. */
export const isOf = (
  { host, port }: Pick<Request, 'host' | 'port'>,
  providers: readonly Pick<Injection, 'host' | 'port'>[],
): boolean => providers.some((provider) => provider.host === host && provider.port === port)

/** Whether the provider answered that it does not take the credential, which goes to the paths of its API alone. */
const isRefused = ({ status }: Request): boolean => status === 401 || status === 403

/** An opened tunnel has reached nobody yet, and what the agent gave up or may not ask for says nothing of the provider. */
function tells({ decision, method, rule }: Request): boolean {
  switch (decision) {
    case 'allowed':
      return method !== 'CONNECT'
    case 'waiting':
      return false
    case 'failed':
      return rule !== 'client gave up' && rule !== 'malformed request'
    case 'blocked':
      return rule === UNFOUND || rule.startsWith('denied') || UNREACHABLE.includes(rule)
  }
}

function faultOf(request: Request, addresses: readonly Address[]): string {
  const { host, port, rule, status } = request
  const usual = addresses.some((one) => URL.parse(one.usual)?.hostname === host)
  const why = isRefused(request)
    ? `it refuses the credential (HTTP ${status}); paude login --status names the credential; ${renewal(addresses)}`
    : usual && (rule === UNFOUND || rule === UNFOUND_OR_PRIVATE)
      ? `this machine cannot resolve ${host} to a public address; check the network and its resolver: paude doctor`
      : `${rule}; ${next(rule, addresses)}`
  return `the provider ${host}:${port} does not answer the agent: ${why}`
}

function renewal(addresses: readonly Address[]): string {
  const again = addresses.find((one) => one.again !== undefined)?.again
  if (again !== undefined) return `to log in again: ${again}`
  return addresses.some(({ lacks }) => lacks !== undefined)
    ? 'give the next start another one'
    : 'to replace it for the next start: paude login'
}

function next(rule: string, addresses: readonly Address[]): string {
  if (rule.startsWith('TLS')) return "to trust a company's certificate: --ca-file FILE or image.ca_files"
  if (rule.startsWith('by the upstream')) return 'check network.upstream_proxy'
  if (rule.startsWith('denied')) return 'paude network list --origin'
  if (rule === UNFOUND || UNREACHABLE.includes(rule))
    return `check ${addresses.map(({ variable }) => variable).join(', ')} or provider.base_url; to allow a private address: --network-allow HOST@RANGE`
  return 'check that it runs and that this machine can reach it'
}
