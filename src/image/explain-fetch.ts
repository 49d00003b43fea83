import { type ErrorCode, PaudeError } from '../errors.ts'

/** The fetch of an agent's package, which `bun add` does inside this very program. */
type FailedFetch = { readonly argv: readonly string[]; readonly code: number; readonly stderr: string }

/** Says why an agent's package could not be fetched, and what to do about it. */
export function explainFetch({ argv, code, stderr }: FailedFetch): PaudeError {
  const words = stderr.split('\n').filter((line) => /^error: /.test(line))
  const wanted = `bun add could not fetch ${argv.at(-1) ?? ''}`
  for (const { when, code: kind, say, hint } of rows) {
    const match = when.exec(words.join('\n'))
    if (match !== null)
      return new PaudeError(kind, `${wanted}: ${say(match[1] ?? '', match[2] ?? '')}`, { hint, cause: new Error(stderr) })
  }
  const reason = (words.at(-1) ?? stderr.trim().split('\n').at(-1) ?? '').replace(/^error: /, '')
  return new PaudeError('command-failed', `${wanted}: exit code ${code}${reason === '' ? '' : `, ${reason}`}`, {
    hint: 'check the network and the registry in ~/.npmrc, then try again',
  })
}

type Row = {
  readonly when: RegExp
  readonly code: ErrorCode
  /** `found` and `more` are the groups of the pattern. */
  readonly say: (found: string, more: string) => string
  readonly hint: string
}

/** What bun says, recorded in test/fixtures/fetch-errors.json. */
const rows: readonly Row[] = [
  {
    when: /\b(ENOSPC|EDQUOT)\b|no space left/i,
    code: 'disk-full',
    say: () => 'no space left in the cache folder',
    hint: 'free some space, or set XDG_CACHE_HOME to a folder on a larger disk',
  },
  {
    when: /\b(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)\b/,
    code: 'registry',
    say: (found) => `the certificate of the npm registry is not valid today (${found})`,
    hint: "check this machine's clock with date, then try again",
  },
  {
    when: /\b(ERR_TLS_CERT_ALTNAME_INVALID)\b/,
    code: 'registry',
    say: (found) => `the certificate of the npm registry is for another host (${found})`,
    hint: 'check the address of the registry in ~/.npmrc or BUN_CONFIG_REGISTRY',
  },
  {
    when: /\b(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w*(?:CERT|SIGNATURE)\w*|CERT_\w+|\w+_CERT_\w+)\b/,
    code: 'registry',
    say: (found) => `the certificate of the npm registry is not trusted (${found})`,
    hint: "does a company's proxy re-sign TLS? Trust its certificate: --ca-file FILE, image.ca_files or NODE_EXTRA_CA_CERTS",
  },
  {
    when: /\b(TLSHandshakeFailed|ERR_SSL_\w+|ERR_TLS_\w+)\b/,
    code: 'registry',
    say: (found) => `no TLS connection to the npm registry (${found})`,
    hint: 'check HTTPS_PROXY, and the address of the registry in ~/.npmrc or BUN_CONFIG_REGISTRY',
  },
  {
    when: /\b(DNSResolveFailed|DNSLookupFailed|UnknownHost|ENOTFOUND|EAI_AGAIN)\b/,
    code: 'registry',
    say: (found) => `the name of the npm registry was not found (${found})`,
    hint: 'check the network and its name servers; behind a proxy, export HTTPS_PROXY',
  },
  {
    when: /\b(Connection(?:Refused|Closed|Reset|TimedOut)|ECONN\w+|E?TIMEDOUT|Timeout|FailedToOpenSocket|NetworkUnreachable)\b/i,
    code: 'registry',
    say: (found) => `the npm registry was not reached (${found})`,
    hint: 'check the network; behind a proxy, export HTTPS_PROXY; set a mirror in ~/.npmrc or BUN_CONFIG_REGISTRY',
  },
  {
    when: /GET \w+:\/\/(?:[^\s/@]*@)?([^\s/]+)\S* - 404/,
    code: 'registry',
    say: (host) => `${host} does not have it (404)`,
    hint: 'choose another release with --agent-version, or another registry in ~/.npmrc',
  },
  {
    when: /GET \w+:\/\/(?:[^\s/@]*@)?([^\s/]+)\S* - (401|403|407)/,
    code: 'registry',
    say: (host, status) => `${host} refuses it (${status})`,
    hint: 'check the login for this registry in ~/.npmrc, or ask the administrator of the proxy to allow the package',
  },
  {
    when: /GET \w+:\/\/(?:[^\s/@]*@)?([^\s/]+)\S* - (\d{3})/,
    code: 'registry',
    say: (host, status) => `${host} answered ${status}`,
    hint: 'try again later',
  },
  {
    when: /No version matching "([^"]+)"/,
    code: 'registry',
    say: (version) => `the npm registry has no release ${version}`,
    hint: 'choose another release with --agent-version',
  },
]
