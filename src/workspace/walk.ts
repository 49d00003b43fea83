import type { Dirent } from 'node:fs'
import { basename } from 'node:path'
import { UNSEEN } from '../text.ts'
import type { Listed } from './listed.ts'
import { entriesOf } from './paths.ts'

/** What a look through a tree found, by names alone: nothing is opened, and no link is followed. */
export type Walked = {
  /** `.git` files and folders below the root, and folders that are bare repositories. */
  readonly repositories: readonly string[]
  readonly sockets: readonly string[]
  readonly links: readonly string[]
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
/** Listed paths, and links, that are kept of one tree. */
const MOST_LISTED = 5_000

/** Folders that tools fill by themselves, and that nobody works in. */
export const SKIPPED: ReadonlySet<string> = new Set([
  ...['node_modules', 'bower_components', '.pnpm-store', '.venv', 'venv', '__pycache__', '.tox', '.nox', '.mypy_cache'],
  ...['.pytest_cache', '.ruff_cache', '.gradle', '.next', '.nuxt', '.turbo', '.parcel-cache', '.terraform', '.cache'],
])

/** Looks through a tree, bounded. */
export function walk(root: string, list: readonly Listed[]): Walked {
  const match = matcher(list)
  const [repositories, sockets, links, found]: [string[], string[], string[], Found[]] = [[], [], [], []]
  const waiting: { readonly path: string; readonly within: Listed | null }[] = [{ path: root, within: null }]
  let names = 0
  for (const { path, within } of waiting) {
    const entries = entriesOf(path)
    names += entries.length
    if (isBare(entries)) {
      // What is in a git directory is git's, and looked at as such.
      if (path !== root) repositories.push(path)
      continue
    }
    const parent = basename(path)
    for (const entry of entries) {
      const { name } = entry
      const own = `${path}/${name}`
      if (name === '.git') {
        if (path !== root) repositories.push(own)
        continue
      }
      const isFolder = entry.isDirectory()
      const hit = match(name, parent)
      const listed = hit?.listed ?? within
      if (listed !== null && found.length < MOST_LISTED)
        found.push({ path: own, listed, kind: kindOf(entry), looksLike: hit?.looksLike === true })
      if (isFolder && !SKIPPED.has(name)) waiting.push({ path: own, within: listed })
      else if (entry.isSocket()) sockets.push(own)
      else if (entry.isSymbolicLink() && links.length < MOST_LISTED) links.push(own)
    }
    if (names > MOST_NAMES) return { repositories, sockets, links, listed: found, isCut: true }
  }
  return { repositories, sockets, links, listed: found, isCut: found.length >= MOST_LISTED }
}

const isBare = (entries: readonly Dirent[]): boolean =>
  entries.length >= 3 && ['HEAD', 'objects', 'refs'].every((name) => entries.some((entry) => entry.name === name))

const kindOf = (entry: Dirent): Found['kind'] =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other'

type Hit = { readonly listed: Listed; readonly looksLike: boolean }

/** What a name in a folder of another name is in the list. */
/** Tells which of a list a name means, in a folder of another name. */
export function matcher(list: readonly Listed[]): (name: string, parent: string) => Hit | null {
  const exact = Map.groupBy(list, ({ path }) => basename(path))
  const plain = Map.groupBy(list, ({ path }) => plainName(basename(path)))
  const endings = list.filter(({ path }) => path.startsWith('*'))
  const fitting = (all: readonly Listed[] | undefined, parent: string) =>
    all?.find(({ path }) => !path.includes('/') || path.split('/').at(-2) === parent)
  return (name, parent) => {
    const one = fitting(exact.get(name), parent)
    if (one !== undefined) return { listed: one, looksLike: false }
    if (ODD.test(name)) {
      if (plainName(name) === '.git') return { listed: GIT_ALIKE, looksLike: true }
      const alike = fitting(plain.get(plainName(name)), parent)
      if (alike !== undefined) return { listed: alike, looksLike: true }
    }
    const ending = endings.find(({ path }) => name.length >= path.length && name.endsWith(path.slice(1)))
    return ending === undefined ? null : { listed: ending, looksLike: false }
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

/** As disks that ignore case, invisible characters, and blanks and dots at the end would have it. */
const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .toLowerCase()
    .replace(/[. ]+$/, '')
    .replace(/^git~\d$/, '.git')
