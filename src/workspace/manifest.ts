import { readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readPointer } from './git.ts'
import { settings } from './git-config.ts'
import { bytesInPlace } from './inode.ts'
import { IN_GIT, type Listed, NAMED, NEW_REPOSITORY, rank, type Severity } from './listed.ts'
import { below, entriesOf, look, readSmall, realPath } from './paths.ts'
import { type Found, type Walked, walk } from './walk.ts'

/** What is looked at again at the end. */
export type Looked = {
  /** Folders that the box can write. */
  readonly roots: readonly string[]
  /** The git directories in them. */
  readonly gits: readonly string[]
  /** Paths that configuration names. */
  readonly named: readonly string[]
  /** What is guarded in any folder. */
  readonly list: readonly Listed[]
}

/** How a listed path looked. `mark` changes with everything that is done to it; the box cannot set it. */
export type Seen = { readonly kind: Found['kind']; readonly mode: number; readonly mark: string; readonly hash: string }

/** How the listed paths of a project looked at the start. Whatever was not read has no hash and no content. */
export type Manifest = Looked & {
  readonly seen: Readonly<Record<string, Seen>>
  /** Base64, by hash. */
  readonly contents: Readonly<Record<string, string>>
  /** Links that led out of the project, and where to. */
  readonly links: Readonly<Record<string, string>>
}

export type Finding = {
  readonly path: string
  readonly state: 'new' | 'changed' | 'removed'
  readonly severity: Severity
  readonly tool: string
  readonly why: string
  /** Further things worth a look, such as where a link leads. */
  readonly remarks: readonly string[]
}

/** Bytes of one file, and of all, whose content is kept; and how many. The severe ones come first. */
const MOST_BYTES = 64 * 1024
const MOST_CONTENT = 4 * 1024 ** 2
const MOST_FILES = 500
/** Paths looked at in one listed folder of a git directory. */
const MOST_IN_FOLDER = 1_000
/** Folders looked into for programs that run as whoever owns them. */
const MOST_FOLDERS = 20_000

/** Looks at the listed paths of a project, and keeps what they hold. `walks` are of the roots. */
export function takeManifest(looked: Looked, walks: readonly Walked[]): Manifest {
  const seen: Record<string, Seen> = {}
  const contents: Record<string, string> = {}
  const left = { bytes: MOST_CONTENT, files: MOST_FILES }
  const all = candidates(looked, walks).toSorted((a, b) => rank(a.listed.severity) - rank(b.listed.severity))
  for (const { path } of all) {
    if (path in seen) continue
    const one = see(path)
    if (one === null) continue
    const content = left.files > 0 && left.bytes > 0 ? contentOf(path, one) : null
    seen[path] = content === null ? one : { ...one, hash: hashOf(content) }
    if (content === null) continue
    left.files--
    left.bytes -= content.length
    contents[hashOf(content)] = content.toString('base64')
  }
  return { ...looked, seen, contents, links: outward(looked.roots, walks) }
}

/** What is new, changed or gone since then. `isCut` says that there is more than was looked at. */
export function compare(before: Manifest): { readonly findings: readonly Finding[]; readonly isCut: boolean } {
  const walks = before.roots.map((root) => walk(root, before.list))
  const now = candidates(before, walks)
  const there = new Set(now.map(({ path }) => path))
  const findings = now.flatMap((one) => judge(one, before))
  const gone = Object.keys(before.seen).filter((path) => !there.has(path))
  const links = Object.entries(outward(before.roots, walks)).filter(([path, target]) => before.links[path] !== target)
  return {
    findings: [
      ...findings,
      ...gone.map((path) => ({ path, state: 'removed', ...NOTHING, remarks: [] }) as const),
      ...links
        .filter(([path]) => !findings.some((one) => one.path === path))
        .map(([path, target]) => ({ path, state: 'new', ...LINK, remarks: [`leads to ${target}`] }) as const),
    ],
    isCut: walks.some(({ isCut }) => isCut),
  }
}

