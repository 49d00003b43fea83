import type { Flag } from '../../key.ts'
import { flags, variables } from '../flags.json'
import type { rows, Setting } from '../sections/rows.ts'

/** One flag of paude itself, with what its row says of it. Help, completion, environment twins and the reference are made from this. */
export type OwnFlag = {
  readonly name: string
  readonly key: Setting
  /** `list` may be repeated and takes commas where `commas` says so. */
  readonly type: 'switch' | 'value' | 'list'
  readonly valueHint?: string
  readonly values?: readonly string[]
  readonly commas?: boolean
  /** What a switch sets, when it is not true; what a value is without one, which then only `=` gives. */
  readonly sets?: string
  /** Words that a switch takes behind `=`. */
  readonly also?: readonly string[]
  /** A value behind which `=` may give one of another setting. */
  readonly more?: { readonly value: string; readonly key: string }
  /** Values behind which `@NAME` may stand. */
  readonly at?: readonly string[]
  readonly description: string
  /** The only values with which it is paude's: with another one it is the agent's. */
  readonly onlyWith?: readonly string[]
  /** Named by another flag already, so without a variable of its own. */
  readonly alias?: true
}

type Rows = typeof rows
export type FlagName = {
  [S in Setting]: Rows[S] extends { readonly flags?: readonly Flag<infer Name>[] } ? Name : never
}[Setting]

/** Of a file that is made of the rows: every call reads its flags, and need not load what checks their values. */
export const ownFlags = flags as readonly (OwnFlag & { readonly name: FlagName })[]

/** Everything that a variable can say. */
export const twins: readonly OwnFlag[] = [...ownFlags, ...(variables as readonly OwnFlag[])]

/** A flag as it is typed: `--cpus N`, `--detach`, `--devcontainer[=NAME]`. */
export const flagWord = ({ name, type, sets, also = [], valueHint = 'VALUE' }: OwnFlag): string =>
  `--${name}${type === 'switch' ? also.map((word) => `[=${word}]`).join('') : sets === undefined ? ` ${valueHint}` : `[=${valueHint}]`}`

/** The environment variable that says the same as a flag. */
export const variableOf = ({ name }: Pick<OwnFlag, 'name'>): string => `PAUDE_${name.toUpperCase().replaceAll('-', '_')}`
