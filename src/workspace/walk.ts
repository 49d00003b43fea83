import type { Dirent } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { foldedName } from './folded-name.ts'
import { type Listed, rank } from './listed.ts'
import { below, entriesIfOpen, look, readLink } from './paths.ts'

/** What a look through a tree found, by names alone: nothing is opened, and no link is followed. */
export type Walked = {
  /** `.git` files and folders below the root, and folders that are bare repositories. */
  readonly repositories: readonly string[]
  readonly sockets: readonly string[]
  /** Those that lead out of the tree. */
  readonly links: readonly string[]
  /** What nobody can look at: folders that are closed to this user, and names that are no UTF-8. */
  readonly closed: readonly string[]
  /** Of these the folders whose names are no UTF-8. */
  readonly oddFolders: readonly string[]
  /** Listed paths, with all that lies in listed folders. Folders come without what is in skipped ones. */
  readonly listed: readonly Found[]
  /** Whether the tree has more than is looked at. */
  readonly isCut: boolean
}

export type Found = {
  readonly path: string
  readonly listed: Listed
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** It only looks like a listed name, or is one where the disk ignores case. */
  readonly looksLike: boolean
}

/** Names looked at in one tree. The nearest come first, so that a large tree hides nothing that lies high. */
const MOST_NAMES = 200_000
/** Listed paths, links, and closed folders, that are kept of one tree. */
const MOST_LISTED = 5_000

/** Folders that tools fill by themselves, and that nobody works in. */
export const SKIPPED: ReadonlySet<string> = new Set([
  ...['node_modules', 'bower_components', '.pnpm-store', '.venv', 'venv', '__pycache__', '.tox', '.nox', '.mypy_cache'],
  ...['.pytest_cache', '.ruff_cache', '.gradle', '.next', '.nuxt', '.turbo', '.parcel-cache', '.terraform', '.cache'],
])

/** Folders of a git directory that hold what git made, by names that others choose. */
export const GITS_OWN: ReadonlySet<string> = new Set(['objects', 'refs', 'logs'])

export type WalkOptions = {
  /** The listed path that holds the tree, which then is a folder of another one and no top. */
  readonly part?: Listed | null
  /** Called before a folder is looked into; the walk ends where it says false. */
  readonly enter?: (folder: string, within: Listed | null) => boolean
}

/** Looks through a tree, bounded. */
export function walk(root: string, list: readonly Listed[], options: WalkOptions = {}): Walked {
  const steps = walkSteps(root, list, options)
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

/** The same, piece by piece, for whoever has something else to do in between. */
export function* walkSteps(
  root: string,
  list: readonly Listed[],
  { part, enter = () => true }: WalkOptions = {},
): Generator<undefined, Walked> {
  const match = matcher(list)
  const [repositories, sockets, links]: [string[], string[], string[]] = [[], [], []]
  const [closed, oddFolders]: [string[], string[]] = [[], []]
  const found: Found[] = []
  const waiting: { readonly path: string; readonly within: Listed | null }[] = [{ path: root, within: part ?? null }]
  const isTop = (path: string) => path === root && part === undefined
  let names = 0
  for (const { path, within } of waiting) {
    if (!enter(path, within)) return { repositories, sockets, links, closed, oddFolders, listed: found, isCut: true }
    yield
    const entries = entriesIfOpen(path)
    if (entries === null) {
      if (closed.length < MOST_LISTED) closed.push(path)
      continue
    }
    names += entries.length
    // Anybody can give a folder these names: what else is in it is looked at as everywhere.
    const isGits = !isTop(path) && isBare(entries)
    if (isGits) repositories.push(path)
    const parent = basename(path)
    for (const [at, entry] of entries.entries()) {
      if (at % 1_000 === 999) yield
      const { name } = entry
      const own = `${path}/${name}`
      if (name === '.git') {
        if (!isTop(path)) repositories.push(own)
        continue
      }
      const isFolder = entry.isDirectory()
      if (isGits && isFolder && GITS_OWN.has(name)) continue
      if (name.includes('\ufffd') && closed.length < MOST_LISTED) {
        closed.push(own)
        if (isOddFolder(entry, path)) oddFolders.push(own)
      }
      const hit = match(name, parent)
      const listed = severest(hit?.listed ?? null, within)
      if (listed !== null && found.length < MOST_LISTED)
        found.push({ path: own, listed, kind: kindOf(entry), looksLike: hit?.looksLike === true && listed === hit.listed })
      if (isFolder && !SKIPPED.has(name)) waiting.push({ path: own, within: listed })
      else if (entry.isSocket()) sockets.push(own)
      else if (entry.isSymbolicLink() && links.length < MOST_LISTED && leadsOut(own, root)) links.push(own)
    }
    if (names > MOST_NAMES) return { repositories, sockets, links, closed, oddFolders, listed: found, isCut: true }
  }
  const isCut = [found, links, closed].some(({ length }) => length >= MOST_LISTED)
  return { repositories, sockets, links, closed, oddFolders, listed: found, isCut }
}

/** Names looked at in the git directories of one project. */
const MOST_IN_GITS = 100_000

/** Folders of git directories, and what in them is neither a file nor a folder. */
export type GitsWalked = { readonly folders: readonly string[]; readonly odd: readonly string[] }

/** Looks through git directories, bounded, the nearest first. Loose objects are left out: git never writes to one that is there. */
export function walkGits(gits: readonly string[]): GitsWalked {
  const steps = walkGitsSteps(gits)
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

/** The same, piece by piece. */
export function* walkGitsSteps(gits: readonly string[]): Generator<undefined, GitsWalked> {
  const [folders, odd] = [new Set(gits), [] as string[]]
  let names = 0
  for (const folder of folders) {
    yield
    const entries = entriesIfOpen(folder) ?? []
    names += entries.length
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!isLoose(path)) folders.add(path)
      } else if (!entry.isFile() && !isTried(path, gits)) odd.push(path)
    }
    if (names > MOST_IN_GITS) break
  }
  return { folders: [...folders], odd }
}

