import { PaudeError } from '../errors.ts'
import { nearest, quoted } from '../text.ts'
import type { Allow, Deny } from './entry.ts'
import { GROUP_HOSTS } from './group-hosts.ts'
import { parseAllow, parseDeny, requireAllow, USUAL_PORTS } from './pattern.ts'

/** Hosts that one tool or provider needs, each with its reason. */
export type Group = { readonly name: string; readonly what: string; readonly hosts: readonly GroupHost[] }
type GroupHost = { readonly host: string; readonly why: string }

/** Made when asked for: every start loads this file, and few need all groups. */
export const groups = (): readonly Group[] => Object.keys(GROUP_HOSTS).map(findGroup)

/** The group of a name, with or without `@`. Throws `usage` for one there is not. */
export function findGroup(written: string): Group {
  const name = written.replace(/^@/, '')
  const found = Object.hasOwn(GROUP_HOSTS, name) ? GROUP_HOSTS[name] : undefined
  if (found !== undefined)
    return { name, what: found.what, hosts: Object.entries(found.hosts).map(([host, why]) => ({ host, why })) }
  const names = Object.keys(GROUP_HOSTS)
  const meant = nearest(name, names) ?? (name.length < 2 ? undefined : names.find((one) => one.startsWith(name))) ?? null
  throw new PaudeError('usage', `there is no group ${quoted(`@${name}`)}`, {
    hint: `list them: paude network groups${meant === null ? '' : `; did you mean @${meant}?`}`,
  })
}

/** Reads one entry of an allowlist, which may name a group: `@github`. A group has ports of its own, whatever the `usual` ones are. */
export function parseEntry(entry: string, why: string, usual = USUAL_PORTS): readonly Allow[] {
  if (entry.startsWith('@')) return groupAllows(findGroup(entry), why)
  refuseBareGroup(entry, 'allow')
  return [parseAllow(entry, why, usual)]
}

/** Throws as `parseEntry` does. A file's entries are checked before the policy is made of them. */
export function requireEntry(entry: string): void {
  if (entry.startsWith('@')) findGroup(entry)
  else {
    refuseBareGroup(entry, 'allow')
    requireAllow(entry)
  }
}

/** Reads one entry of a denylist, which may name a group. */
export function parseDenyEntry(entry: string, why: string): readonly Deny[] {
  if (entry.startsWith('@')) return findGroup(entry).hosts.map(({ host }) => parseDeny(host, `${entry}, ${why}`))
  refuseBareGroup(entry, 'deny')
  return [parseDeny(entry, why)]
}

/** `github` is no host, and whoever writes it means the group. */
export function refuseBareGroup(entry: string, verb: 'allow' | 'deny'): void {
  // No group has a dot in its name, and to look a long list up takes its time.
  if (entry.includes('.') || !Object.hasOwn(GROUP_HOSTS, entry)) return
  throw new PaudeError('usage', `cannot ${verb} ${quoted(entry)}: it is a group, not a host name`, {
    hint: `did you mean @${entry}?`,
  })
}

/** The hosts of a group, by TLS alone: none of these tools needs plain requests. */
const groupAllows = ({ name, hosts }: Group, why: string): readonly Allow[] =>
  hosts.map(({ host, why: reason }) => ({ ...parseAllow(host, `@${name}: ${reason}, ${why}`), ports: portsOf(name) }))

/** apt fetches signed lists by plain HTTP. */
const portsOf = (name: string): readonly number[] =>
  name === 'debian' || name === 'ubuntu' || name === 'alpine' ? [80, 443] : [443]

/** A group as an entry of an allowlist: with its sign, however it was written. */
export const groupEntry = (name: string): string => `@${name.replace(/^@/, '')}`
