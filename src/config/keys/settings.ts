import type { Key } from '../../credentials/providers.ts'
import type { SecretSource } from '../../credentials/source.ts'
import type { PaudeError } from '../../errors.ts'
import type { rows } from '../sections/rows.ts'

/** Everything a start can be told, decided: each layer over those before it. Made of the rows of `config/sections`. */
export type Settings = { readonly [Setting in keyof typeof rows]: (typeof rows)[Setting]['initial'] }

/** One layer: only what somebody said. */
export type Layer = { readonly [Key in keyof Settings]?: Settings[Key] }

/** From the weakest to the strongest. */
export type LayerName = 'default' | 'user' | 'project' | 'environment' | 'flag' | 'managed'

/** Where a value came from: `place` is `FILE:LINE`, a variable or a flag; '' for defaults. */
export type Origin = { readonly layer: LayerName; readonly place: string }

/** A layer with the places of its keys. */
export type Source = {
  readonly layer: LayerName
  readonly values: Layer
  readonly places: { readonly [Key in keyof Settings]?: string }
}

export type Config = {
  readonly settings: Settings
  /** One for a single value; one for each entry of a list. */
  readonly origins: Readonly<Record<keyof Settings, readonly Origin[]>>
  /** The user's file, whether it exists or not. */
  readonly file: string
  /** What the managed file says; empty without one. */
  readonly managed: Layer
  /** Every credential of a provider that somebody said, in force or not: none of them comes into a sandbox. */
  readonly saidSecrets?: readonly SaidSecret[]
  /** What a variable says wrong of the place of a service: a start is refused, and whatever only tells of one goes on. */
  readonly serviceFault?: PaudeError
}

/** Where somebody said that a credential of a provider is. */
export type SaidSecret = { readonly key: Key; readonly source: Exclude<SecretSource, ''> }
