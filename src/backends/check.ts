/** One thing that was looked at, and what to do about it. */
export type Check = {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'problem'
  readonly detail: string
  /** A command or a sentence; '' when there is nothing to do. */
  readonly fix: string
}

export const ok = (check: string, detail: string): Check => ({ check, state: 'ok', detail, fix: '' })
export const warning = (check: string, detail: string, fix: string): Check => ({ check, state: 'warning', detail, fix })
export const problem = (check: string, detail: string, fix: string): Check => ({ check, state: 'problem', detail, fix })

/** Those that say the same, once. */
export const sameOnce = (checks: readonly Check[]): readonly Check[] =>
  checks.filter(({ check }, at) => checks.findIndex((other) => other.check === check) === at)
