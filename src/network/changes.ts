import { PaudeError } from '../errors.ts'
import type { Policy } from './allow.ts'
import { clock } from './clock.ts'
import { denied, pattern } from './decide.ts'
import { findGroup, parseDenyEntry, parseEntry, refuseBareGroup } from './groups.ts'
import { parseAllow, parseDeny, placeOf } from './pattern.ts'
import { revisionOf } from './revision.ts'

/** What was said to a session after its start. Of several about the same entry the last one holds, and those before it again when it ends. */
export type Change = {
  readonly verb: 'allow' | 'deny'
  /** Canonical, as `canonical` writes it. */
  readonly entry: string
  /** Seconds since 1970 at which it ends by itself; 0 for never. */
  readonly until: number
}

/** A policy and the second from which it holds. */
export type Stage = { readonly from: number; readonly policy: Policy }

/** What `paude network list` and `why` say of it. */
export const reasonOf = ({ verb, until }: Change): string =>
  `${verb === 'allow' ? 'allowed' : 'denied'} by you for this session${until === 0 ? '' : `, until ${clock(until * 1000)}`}`

/** The policy of the start with what was said since and still holds. */
export const applied = (base: Policy, changes: readonly Change[], now: number): Policy => {
  const there = changes.filter(({ until }) => until === 0 || until > now)
  const holding = [...new Map(there.map((one) => [placeOf(one.entry), one])).values()]
  if (holding.length === 0) return base
  return {
    ...base,
    allow: [
      ...base.allow,
      ...holding.filter(({ verb }) => verb === 'allow').flatMap((one) => parseEntry(one.entry, reasonOf(one), base.ports)),
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

/** What a user says to a session that is there. */
export type Word = { readonly verb: 'allow' | 'deny' | 'unset'; readonly entries: readonly string[]; readonly until: number }

/** The changes after this word, without those that have ended; throws when it would change nothing or is overruled. */
export function revised(
  base: Policy,
  changes: readonly Change[],
  { verb, entries, until }: Word,
  now: number,
): readonly Change[] {
  const kept = changes.filter((one) => one.until === 0 || one.until > now)
  const said = new Set(entries.map((entry) => canonical(entry, verb)))
  const places = new Set([...said].map(placeOf))
  // What lasts longer than this word is only covered by it, and holds again at its end.
  const outlasts = ({ until: end }: Change) => verb !== 'unset' && until !== 0 && (end === 0 || end > until)
  const others = kept.filter((one) => !places.has(placeOf(one.entry)) || outlasts(one))
  if (verb === 'unset') {
    const known = new Set(kept.map(({ entry }) => placeOf(entry)))
    const unknown = [...said].find((entry) => !known.has(placeOf(entry)))
    if (unknown !== undefined)
      throw new PaudeError('not-found', `you have neither allowed nor denied ${unknown} in this session`, {
        hint: `unset does not change what the session was started with; to deny the host: paude network deny ${placeOf(unknown)} --session ${base.session}`,
      })
    return others
  }
  const after = [...others, ...[...said].map((entry) => ({ verb, entry, until }))]
  if (verb === 'allow') {
    const policy = applied(base, after, now)
    for (const entry of said) refuseOverruled(policy, entry, base)
  }
  return after
}

/** Deny wins: an allow below it would be said in vain. */
function refuseOverruled(policy: Policy, entry: string, base: Policy): void {
  for (const { host, ports } of parseEntry(entry, '', base.ports)) {
    const rule = ports.map((port) => denied(policy.deny, { host, port })).find((found) => found !== null)
    if (rule === undefined || rule === null) continue
    const own = denied(base.deny, { host, port: ports[0] ?? 443 }) === null
    throw new PaudeError('refused', `${host} is denied by ${pattern(rule)} (${rule.why}), and a denial wins`, {
      hint: own
        ? `paude network unset ${pattern(rule)} --session ${base.session}`
        : 'remove the denial there and start the session again',
    })
  }
}

/** An entry as it is kept, so that the same words mean the same entry. */
export function canonical(entry: string, verb: Word['verb']): string {
  if (entry.startsWith('@')) return `@${findGroup(entry).name}`
  if (verb !== 'unset') refuseBareGroup(entry, verb)
  const { privateRange, ...one } =
    verb === 'allow' || (verb === 'unset' && /@|:\/\//.test(entry))
      ? parseAllow(entry, '')
      : { ...parseDeny(entry, ''), privateRange: '' }
  return `${pattern(one)}${privateRange === '' ? '' : `@${privateRange}`}`
}
