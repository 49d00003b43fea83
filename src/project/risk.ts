import { extraFlagFault } from '../box/extra-flags.ts'
import { fileKeys } from '../config/keys/all.ts'
import { rowOf } from '../config/sections/rows.ts'
import type { Item } from './widen.ts'

/** Why one thing that a file opens is dangerous, in a few words; '' for what only lets the agent reach or use more. */
export function danger({ key, value }: Pick<Item, 'key' | 'value'>): string {
  if (key === 'workspace.repos') return /:ro$/.test(value) ? '' : 'the agent can change these files'
  if (key === 'mounts') return /:rw$/.test(value) ? 'the agent can change these files' : STORES.test(value) ? 'may hold keys' : ''
  if (key === 'agents') return ofAgent(value)
  // A variable whose value is looked up; one that is written there is `NAME=value`.
  if (key === 'env') return /^\w+ = /.test(value) ? 'gives the agent a value of yours' : ''
  if (key === 'network.allow') return reached(value)
  if (key === 'build') return /outside the wall/.test(value) ? 'runs outside the wall' : ''
  // What loosens nothing is accepted alone, and the start refuses the rest.
  if (key.endsWith('.extra_flags')) return extraFlagFault(value) === null ? '' : 'changes the container itself'
  if (key === 'network.mode') return value === 'open' || value === 'record' ? 'no wall' : ''
  if (key.startsWith('security.')) return 'weakens the sandbox'
  const setting = Object.hasOwn(fileKeys, key) ? fileKeys[key] : undefined
  return OTHERS[key] ?? (setting === undefined ? '' : (rowOf(setting).danger ?? ''))
}

/** What an agent's installation may do, and where its hosts lead, which are entries of the allowlist. */
function ofAgent(value: string): string {
  const lists = [...value.matchAll(/\bhosts = (\[(?:"(?:[^"\\]|\\.)*",?)*\])/g)]
  const hosts = lists.flatMap(([, list = '[]']) => JSON.parse(list) as readonly string[])
  const builds = /\binstall = /.test(value) ? ['runs outside the wall while the image is built'] : []
  return [...new Set([...builds, ...hosts.map((host) => reached(host.toLowerCase()))])].filter(Boolean).join(', ')
}

/** An entry of the allowlist that leads to this machine or its networks, or through which anything goes. */
function reached(entry: string): string {
  if (/^(http:\/\/)?host\.paude\.internal\b/.test(entry)) return 'reaches this machine'
  if (/[^@]@/.test(entry)) return 'reaches a private network'
  return entry.startsWith('http://') ? 'allows any protocol in a tunnel' : ''
}

const OTHERS: Readonly<Record<string, string>> = {
  'image.ca_files': 'can read encrypted traffic',
  wants_credentials: 'the agent can act as you there',
  'network.dns': 'decides how host names resolve',
  'network.upstream_proxy': 'sees all traffic',
  'network.upstream_credentials': 'sends a credential to that proxy',
}

/** Folders of credentials by name: a mount of one would be refused at the start, and what lies beside it may not. */
const STORES = /(^|[/~])\.(ssh|gnupg|aws|azure|kube|docker|config|netrc|npmrc|pypirc|git-credentials|claude|codex|gemini)\b/

/** What is dangerous apart from the rest, each in the order of the file. */
export const byRisk = <One extends Pick<Item, 'key' | 'value'>>(
  items: readonly One[],
): { readonly dangerous: readonly One[]; readonly rest: readonly One[] } => ({
  dangerous: items.filter((item) => danger(item) !== ''),
  rest: items.filter((item) => danger(item) === ''),
})
