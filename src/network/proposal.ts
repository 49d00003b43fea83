import type { Policy } from './allow.ts'
import { carriesPlain, decide, entryFor, plainEntry } from './decide.ts'
import { groups } from './groups.ts'
import { NOT_TLS, type Request, UNREACHABLE } from './log.ts'
import { parseAllow, patternsOf, placeOf } from './pattern.ts'

/** Entries that would allow what a session asked for, by the group that each belongs to; '' for none. */
export type Proposal = {
  readonly entries: readonly { readonly entry: string; readonly group: string; readonly times: number }[]
  /** What no entry can allow, such as addresses. */
  readonly impossible: readonly string[]
}

/** Pure: the fewest exact hosts and ports that a session used and its list does not name. What failed was not used. */
export function proposal(requests: readonly Request[], policy: Policy): Proposal {
  const times = new Map<string, number>()
  const narrow = { ...policy, mode: 'restricted' } as const
  for (const { host, port, method, decision, rule, plain, times: count = 1 } of requests) {
    if (host === '' || decision === 'failed' || decision === 'waiting' || rule.startsWith('denied') || UNREACHABLE.includes(rule))
      continue
    const target = { scheme: method === 'CONNECT' || port === 443 ? 'https' : 'http', host, port, path: '/' } as const
    const lacks = plain === true && !carriesPlain(narrow, target)
    if ((decide(narrow, target, null).decision === 'allowed' && !lacks) || policy.injections.some((one) => one.host === host))
      continue
    const place = lacks ? plainEntry(target) : `${host}:${port}`
    times.set(place, (times.get(place) ?? 0) + count)
  }
  const places = [...times.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const entries = places
    .filter(([place]) => isEntry(place))
    .map(([entry, asked]) => ({ entry, group: groupOf(placeOf(entry).replace(/:\d+$/, '')), times: asked }))
  return {
    entries: entries.toSorted((one, other) => (one.group === other.group ? 0 : one.group > other.group ? -1 : 1)),
    impossible: places.flatMap(([place]) => (isEntry(place) ? [] : [place])),
  }
}

/** As lines for the project's or the user's file. */
export function proposalText({ entries }: Proposal): string {
  const byGroup = [...Map.groupBy(entries, ({ group }) => group).entries()]
  return [
    '[network]',
    'allow = [',
    ...byGroup.flatMap(([name, members]) => [
      `  # ${name === '' ? 'in no group' : `of @${name}: ${groups().find((group) => group.name === name)?.what ?? ''}`}`,
      ...members.map(({ entry, times }) => `  ${JSON.stringify(entry)}, # ${times === 1 ? 'once' : `${times} times`}`),
    ]),
    ']',
  ].join('\n')
}

function groupOf(host: string): string {
  const patterns = patternsOf(host)
  return groups().find(({ hosts }) => hosts.some((one) => patterns.includes(one.host)))?.name ?? ''
}

/** The entry that would open what was blocked, and no more than it must. */
export const openingEntry = ({ host, port, rule }: Pick<Request, 'host' | 'port' | 'rule'>, usual: readonly number[]): string =>
  rule === NOT_TLS ? plainEntry({ host, port }) : entryFor({ host, port }, usual)

/** Whether an entry can allow it: addresses and what has no full name can be in no list. */
export function isEntry(place: string): boolean {
  try {
    return parseAllow(place, '').host !== ''
  } catch {
    return false
  }
}
