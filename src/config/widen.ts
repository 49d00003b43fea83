import { entryText } from './entry-text.ts'
import { keyOf } from './keys.ts'
import { isWider, RULES, uncovered } from './rules.ts'
import type { Config, Settings, Source } from './settings.ts'

/** One thing a project's file would open. `before` is what the user has instead; '' for an entry that is added. */
export type Item = { readonly key: string; readonly value: string; readonly before: string; readonly place: string }

/** What a project's file would open beyond what the user has, and the rest of it, which may hold unasked. */
export function split(base: Config, source: Source): { readonly items: readonly Item[]; readonly rest: Source } {
  const items: Item[] = []
  const rest: Record<string, unknown> = {}
  for (const [setting, value] of Object.entries(source.values) as [keyof Settings, unknown][]) {
    const found = judge(base, setting, value)
    items.push(...found.items.map((item) => ({ ...item, key: keyOf(setting), place: source.places[setting] ?? '' })))
    if (found.rest !== undefined) rest[setting] = found.rest
  }
  return { items, rest: { ...source, values: rest } }
}

type Judgement = { readonly items: readonly Pick<Item, 'value' | 'before'>[]; readonly rest?: unknown }

function judge({ settings, origins }: Config, setting: keyof Settings, value: unknown): Judgement {
  if (RULES[setting] === 'closes') return { items: [], rest: value }
  if (Array.isArray(value)) {
    const fresh = uncovered<unknown>(setting, value, settings)
    return {
      items: fresh.map((entry) => ({ value: entryText(entry), before: '' })),
      rest: fresh.length === 0 ? value : value.filter((entry) => !fresh.includes(entry)),
    }
  }
  // What the user says in this very call holds all the same.
  if (origins[setting].some(({ layer }) => layer === 'flag' || layer === 'environment')) return { items: [] }
  const before = settings[setting]
  return isWider(setting, entryText(value), entryText(before))
    ? { items: [{ value: entryText(value), before: entryText(before ?? '') || 'not set' }] }
    : { items: [], rest: value }
}
