import type { Allow, Deny } from './entry.ts'
import type { Ways } from './ways.ts'

/** A real credential that squid puts on the way to its provider. */
export type Injection = {
  /** Canonical host name of the provider, no wildcard. */
  readonly host: string
  readonly port: number
  readonly scheme: 'https' | 'http'
  /**
   * `bump`: squid opens the tunnel to the provider with an authority of the session that the box trusts.
   * `base-url`: the box talks plainly to BASE_URL on its own loopback, and squid speaks TLS to the provider; no authority is needed.
   */
  readonly way: 'bump' | 'base-url'
  /** '' for a credential in a query. */
  readonly header: string
  /** Word before the credential in it; '' for none. */
  readonly lead: string
  /** Path prefix of the provider's base URL, '' or like `/llm`; never ends with a slash. */
  readonly prefix: string
  /** Pattern of the paths below it that the credential goes to, without a query. */
  readonly api: string
  /** HTTP methods that it is added to; those of its `bound`, or GET and POST without them. */
  readonly methods?: readonly string[]
  /** Of a credential for a host of the user's choice; absent for a model's provider, at whose host nothing else is let through. */
  readonly bound?: Bound
}

/** Other requests to the same host follow the allowlist, and go without the credential. */
export type Bound = {
  /** HTTP methods that it is added to. */
  readonly methods: readonly string[]
  /** Pattern of decoded paths that it is not added to, whatever else says so; in letters of either case. */
  readonly never?: string
  /** Parameter of the query that has it in place of a header, where the request bears the placeholder there; absent for a header. */
  readonly query?: string
  /** What the box has in its place: it goes nowhere but where the credential goes. */
  readonly placeholder: string
}

/** What squid.conf is generated from. */
export type Policy = {
  /** Session id, written in every log line. */
  readonly session: string
  /**
   * `open` lets every host through (and skips the canaries) but still logs and injects.
   * `record` keeps the wall and lets every public name through, to find out what is needed.
   * `ask` has the rules of `restricted`; the proxy holds requests for unlisted names until the user has changed them, or has not.
   */
  readonly mode: 'restricted' | 'ask' | 'open' | 'record'
  readonly allow: readonly Allow[]
  readonly deny: readonly Deny[]
  /** Of what is allowed later without a port; the entries of `allow` have theirs. */
  readonly ports: readonly number[]
  readonly ways: Ways
  /** In the order in which the proxy is told their credentials. At a base URL there is one. */
  readonly injections: readonly Injection[]
}
