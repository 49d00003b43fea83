import { existsSync } from 'node:fs'
import type { Host } from '../../host.ts'

/**
 * Whether the engine's machine may have SELinux. That of a virtual machine cannot be seen from here, and without SELinux an engine passes
 * over what follows from it.
 */
export const hasSelinux = ({ platform }: Pick<Host, 'platform'>): boolean =>
  platform !== 'linux' || existsSync('/sys/fs/selinux/enforce')

/**
 * One level for all containers of a session. An engine gives each container two random categories of its own, and SELinux lets no process
 * connect to a socket of other categories: the box would not reach its proxy. Other sessions stay apart. Not tried on a machine with
 * SELinux; as https://docs.docker.com/reference/cli/docker/container/run/#security-opt and podman-run(1) describe it.
 */
export function levelFlags({
  id,
  own: { selinux },
}: {
  readonly id: string
  readonly own: { readonly selinux: boolean }
}): readonly string[] {
  if (!selinux) return []
  const [one = 0, other = 0] = new Uint32Array(new Bun.CryptoHasher('sha256').update(id).digest().buffer)
  const first = one % CATEGORIES
  // Never the same one twice: that would be a level of one category, which another session may have among its two.
  const second = (first + 1 + (other % (CATEGORIES - 1))) % CATEGORIES
  return [`--security-opt=label=level:s0:c${Math.min(first, second)},c${Math.max(first, second)}`]
}

/** What the usual policies have: c0 to c1023. */
const CATEGORIES = 1024
