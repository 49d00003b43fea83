import type { Policy } from './allow.ts'
import { mergeAllows, mergeDenies } from './pattern.ts'
import type { Ways } from './ways.ts'

/** Asked for again and again during a start, and a long list takes its time. */
const KNOWN = new WeakMap<Policy, string>()

/** What was read from a file has its keys in another order. */
const sorted = (fields: object | null): readonly unknown[] =>
  Object.entries(fields ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))

/** What is said of no older policy counts only where it is not as it always was. */
const said = ({ ip, upstream, ...ways }: Ways) => ({ ...ways, upstream: sorted(upstream), ...(ip === 'any' ? {} : { ip }) })

/** Header and paths follow from the provider: what an older paude did not tell must not change the name of the same rules. */
const injected = (injections: Policy['injections']): readonly unknown[] => {
  const [first = null, ...others] = injections.map(({ lead, api, ...one }) =>
    // Of a bound credential nothing follows from anything else.
    one.bound === undefined ? one : { ...one, lead, api },
  )
  return others.length === 0 ? sorted(first) : [first, ...others].map(sorted)
}

/** Twelve hexadecimal digits that stand for what a policy permits; sessions with the same rules share it, whoever asked for them. */
export function revisionOf(policy: Policy): string {
  const known = KNOWN.get(policy)
  if (known !== undefined) return known
  const { mode, allow, deny, injections, ways } = policy
  const allows = mergeAllows(allow).map(({ host, ports, privateRange, plain }) => [
    host,
    ports,
    privateRange,
    ...(plain === true ? ['plain'] : []),
  ])
  const denies = mergeDenies(deny).map(({ host, ports }) => [host, ports])
  const text = JSON.stringify([mode, allows, denies, injected(injections), sorted(said(ways))])
  const revision = new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 12)
  KNOWN.set(policy, revision)
  return revision
}
