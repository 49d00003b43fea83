import { mergeAllows, parseAllow } from '../network/pattern.ts'
import { readCpus, readMemory, readPids } from './limits.ts'
import type { Layer, Settings } from './settings.ts'

/**
 * What opens the box, by setting: every value that is not the same, a value further right, a limit that is higher, every entry
 * that is new, or nothing (`closes`). What is `own` stands in no file of a project and in no managed one.
 */
export type Rule =
  | 'differs'
  | { readonly order: readonly string[] }
  | { readonly limit: (text: string) => number }
  | 'adds'
  | 'closes'
  | 'own'

export const RULES = {
  backend: 'differs',
  image: 'differs',
  imageBase: 'differs',
  agentVersion: 'differs',
  pull: { order: ['never', 'missing', 'always'] },
  network: { order: ['none', 'restricted', 'open'] },
  networkAllow: 'adds',
  networkGroups: 'adds',
  networkDeny: 'closes',
  inject: 'differs',
  cpus: { limit: readCpus },
  memory: { limit: readMemory },
  pids: { limit: readPids },
  mount: 'adds',
  protect: 'closes',
  // A value that a project chooses passes through the environment of the engine's client.
  env: 'adds',
  references: 'adds',
  caFile: 'adds',
  dockerFlags: 'adds',
  podmanFlags: 'adds',
  imageBuild: 'differs',
  lifecycle: 'adds',
  projectConfig: { order: ['ignore', 'restrict', 'ask'] },
  devcontainer: 'own',
  detach: 'own',
  sessionName: 'own',
  timeout: 'own',
  detachKeys: 'own',
  scrollback: 'own',
  notify: 'own',
  profile: 'own',
  force: 'own',
  dryRun: 'own',
  printConfig: 'own',
} as const satisfies Readonly<Record<keyof Settings, Rule>>

/** Whether a single value opens more than another. */
export function isWider(setting: keyof Settings, value: string, than: string): boolean {
  const rule: Rule = RULES[setting]
  if (typeof rule === 'string') return value !== than
  if ('order' in rule) return rule.order.indexOf(value) > rule.order.indexOf(than)
  const limit = (text: string) => rule.limit(text) || Number.POSITIVE_INFINITY
  return limit(value) > limit(than)
}

/** Whether a list, or what stands for it, holds the entry already. */
export function isCovered(setting: keyof Settings, entry: unknown, by: Layer): boolean {
  if (setting !== 'networkAllow' && setting !== 'networkGroups') return holds((by[setting] ?? []) as readonly unknown[], entry)
  const hosts = [...(by.networkAllow ?? []), ...(by.networkGroups ?? [])]
  return holds(hosts, entry) || allows(hosts, String(entry))
}

const holds = (list: readonly unknown[], entry: unknown): boolean =>
  list.some((one) => JSON.stringify(one) === JSON.stringify(entry))

/** Whether a further entry lets nothing more through: a wildcard or another port may stand for it. */
function allows(list: readonly string[], entry: string): boolean {
  const read = (text: string) => {
    try {
      return [parseAllow(text, '')]
    } catch {
      return []
    }
  }
  const before = list.flatMap(read)
  const more = read(entry)
  return more.length > 0 && JSON.stringify(mergeAllows(before)) === JSON.stringify(mergeAllows([...before, ...more]))
}
