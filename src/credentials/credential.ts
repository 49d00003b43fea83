import type { Injection } from '../network/allow.ts'
import type { Secret } from '../secret.ts'

export type Credential = {
  /** Variable of the caller's environment it came from. */
  readonly variable: string
  readonly value: Secret
  /** What the box sees in its place: of the right shape, the same every time, worth nothing. */
  readonly placeholder: string
  /** Variable that tells the agent its provider's address. */
  readonly addressVariable: string
  /** Where the credential goes; the way is the user's choice. */
  readonly injection: Omit<Injection, 'way'>
}
