import type { Check } from '../backends/check.ts'

/** 1 when something would keep a session from working, else 0. */
export const doctorExitCode = (checks: readonly Check[]): 0 | 1 => (checks.some(({ state }) => state === 'problem') ? 1 : 0)

export type LostHome = { readonly volume: string; readonly workspace: string }

/** The certificates to trust besides the public ones. `expired` names those whose time is over. */
export type Authorities = { readonly count: number; readonly expired: readonly string[]; readonly fault: string }

/** `variable` is what the credential comes from, '' for none; `inside`: you log in inside the box; `fault` is why it cannot be used; `site` is where the models are, '' for an agent without. */
export type LookedCredential = {
  readonly variable: string
  readonly inside: boolean
  readonly fault: string
  readonly site: string
}
