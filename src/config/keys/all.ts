import { allRows, rowOf, type Setting } from '../sections/rows.ts'

/** What each key of a file sets. `env` sets `references` as well. */
export const fileKeys: Readonly<Record<string, Setting>> = keysOf()

function keysOf(): Record<string, Setting> {
  const found: Record<string, Setting> = {}
  for (const [setting, { key }] of allRows) if (key !== undefined) found[key] = setting
  return found
}

/** Name of a setting in files; '' for what only flags and variables set. */
export function keyOf(setting: Setting): string {
  const { key, label = '' } = rowOf(setting)
  return key ?? label
}
