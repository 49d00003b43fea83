import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import type { Host } from '../host.ts'
import { below, realPath } from '../workspace/paths.ts'

/** What a place is judged by. `anchor` is where all of the set-up must stay, when a sandbox may write in its folder. */
export type Bounds = {
  readonly host: Pick<Host, 'home' | 'env'>
  /** The user's home, as it really is. */
  readonly home: string
  /** The folder of the set-up as it is named, and as it really is. */
  readonly named: string
  readonly folder: string
  readonly anchor: string | null
}

/** A real path, and the folder that links behind it must stay in. */
type Found = { readonly real: string; readonly anchor: string | null } | { readonly fault: string }

/** Links in a row; Linux follows as many. */
const MOST = 40

/** The bounds of a set-up. A folder that is not the usual one itself may be a project. */
export function boundsOf(host: Bounds['host'], named: string, usual: string): Bounds | { readonly fault: string } {
  if (!isAbsolute(host.home)) return { fault: 'is outside your home directory' }
  const home = realPath(host.home) ?? host.home
  const bounds = { host, home, named: '', folder: '', anchor: null }
  const beside = realPath(dirname(named)) ?? dirname(named)
  const found = isBelowHome(bounds, named)
    ? locate(bounds, named)
    : trace(bounds, { at: beside, rest: relative(dirname(named), named), anchor: beside })
  if ('fault' in found) return found
  const isUsual = named === usual && found.real === join(home, relative(host.home, usual))
  return { ...bounds, named, folder: found.real, anchor: isUsual ? null : found.real }
}

/** Where a path of the set-up, or another below your home, really is. With `root`, all must stay in that folder. */
export function locate(bounds: Bounds, path: string, root?: string): Found {
  if (root !== undefined) {
    const found = locate(bounds, root)
    return 'fault' in found ? found : trace(bounds, { at: found.real, rest: relative(root, path), anchor: found.real })
  }
  const { host, home, named, folder, anchor } = bounds
  if (named !== '' && below(named, path)) return trace(bounds, { at: folder, rest: relative(named, path), anchor })
  if (!isBelowHome(bounds, path)) return { fault: 'is outside your home directory' }
  const rest = relative(below(host.home, path) ? host.home : home, path)
  // No sandbox has your home directory itself, so what lies directly in it is yours.
  return trace(bounds, { at: home, rest, anchor: rest.includes('/') ? folderOf(bounds, join(home, rest)) : null })
}

/**
 * Follows one link at a time. Links of the set-up lead where they like. What lies behind the first that leaves it may be a project, in
 * which an agent writes: a link there must stay in the folder that yours leads to.
 */
export function trace(
  bounds: Bounds,
  { at, rest, anchor }: { readonly at: string; readonly rest: string; readonly anchor: string | null },
): Found {
  const names = rest.split('/')
  let [place, bound, hops] = [at, anchor, 0]
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(place, name)
    const link = name === '..' || next === place ? null : linkAt(next)
    if (link === undefined) return { fault: 'leads nowhere' }
    if (link === null) {
      place = next
      continue
    }
    hops += 1
    if (hops > MOST) return { fault: 'leads nowhere' }
    const [from, behind] = startOf(bounds, place, link)
    const target = join(from, behind)
    const ofSystem = below(next, bounds.host.home) || below(next, bounds.home)
    if (bound !== null && !ofSystem && !below(bound, target)) return { fault: `leads out of ${bound}` }
    if (bound === null && !(bounds.folder !== '' && below(bounds.folder, target))) bound = folderOf(bounds, target)
    place = from
    names.unshift(...behind.split('/'))
  }
  if (bound !== null && !below(bound, place)) return { fault: `leads out of ${bound}` }
  const real = realPath(place)
  return real !== null && plain(real) === plain(place) ? { real, anchor: bound } : { fault: 'leads nowhere' }
}

/** Some file systems take a name in any case. Everything else has changed meanwhile. */
const plain = (path: string): string => path.normalize('NFC').toLowerCase()

/** Your home directory holds everything, so a link to what lies directly in it leads there alone. */
const folderOf = ({ home }: Bounds, target: string): string => (below(dirname(target), home) ? target : dirname(target))

const isBelowHome = ({ host, home }: Bounds, path: string): boolean => below(host.home, path) || below(home, path)

/** The real folder where the words of a link begin, and these words. */
function startOf({ host, home, named, folder }: Bounds, place: string, link: string): readonly [string, string] {
  if (!isAbsolute(link)) return [place, link]
  const places = [...(named === '' ? [] : [[named, folder] as const]), [host.home, home] as const]
  const known = places.find(([as]) => below(as, link))
  return known === undefined ? ['/', link.slice(1)] : [known[1], link.slice(known[0].length + 1)]
}

/** The words of a link; null for what is none, undefined for what is not there. */
function linkAt(path: string): string | null | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null
  } catch {
    return undefined
  }
}
