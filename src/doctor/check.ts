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

/** 1 when something would keep a session from working, else 0. */
export const doctorExitCode = (checks: readonly Check[]): 0 | 1 => (checks.some(({ state }) => state === 'problem') ? 1 : 0)

export type LostHome = { readonly volume: string; readonly workspace: string }

/** The certificates to trust besides the public ones. `expired` names those whose time is over. */
export type Authorities = { readonly count: number; readonly expired: readonly string[]; readonly fault: string }