/** The manifest with these paths as they look now: somebody meant them to. */
export function renewed(before: Manifest, paths: readonly string[]): Manifest {
  const seen = { ...before.seen }
  const contents = { ...before.contents }
  const links = { ...before.links }
  for (const path of paths) {
    const now = see(path)
    if (now === null) delete seen[path]
    else {
      const content = contentOf(path, now)
      seen[path] = content === null ? now : { ...now, hash: hashOf(content) }
      if (content !== null) contents[hashOf(content)] = content.toString('base64')
      if (now.kind === 'link') links[path] = readlinkOf(path)
    }
  }
  return { ...before, seen, contents, links }
}

/** Whether a path is, or holds, what it did then. */
export function isAsKept({ seen }: Manifest, path: string): boolean {
  const [was, now] = [seen[path], see(path)]
  return was !== undefined && now !== null && isSame(path, was, now)
}

/** Files below a folder that run as whoever owns them, and were changed since `moment`. Bounded, the nearest first. */
export function setuidFiles(root: string, moment: number): readonly string[] {
  const [found, waiting]: [string[], string[]] = [[], [root]]
  for (const folder of waiting) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) waiting.push(path)
      const stats = entry.isFile() ? look(path) : null
      if (stats !== null && (stats.mode & 0o6000) !== 0 && stats.ctimeMs > moment) found.push(path)
    }
    if (waiting.length > MOST_FOLDERS) break
  }
  return found
}

const NOTHING = { severity: 'shown', tool: '', why: 'is gone' } as const
const LINK = { severity: 'warn', tool: 'any program', why: 'follows it out of the project' } as const

function judge({ path, listed, looksLike }: Candidate, before: Manifest): readonly Finding[] {
  const was = before.seen[path]
  const now = see(path)
  if (now === null || (was !== undefined && isSame(path, was, now))) return []
  if (was === undefined && listed === NEW_REPOSITORY && isPlainWorktree(path, before.gits)) return []
  const { tool, why } = listed
  const isNew = was === undefined && listed === NEW_REPOSITORY
  const severity = isNew && isPlainRepository(path) ? 'shown' : listed.severity
  const remarks = [
    ...(looksLike ? [`looks like ${listed.path}`] : []),
    ...(now.kind === 'link' ? [`is a link to ${readlinkOf(path)}`] : []),
    ...(now.kind === 'other' ? ['is neither a file nor a folder'] : []),
  ]
  return [{ path, state: was === undefined ? 'new' : 'changed', severity, tool, why, remarks }]
}

/** A folder is the same whatever is in it: that is looked at by itself. What was not read counts by its mark. */
function isSame(path: string, was: Seen, now: Seen): boolean {
  if (was.kind !== now.kind || was.mode !== now.mode) return false
  if (was.kind === 'folder' || was.mark === now.mark) return true
  if (was.kind === 'link') return was.hash === now.hash
  const content = was.hash === '' ? null : bytesInPlace(path, MOST_BYTES)
  return content !== null && hashOf(content) === was.hash
}

/** A linked worktree of a guarded repository without configuration of its own, as `git worktree add` makes it. */
function isPlainWorktree(file: string, gits: readonly string[]): boolean {
  const pointer = look(file)?.isFile() ? readPointer(file) : null
  const folder = pointer === null ? null : realPath(resolve(dirname(file), pointer))
  const common = folder === null ? null : readSmall(join(folder, 'commondir'))
  if (folder === null || common === null || look(join(folder, 'config.worktree')) !== null) return false
  const repository = realPath(resolve(folder, common.trimEnd()))
  return repository !== null && gits.includes(repository) && dirname(folder) === join(repository, 'worktrees')
}

