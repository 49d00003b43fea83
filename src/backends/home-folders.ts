import { dirname, relative } from 'node:path'
import { mountsOf, type SessionSpec } from '../box/spec.ts'

/** Folders of HOME on the way to what is mounted below it, each after the one above: the engine would make them as root's. */
export function parentsInHome({ user, ...spec }: Pick<SessionSpec, 'user' | 'transport' | 'mounts'>): readonly string[] {
  const { transport } = spec
  const targets = [...(transport.kind === 'volume' ? [transport.volume.root] : []), ...mountsOf(spec).map(({ target }) => target)]
  const inVolume = targets.filter((one) => isBelow(one, user.home) && !targets.some((other) => isBelow(one, other)))
  const ways = inVolume.map((target) => relative(user.home, dirname(target)).split('/').filter(Boolean))
  return [...new Set(ways.flatMap((names) => names.map((_, at) => names.slice(0, at + 1).join('/'))))]
}

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)
