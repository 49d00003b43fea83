import type { Policy } from './allow.ts'
import { parseDenyEntry, parseEntry } from './groups.ts'
import { revisionOf } from './revision.ts'

/** What was said to a session after its start. A later word about the same entry takes the place of the earlier one. */
export type Change = {
  readonly verb: 'allow' | 'deny'
  /** Canonical, as `entryOf` writes it. */
  readonly entry: string
  /** Seconds since 1970 at which it ends by itself; 0 for never. */
  readonly until: number
}

/** A policy and the second from which it holds. */
export type Stage = { readonly from: number; readonly policy: Policy }

/** What `paude network list` and `why` say of it. */
export const reasonOf = ({ until }: Change): string =>
  `said to this session${until === 0 ? '' : `, until ${new Date(until * 1000).toISOString().slice(0, 19)}Z`}`

/** The policy of the start with what was said since and still holds. */
export const applied = (base: Policy, changes: readonly Change[], now: number): Policy => {
  const holding = changes.filter(({ until }) => until === 0 || until > now)
  return {
    ...base,
    allow: [
      ...base.allow,
      ...holding.filter(({ verb }) => verb === 'allow').flatMap((one) => parseEntry(one.entry, reasonOf(one))),
    ],
    deny: [
      ...base.deny,
      ...holding.filter(({ verb }) => verb === 'deny').flatMap((one) => parseDenyEntry(one.entry, reasonOf(one))),
    ],
  }
}

/** What holds from now on, and from each moment at which something ends: the proxy follows them by itself. */
export const stagesOf = (base: Policy, changes: readonly Change[], now: number): readonly Stage[] => {
  const ends = [...new Set(changes.map(({ until }) => until).filter((until) => until > now))].sort((one, other) => one - other)
  return [0, ...ends].map((from) => ({ from, policy: applied(base, changes, Math.max(from, now)) }))
}

/** The file `stages` of the policy folder: second and revision a line. */
export const stageLines = (stages: readonly Stage[]): string =>
  stages.map(({ from, policy }) => `${from} ${revisionOf(policy)}\n`).join('')
