import { readCpus, readMemory, readPids } from '../../box/limits.ts'
import type { Allow } from '../../network/entry.ts'
import { groupEntry, parseEntry } from '../../network/groups.ts'
import { matches, mergeAllows, USUAL_PORTS } from '../../network/pattern.ts'
import { readBandwidth } from '../../network/ways.ts'
import { entryText, settingText } from './entry-text.ts'
import type { Layer, Settings } from './settings.ts'

/**
 * What opens the box, by setting: every value that is not the same, a value further right, a limit that is higher, every entry
 * that is new, or nothing (`closes`). What is `own` stands in no file of a project and, but for the provider's address, in no managed one.
 */
export type Rule =
  | 'differs'
  | { readonly order: readonly string[] }
  | { readonly limit: (text: string) => number }
  | 'adds'
  | 'closes'
  | 'own'

export const RULES = {
  agent: 'differs',
  backend: 'differs',
  // It stands in no file of a project; a managed one may forbid it.
  fallback: { order: ['none', 'host'] },
  image: 'differs',
  imageBase: 'differs',
  agentVersion: 'differs',
  pull: { order: ['never', 'missing', 'always'] },
  network: { order: ['none', 'restricted', 'record', 'open'] },
  networkAllow: 'adds',
  networkGroups: 'adds',
  networkPorts: 'adds',
  networkDeny: 'closes',
  // Whoever chooses the proxy or the name server sees what is asked for.
  upstreamProxy: 'differs',
  upstreamCredentials: 'differs',
  upstreamExcept: 'adds',
  dns: 'adds',
  ip: 'differs',
  bandwidth: { limit: readBandwidth },
  inject: 'differs',
  cpus: { limit: readCpus },
  memory: { limit: readMemory },
  pids: { limit: readPids },
  readOnlyRoot: { order: ['true', 'false'] },
  noNewPrivileges: { order: ['true', 'false'] },
  seccomp: { order: ['default', 'engine', 'off'] },
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
  // Told to the user, who opens them or does not.
  forwardPorts: 'closes',
  projectConfig: { order: ['ignore', 'restrict', 'ask'] },
  // Whoever chooses the provider gets the key.
  baseUrl: 'own',
  apiKey: 'own',
  authToken: 'own',
  oauthToken: 'own',
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
  if (setting === 'baseUrl') return settingText(setting, value) !== settingText(setting, than)
  if (typeof rule === 'string') return value !== than
  if ('order' in rule) return rule.order.indexOf(value) > rule.order.indexOf(than)
  const limit = (text: string) => rule.limit(text) || Number.POSITIVE_INFINITY
  return limit(value) > limit(than)
}

/** The entries of a list that what somebody has does not hold already, itself or by what stands for it. A host without a port means his ports. */
export function uncovered<T>(setting: keyof Settings, entries: readonly T[], by: Layer): readonly T[] {
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
