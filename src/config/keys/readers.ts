import type { Reference } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import { allRows } from '../sections/rows.ts'
import type { Profile } from './schema.ts'
import type { Layer } from './settings.ts'
import { valueAt } from './value-at.ts'
import { readEntry, requireReference } from './variable-name.ts'

type Unreadable = { readonly key: string; readonly error: PaudeError }

/** What no start would take of a part of a file, with the keys that say it. */
export const unreadable = (part: Profile): readonly Unreadable[] => [
  ...allRows.flatMap(([, { key = '', read }]) => {
    const value = read === undefined ? undefined : (valueAt(part, key.split('.')) as string | readonly string[] | undefined)
    if (value === undefined) return []
    const all = [value].flat()
    // Mostly nothing is wrong, and a long list is read twice as fast in one go.
    const wrong = refusal(key, () => {
      for (const one of all) read?.(one, key)
    })
    return wrong.length === 0 ? [] : all.flatMap((one) => refusal(key, () => read?.(one, key)))
  }),
  ...unreadableVariables(part['env'] as Layer | undefined),
]

const unreadableVariables = (env: Layer = {}): readonly Unreadable[] => [
  ...(env.env ?? []).flatMap((entry) => refusal(`env.${entry.split('=')[0] ?? ''}`, () => readEntry(entry))),
  ...(env.references ?? []).flatMap((one: Reference) => refusal(`env.${one.name}`, () => requireReference(one))),
]

function refusal(key: string, read: () => unknown): readonly Unreadable[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof PaudeError) return [{ key, error }]
    throw error
  }
}
