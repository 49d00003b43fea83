import type { Policy } from './allow.ts'
import { mergeAllows, mergeDenies } from './pattern.ts'

/** Twelve hexadecimal digits that stand for what a policy permits; sessions with the same rules share it, whoever asked for them. */
export function revisionOf({ mode, allow, deny, injection }: Policy): string {
  const allows = mergeAllows(allow).map(({ host, ports, privateRange }) => [host, ports, privateRange])
  const denies = mergeDenies(deny).map(({ host, ports }) => [host, ports])
  return new Bun.CryptoHasher('sha256')
    .update(JSON.stringify([mode, allows, denies, injection]))
    .digest('hex')
    .slice(0, 12)
}
