import { allRows } from '../sections/rows.ts'

/** What each key is for: the reference's table, and what editors show. */
export const KEY_MEANINGS: Readonly<Record<string, string>> = {
  version: 'Version of these keys, so that a later paude can read the file',
  ...Object.fromEntries(
    allRows.flatMap(([, { key = '', meaning = '', parts = {} }]) => [
      [key, meaning],
      ...Object.entries(parts).map(([part, means]) => [`${key}.${part}`, means]),
    ]),
  ),
  profiles: 'Keys that lie over the rest with --profile NAME, by name',
}
