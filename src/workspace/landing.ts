import { join } from 'node:path'
import type { Host } from '../host.ts'
import { foldedName } from './folded-name.ts'
import type { Listed } from './listed.ts'
import { below, inside, realFuture, realPath } from './paths.ts'
import { ownFolders } from './places.ts'

/** Why programs of this machine would act on what lies at a path. Final: not even with --force. */
export type Obeyed = { readonly name: string; readonly why: string; readonly final: boolean }

/** Below your home: what shells, git, ssh and desktops act on without a question. */
const STARTS = [
  ...[
    '.bashrc',
    '.bash_profile',
    '.bash_login',
    '.bash_logout',
    '.profile',
    '.zshrc',
    '.zshenv',
    '.zprofile',
    '.zlogin',
    '.gitconfig',
  ],
  ...['.ssh', '.gnupg', '.local/bin', '.local/share/applications', '.local/share/systemd', 'bin', 'Library/LaunchAgents'],
  ...['autostart', 'environment.d', 'fish', 'git', 'plasma-workspace', 'systemd'].map((name) => `.config/${name}`),
]

/**
 * What a program of this machine would act on at an absolute path, by its words alone, with what is guarded in any folder; null for nothing. In two steps, since the folders
 * of this machine need to be looked up once for all paths.
 */
export function obeyedBy(host: Pick<Host, 'home' | 'env'>, list: readonly Listed[]): (path: string) => Obeyed | null {
  // What is only shown at the end of a session, such as a Makefile, runs when somebody says so.
  const guarded = list
    .filter(({ severity }) => severity !== 'shown')
    .map((one) => ({ ...one, parts: one.path.split('/').map((part) => (part.startsWith('*') ? part : foldedName(part))) }))
  const own = ownFolders(host).map((name) => ({ name, folder: realFuture(name) }))
  const starts = STARTS.map((name) => ({ name: `~/${name}`, folder: realFuture(join(host.home, name)) }))
  return (path) => {
    const names = path.split('/').map(foldedName)
    if (names.includes('.git')) return { name: '.git', why: 'git obeys what lies there', final: true }
    const ours = own.find(({ folder }) => inside(folder, path))
    if (ours !== undefined) return { name: ours.name, why: 'paude keeps its own files there', final: true }
    const start = starts.find(({ folder }) => inside(folder, path))
    if (start !== undefined) return { name: start.name, why: 'programs of this machine act on it when they start', final: false }
    const isHere = (parts: readonly string[], at: number) => parts.every((part, n) => fits(names[at + n] ?? '', part))
    const found = guarded.find(({ parts }) => names.some((_, at) => isHere(parts, at)))
    return found === undefined ? null : { name: found.path, why: `${found.tool} ${found.why}`, final: false }
  }
}

const fits = (name: string, part: string): boolean =>
  part.startsWith('*') ? name.length >= part.length && name.endsWith(part.slice(1)) : name === part

/** Beside a HEAD, each of these can make git take a folder for a repository, or lead it to one. */
const OF_A_REPOSITORY = ['config', 'config.worktree', 'commondir', 'objects', 'refs']

/** Folders that could pass for a bare repository, whose configuration git would obey in them. Paths of anything, links too, relative to one place. */
export function bareRepositories(paths: Iterable<string>): readonly string[] {
  const all = new Set<string>()
  for (const path of paths) {
    const names = path.split('/').map(foldedName)
    for (let count = names.length; count > 0; count--) all.add(names.slice(0, count).join('/'))
  }
  const above = (path: string) => path.slice(0, path.length - 'head'.length)
  return [...all]
    .filter((path) => path === 'head' || path.endsWith('/head'))
    .map(above)
    .filter((folder) => OF_A_REPOSITORY.some((name) => all.has(`${folder}${name}`)))
}

/** The link by which a path leaves a place that a box writes in; null for none. Whoever put it there chose where the path ends. */
export function linkOutOf(places: readonly string[], path: string): string | null {
  let real = '/'
  for (const name of path.split('/').filter(Boolean)) {
    const at = join(real, name)
    const next = realPath(at)
    if (next === null) return null
    const from = places.find((place) => below(place, real))
    if (from !== undefined && !below(from, next)) return at
    real = next
  }
  return null
}
