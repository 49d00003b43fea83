import { keyOf } from '../config/keys/all.ts'
import { entryText, settingText } from '../config/keys/entry-text.ts'
import { isWider, ruleOf, uncovered } from '../config/keys/rules.ts'
import type { Config, Settings, Source } from '../config/keys/settings.ts'

/** One thing a project's file would open. `before` is what the user has instead; '' for an entry that is added. */
export type Item = {
  readonly key: string
  readonly value: string
  readonly before: string
  /** The same as the value that it was compared with; null for an entry that is added. */
  readonly had: string | null
  readonly place: string
}

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

type Judgement = { readonly items: readonly Pick<Item, 'value' | 'before' | 'had'>[]; readonly rest?: unknown }

function judge({ settings, origins }: Config, setting: keyof Settings, value: unknown): Judgement {
  if (ruleOf(setting) === 'closes') return { items: [], rest: value }
  if (Array.isArray(value)) {
    const fresh = uncovered<unknown>(setting, value, settings)
    return {
      items: fresh.map((entry) => ({ value: settingText(setting, entry), before: '', had: null })),
      rest: fresh.length === 0 ? value : value.filter((entry) => !fresh.includes(entry)),
    }
  }
  // What the user says in this very call holds all the same.
  if (origins[setting].some(({ layer }) => layer === 'flag' || layer === 'environment')) return { items: [] }
  const before = settings[setting]
  if (!isWider(setting, entryText(value), entryText(before))) return { items: [], rest: value }
  // The default of another release is not the user's word.
  const said = ruleOf(setting) !== 'differs' || origins[setting].some(({ layer }) => layer !== 'default')
  const had = said ? entryText(before ?? '') : ''
  return { items: [{ value: settingText(setting, value), before: settingText(setting, before ?? '') || 'not set', had }] }
}
