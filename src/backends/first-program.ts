import type { SessionSpec } from '../box/spec.ts'

/** Where a box has its first program. */
export const INIT = '/paude/init'

/** Copies the programs of boxes out of the proxy's image. */
export const KIT_SCRIPT =
  'for name in bin/git bin/rename.so init; do cp "/usr/lib/paude/$name" "/paude/kit/$name.$1" && mv -f "/paude/kit/$name.$1" "/paude/kit/$name" || exit; done'

/** What the first program of the box is told: which wall to prove before it starts anything. */
export const initWords = (spec: SessionSpec): readonly string[] => [
  // To the box, a wall that asks is one that does not open.
  ...(spec.network.mode === 'none' ? [] : [`--wall=${spec.network.mode === 'ask' ? 'restricted' : spec.network.mode}`]),
  ...(injectsAtBaseUrl(spec) ? ['--base-url'] : []),
  ...(spec.rootIs === null ? [] : [`--owner=${spec.rootIs}`]),
  '--',
]

const injectsAtBaseUrl = ({ network }: SessionSpec): boolean =>
  network.mode !== 'none' && network.policy.injections.some(({ way }) => way === 'base-url')
