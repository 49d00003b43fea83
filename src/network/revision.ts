import type { Policy } from './allow.ts'
import { mergeAllows, mergeDenies } from './pattern.ts'

/** Asked for again and again during a start, and a long list takes its time. */
const KNOWN = new WeakMap<Policy, string>()

/** Twelve hexadecimal digits that stand for what a policy permits; sessions with the same rules share it, whoever asked for them. */
export function revisionOf(policy: Policy): string {
  const known = KNOWN.get(policy)
  if (known !== undefined) return known
  const { mode, allow, deny, injection, ways } = policy
  const allows = mergeAllows(allow).map(({ host, ports, privateRange }) => [host, ports, privateRange])
  const denies = mergeDenies(deny).map(({ host, ports }) => [host, ports])
  const text = JSON.stringify([mode, allows, denies, injection, ways])
  const revision = new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 12)
  KNOWN.set(policy, revision)
  return revision
}
