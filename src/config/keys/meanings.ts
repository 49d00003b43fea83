import { allRows } from '../sections/rows.ts'

/** What each key is for: the reference's table, and what editors show. */
export const KEY_MEANINGS: Readonly<Record<string, string>> = {
  version: 'Version of the file format',
  ...Object.fromEntries(
    allRows.flatMap(([, { key = '', meaning = '', parts = {} }]) => [
      [key, meaning],
      ...Object.entries(parts).map(([part, means]) => [`${key}.${part}`, means]),
    ]),
  ),
  profiles: 'Profiles by name; --profile NAME puts the keys of one over the rest',
}
