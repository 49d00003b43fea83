import type { Flag, Row } from '../../key.ts'
import { allRows, type rows, type Setting } from '../sections/rows.ts'

/** One flag of paude itself, with what its row says of it. Help, completion, environment twins and the README's table are made from this. */
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
  readonly description: string
  /** Named by another flag already, so without a variable of its own. */
  readonly alias?: true
  readonly insist?: (value: string, where: string) => void
}

type Rows = typeof rows
export type FlagName = {
  [S in Setting]: Rows[S] extends { readonly flags?: readonly Flag<infer Name>[] } ? Name : never
}[Setting]

export const ownFlags = allRows
  .flatMap(([key, row]) => (row.flags ?? []).map((flag) => ({ key, row, flag })))
  .toSorted((one, other) => one.flag.rank - other.flag.rank)
  .map(({ key, row, flag: { rank: _, switch: bare, ...flag } }) => ({
    ...said(row, key),
    ...flag,
    ...(bare === true ? { type: 'switch' as const } : {}),
  })) as readonly (OwnFlag & { readonly name: FlagName })[]

/** What a file and a variable say, and no flag. */
export const ownVariables: readonly OwnFlag[] = allRows.flatMap(([key, row]) =>
  row.variable === undefined ? [] : [{ ...said(row, key), name: row.variable, description: row.meaning ?? '' }],
)

function said({ initial, words, insist }: Row<unknown>, key: Setting): Pick<OwnFlag, 'key' | 'type' | 'values' | 'insist'> {
  return {
    key,
    type: typeof initial === 'boolean' ? 'switch' : Array.isArray(initial) ? 'list' : 'value',
    ...(words === undefined ? {} : { values: words.map(String) }),
    ...(insist === undefined ? {} : { insist }),
  }
}

/** Everything that a variable can say. */
export const twins: readonly OwnFlag[] = [...ownFlags, ...ownVariables]

/** A flag as it is typed: `--cpus N`, `--detach`, `--devcontainer[=NAME]`. */
export const flagWord = ({ name, type, sets, valueHint = 'VALUE' }: OwnFlag): string =>
  `--${name}${type === 'switch' ? '' : sets === undefined ? ` ${valueHint}` : `[=${valueHint}]`}`

/** The environment variable that says the same as a flag. */
export const variableOf = ({ name }: Pick<OwnFlag, 'name'>): string => `PAUDE_${name.toUpperCase().replaceAll('-', '_')}`
