import { matchesPattern } from '../../agents/imports.ts'
import type { Rule } from '../../key.ts'
import type { Allow } from '../../network/entry.ts'
import { groupEntry, parseEntry } from '../../network/groups.ts'
import { matches, mergeAllows, USUAL_PORTS } from '../../network/pattern.ts'
import { rowOf, type Setting } from '../sections/rows.ts'
import { entryText, settingText } from './entry-text.ts'
import type { Layer } from './settings.ts'

export const ruleOf = (setting: Setting): Rule => rowOf(setting).rule

/** Whether a single value opens more than another. */
export function isWider(setting: Setting, value: string, than: string): boolean {
  const rule = ruleOf(setting)
  // An address is the same however it is spelled.
  if (rule === 'own') return settingText(setting, value) !== settingText(setting, than)
  if (typeof rule === 'string') return value !== than
  if ('order' in rule) return rule.order.indexOf(value) > rule.order.indexOf(than)
  const limit = (text: string) => rule.limit(text) || Number.POSITIVE_INFINITY
  return limit(value) > limit(than)
}

/** The entries of a list that what somebody has does not hold already, itself or by what stands for it. A host without a port means his ports. */
export function uncovered<T>(setting: Setting, entries: readonly T[], by: Layer): readonly T[] {
  if (ruleOf(setting) === 'each') return entries
  const hosts = setting === 'networkAllow' || setting === 'networkGroups'
  const list: readonly unknown[] = hosts
    ? [...(by.networkAllow ?? []), ...(by.networkGroups ?? []).map(groupEntry)]
    : setting === 'networkPorts'
      ? portsOf(by).map(String)
      : ((by[setting] ?? []) as readonly unknown[])
  const known = new Set(list.map((one) => JSON.stringify(one)))
  const plain = (entry: T): unknown => (setting === 'networkGroups' ? groupEntry(String(entry)) : entry)
  // Who names a path means whatever stands there; of what was read there, another content is another entry.
  const path = (entry: T): string => (setting === 'caFile' ? JSON.stringify(entryText(entry)) : '')
  const fresh = entries.filter((entry) => !known.has(JSON.stringify(plain(entry))) && !known.has(path(entry)))
  // A pattern stands for each that is narrower.
  if (setting === 'pluginsAllow')
    return fresh.filter((entry) => !list.some((pattern) => matchesPattern(String(pattern), String(entry))))
  if (!hosts || fresh.length === 0) return fresh
  const ports = portsOf(by)
  const allowed = list.flatMap((entry) => readAllow(entry, ports))
  return fresh.filter((entry) => !allows(allowed, readAllow(plain(entry), ports)))
}

/** What is no port is refused where a start reads it. */
const portsOf = ({ networkPorts = [] }: Layer): readonly number[] =>
  networkPorts.length === 0 ? USUAL_PORTS : networkPorts.map(Number)

/** Whether further entries let nothing more through: a wildcard or another port may stand for them. */
function allows(list: readonly Allow[], more: readonly Allow[]): boolean {
  const before = list.filter(({ host }) => more.some((one) => matches(host, one.host)))
  return more.length > 0 && JSON.stringify(mergeAllows(before)) === JSON.stringify(mergeAllows([...before, ...more]))
}

/** What is no host and no group stands for itself alone. */
function readAllow(entry: unknown, ports: readonly number[]): readonly Allow[] {
  try {
    return parseEntry(String(entry), '', ports)
  } catch {
    return []
  }
}
