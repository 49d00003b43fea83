import { keyOf } from '../config/keys.ts'
import { isWider, uncovered } from '../config/rules.ts'
import type { Layer } from '../config/settings.ts'
import type { Allow, Deny, Policy } from '../network/allow.ts'
import { applied } from '../network/changes.ts'
import { pattern } from '../network/decide.ts'
import { parseDenyEntry } from '../network/groups.ts'
import { mergeDenies } from '../network/pattern.ts'
import { policyNow, policyOf } from './policy.ts'
import type { SessionRecord } from './record.ts'
import { switches } from './security.ts'

/**
 * What a session has that nobody may have by what is managed now, as `KEY = VALUE`; null where there is nothing. A session may be
 * older than the managed file. `own` is what goes without saying, as HOST:PORT.
 */
export function beyondManaged(
  record: SessionRecord,
  managed: Layer,
  { own, now }: { readonly own: readonly string[]; readonly now: number },
): string | null {
  const weaker = switches.find((key) => {
    const least = managed[key]
    return least !== undefined && isWider(key, String(record.security[key]), least)
  })
  if (weaker !== undefined) return `${keyOf(weaker)} = ${record.security[weaker]}`
  if (record.network === 'none') return null
  if (managed.network !== undefined && isWider('network', record.network, managed.network))
    return `network.mode = ${record.network}`
  const entries = policyNow(record, now).allow.flatMap(entriesOf)
  const [first] =
    managed.networkAllow === undefined
      ? []
      : uncovered(
          'networkAllow',
          entries.filter((entry) => !own.includes(entry)),
          managed,
        )
  return first === undefined ? null : `network.allow = ${first}`
}

/** The managed denial that a session lacks, or will lack once something has ended; null where it has them all. */
export function missingDenial(record: SessionRecord, managed: Layer): string | null {
  if (record.network === 'none') return null
  const { deny } = applied(policyOf(record), record.changes, Number.POSITIVE_INFINITY)
  const before = meaning(deny)
  return (managed.networkDeny ?? []).find((entry) => meaning([...deny, ...parseDenyEntry(entry, '')]) !== before) ?? null
}

const meaning = (deny: Policy['deny']): string => JSON.stringify(mergeDenies(deny).map(({ host, ports }: Deny) => [host, ports]))

const entriesOf = ({ host, ports, privateRange }: Allow): readonly string[] => {
  const range = privateRange === '' ? '' : `@${privateRange}`
  const plain = pattern({ host, ports })
  return plain === host ? [`${host}${range}`] : ports.map((port) => `${host}:${port}${range}`)
}