/** A folder of loose objects. */
export const isLoose = (path: string): boolean => /\/objects\/[0-9a-f]{2}$/.test(path)

/** A link by which `git init` tries whether there are links. */
export const isTried = (path: string, gits: readonly string[]): boolean =>
  TRIED.test(basename(path)) && gits.includes(dirname(path))

/** Its name. */
export const TRIED = /^t[a-zA-Z0-9]{6}$/

/** Whether a folder has a name that is no UTF-8, so that nobody can look into it. */
export const isOddFolder = (entry: Dirent, folder: string): boolean =>
  entry.isDirectory() && entry.name.includes('\ufffd') && look(`${folder}/${entry.name}`) === null

const leadsOut = (link: string, root: string): boolean => !below(root, resolve(dirname(link), readLink(link)))

/** Of two the one that counts more; the first where both count the same. */
export const severest = <L extends Pick<Listed, 'severity'>>(one: L | null, other: L | null): L | null =>
  one === null || (other !== null && rank(other.severity) < rank(one.severity)) ? other : one

/** Whether a folder has the names of a git directory. */
export const isBare = (entries: readonly Dirent[]): boolean =>
  entries.length >= 3 && ['HEAD', 'objects', 'refs'].every((name) => entries.some((entry) => entry.name === name))

const kindOf = (entry: Dirent): Found['kind'] =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other'

export type Hit = { readonly listed: Listed; readonly looksLike: boolean }

/** Tells which of a list a name means, in a folder of another name: of several the severest, so that none hides another. */
export function matcher(list: readonly Listed[]): (name: string, parent: string) => Hit | null {
  const exact = Map.groupBy(list, ({ path }) => basename(path))
  const plain = Map.groupBy(list, ({ path }) => foldedName(basename(path)))
  const endings = list.filter(({ path }) => path.startsWith('*'))
  const fitting = (all: readonly Listed[] | undefined, parent: string) =>
    (all ?? []).reduce<Listed | null>(
      (found, one) => (!one.path.includes('/') || one.path.split('/').at(-2) === parent ? severest(found, one) : found),
      null,
    )
  return (name, parent) => {
    const ending = fitting(
      endings.filter(({ path }) => name.length >= path.length && name.endsWith(path.slice(1))),
      parent,
    )
    const one = severest(fitting(exact.get(name), parent), ending)
    if (one !== null && (one.severity === 'severe' || !ODD.test(name))) return { listed: one, looksLike: false }
    if (ODD.test(name) && foldedName(name) === '.git') return { listed: GIT_ALIKE, looksLike: true }
    const alike = ODD.test(name) ? fitting(plain.get(foldedName(name)), parent) : null
    const listed = severest(one, alike)
    return listed === null ? null : { listed, looksLike: listed !== one }
  }
}

const GIT_ALIKE: Listed = {
  path: '.git',
  severity: 'severe',
  tool: 'git',
  why: 'takes it for a repository on disks that ignore case or such characters',
}

/** Names that another disk or an eye may take for others. */
const ODD = /[^a-z0-9._-]|[. ]$|~\d/