/** A repository as `git init` and `git clone` leave it: nothing in it names a program, and it has no hooks but examples. */
function isPlainRepository(place: string): boolean {
  const extra = ['commondir', 'config.worktree', 'info/attributes', 'modules', 'worktrees', 'remotes', 'branches']
  const config = look(place)?.isDirectory() ? readSmall(join(place, 'config')) : null
  if (config === null || extra.some((name) => look(join(place, name)) !== null && entriesOrFile(join(place, name)))) return false
  if (entriesOf(join(place, 'hooks')).some(({ name }) => !name.endsWith('.sample'))) return false
  return settings(config).every(
    ({ key, value }) => PLAIN_KEY.test(key) || (/^remote\..+\.url$/s.test(key) && PLAIN_URL.test(value)),
  )
}

/** git's templates have empty folders. */
const entriesOrFile = (path: string): boolean => look(path)?.isDirectory() !== true || entriesOf(path).length > 0

/** What git sets by itself, and names of people. A setting that is not known may name a program. */
const PLAIN_KEY =
  /^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks)|extensions\.objectformat|user\.(name|email)|init\.defaultbranch|branch\..+\.(remote|merge)|remote\..+\.(fetch|tagopt))$/s
/** No helper that git would start, such as ext:: */
const PLAIN_URL = /^(https?|ssh|git|file):\/\/[^-]|^[\w./~][\w./~-]*(@[\w.-]+)?(:[\w./~-]+)?$/

type Candidate = Pick<Found, 'path' | 'listed' | 'looksLike'>

function candidates({ gits, named }: Looked, walks: readonly Walked[]): readonly Candidate[] {
  const inGit = gits.flatMap((folder) =>
    IN_GIT.flatMap((listed) => subtree(join(folder, listed.path)).map((path) => ({ path, listed, looksLike: false }))),
  )
  const repositories = walks.flatMap((one) => one.repositories)
  return [
    ...walks.flatMap(({ listed }) => listed),
    ...inGit,
    ...named.flatMap(subtree).map((path) => ({ path, listed: NAMED, looksLike: false })),
    ...repositories.map((path) => ({ path, listed: NEW_REPOSITORY, looksLike: false })),
  ]
}

/** A path with all that lies in it, bounded; nothing where nothing is. */
function subtree(top: string): readonly string[] {
  const kind = look(top)
  if (kind === null) return []
  const found = [top]
  for (const path of kind.isDirectory() ? found : []) {
    if (found.length > MOST_IN_FOLDER) break
    if (path === top || look(path)?.isDirectory()) found.push(...entriesOf(path).map(({ name }) => join(path, name)))
  }
  return found
}

/** Links that lead out of all roots, and what they say. */
const outward = (roots: readonly string[], walks: readonly Walked[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    walks
      .flatMap(({ links }) => links)
      .map((path) => [path, readlinkOf(path)] as const)
      .filter(([path, target]) => !roots.some((root) => below(root, resolve(dirname(path), target)))),
  )

/** What a file holds, or where a link leads; null for what is too large, and anything else. */
function contentOf(path: string, { kind }: Seen): Buffer | null {
  if (kind === 'link') return Buffer.from(readlinkOf(path))
  return kind === 'file' ? bytesInPlace(path, MOST_BYTES) : null
}

/** The content of a path at the start; null where it was not kept. */
export function keptContent({ seen, contents }: Manifest, path: string): Buffer | null {
  const content = contents[seen[path]?.hash ?? '']
  return content === undefined ? null : Buffer.from(content, 'base64')
}

function see(path: string): Seen | null {
  const stats = look(path)
  if (stats === null) return null
  const { dev, ino, size, ctimeMs, mode } = stats
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
  const hash = kind === 'link' ? hashOf(readlinkOf(path)) : ''
  return { kind, mode: mode & 0o7777, mark: `${dev}:${ino}:${size}:${ctimeMs}`, hash }
}

const hashOf = (content: Buffer | string): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')

function readlinkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
