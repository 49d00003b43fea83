import { allRows, rowOf, type Setting } from '../sections/rows.ts'

/** What each key of a file sets. `env` sets `references` as well. */
export const fileKeys: Readonly<Record<string, Setting>> = Object.fromEntries(
  allRows.flatMap(([setting, { key }]) => (key === undefined ? [] : [[key, setting] as const])),
)

/** Name of a setting in files; '' for what only flags and variables set. */
export function keyOf(setting: Setting): string {
  const { key, label = '' } = rowOf(setting)
  return key ?? label
}
