import type { Network } from './spec.ts'

const PROXY = 'http://127.0.0.1:3128'

const BUNDLE = '/paude/link/ca-bundle.pem'

/** What runtimes with roots of their own add to them. Reading all roots again would cost each start of such a program some 40 ms. */
const EXTRA = '/paude/link/ca-extra.pem'

const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'] as const

const EXCEPT_NAMES = ['NO_PROXY', 'no_proxy'] as const

/** Each runtime has its own name for the file of trusted certificates. */
const BUNDLE_NAMES = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'CODEX_CA_CERTIFICATE',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
] as const

const EXTRA_NAMES = ['NODE_EXTRA_CA_CERTS', 'DENO_CERT'] as const

/** Node 24 and later use the proxy variables when asked to. */
const NODE_SWITCH = 'NODE_USE_ENV_PROXY'

/** Proxy and trust settings that a box may have. */
export const NETWORK_NAMES: readonly string[] = [...PROXY_NAMES, ...EXCEPT_NAMES, ...BUNDLE_NAMES, ...EXTRA_NAMES, NODE_SWITCH]

/** Proxy and trust of the agent. Set in every mode: engines inject the host's own proxies into what is not set. */
export function networkEnvironment({ network }: { readonly network: Pick<Network, 'mode'> }): Readonly<Record<string, string>> {
  if (network.mode === 'none') return Object.fromEntries([...PROXY_NAMES, ...EXCEPT_NAMES].map((name) => [name, '']))
  const local = 'localhost,127.0.0.1,::1'
  return {
    ...Object.fromEntries(PROXY_NAMES.map((name) => [name, PROXY])),
    ...Object.fromEntries(EXCEPT_NAMES.map((name) => [name, local])),
    ...Object.fromEntries(BUNDLE_NAMES.map((name) => [name, BUNDLE])),
    ...Object.fromEntries(EXTRA_NAMES.map((name) => [name, EXTRA])),
    [NODE_SWITCH]: '1',
  }
}
