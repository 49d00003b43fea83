/** One line of the allowlist after parsing: what may be reached, and why the user finds it there. */
export type Allow = {
  /** Canonical: lower case, punycode, no trailing dot. `*.example.org` means everything below, not the name itself. */
  readonly host: string
  /** Ascending, never empty. */
  readonly ports: readonly number[]
  /** CIDR of private addresses this very name may resolve to; '' means public addresses only. */
  readonly privateRange: string
  /** Written `http://HOST:PORT`: a tunnel there may carry what is no TLS. Absent where a tunnel carries TLS alone. */
  readonly plain?: true
  /** Shown by --print-config, `network log` and --dry-run. */
  readonly why: string
}

/** One line of the denylist after parsing. It wins over every allow. */
export type Deny = {
  /** As in Allow. */
  readonly host: string
  /** Ascending; empty for every port. */
  readonly ports: readonly number[]
  readonly why: string
}
