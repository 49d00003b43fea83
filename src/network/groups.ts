import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'
import type { Allow, Deny } from './entry.ts'
import { GROUP_HOSTS } from './group-hosts.ts'
import { parseAllow, parseDeny, USUAL_PORTS } from './pattern.ts'

/** Hosts that one tool or provider needs, each with its reason. */
export type Group = { readonly name: string; readonly what: string; readonly hosts: readonly GroupHost[] }
export type GroupHost = { readonly host: string; readonly why: string }

/** Made when asked for: every start loads this file, and few need all groups. */
export const groups = (): readonly Group[] => Object.keys(GROUP_HOSTS).map(findGroup)

/** The group of a name, with or without `@`. Throws `usage` for one there is not. */
export function findGroup(written: string): Group {
  const name = written.replace(/^@/, '')
  const found = Object.hasOwn(GROUP_HOSTS, name) ? GROUP_HOSTS[name] : undefined
  if (found !== undefined)
    return { name, what: found.what, hosts: Object.entries(found.hosts).map(([host, why]) => ({ host, why })) }
  throw new PaudeError('usage', `there is no group ${quoted(`@${name}`)}`, {
    hint: 'paude network groups lists them',
  })
}

/** Reads one entry of an allowlist, which may name a group: `@github`. A group has ports of its own, whatever the `usual` ones are. */
export const parseEntry = (entry: string, why: string, usual = USUAL_PORTS): readonly Allow[] =>
  entry.startsWith('@') ? groupAllows(findGroup(entry), why) : [parseAllow(entry, why, usual)]

/** Reads one entry of a denylist, which may name a group. */
export const parseDenyEntry = (entry: string, why: string): readonly Deny[] =>
  entry.startsWith('@') ? findGroup(entry).hosts.map(({ host }) => parseDeny(host, `${entry}, ${why}`)) : [parseDeny(entry, why)]

/** The hosts of a group, by TLS alone: none of these tools needs plain requests. */
const groupAllows = ({ name, hosts }: Group, why: string): readonly Allow[] =>
  hosts.map(({ host, why: reason }) => ({ ...parseAllow(host, `@${name}: ${reason}, ${why}`), ports: portsOf(name) }))

/** apt fetches signed lists by plain HTTP. */
const portsOf = (name: string): readonly number[] =>
  name === 'debian' || name === 'ubuntu' || name === 'alpine' ? [80, 443] : [443]

/** A group as an entry of an allowlist: with its sign, however it was written. */
export const groupEntry = (name: string): string => `@${name.replace(/^@/, '')}`
