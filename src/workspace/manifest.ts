import { basename, dirname, join, resolve } from 'node:path'
import { isRepository, readPointer } from './git.ts'
import { readConfig } from './git-config.ts'
import { bytesInPlace } from './inode.ts'
import {
  CLOSED,
  IN_GIT,
  type Listed,
  NAMED,
  NEW_REPOSITORY,
  ODD_IN_GIT,
  PACKED_REPLACEMENTS,
  rank,
  type Severity,
} from './listed.ts'
import { below, entriesIfOpen, look, readLink, readSmall, realPath } from './paths.ts'
import { type Found, matcher, severest, TRIED, type Walked, walk, walkGits } from './walk.ts'

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
  /** Paths at which a watch found something since then: a look through the project may end before it comes there. */
  readonly alarmed?: readonly string[]
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
/** Bytes of packed refs that are read: some 100,000 refs. */
const MOST_PACKED = 8 * 1024 ** 2
/** Folders looked into for programs that run as whoever owns them. */
const MOST_FOLDERS = 20_000

/** Of these a session keeps the hash alone: a change is found, and cannot be undone. Tokens and passwords stand in them. */
const mayHoldSecrets = (path: string): boolean => /^(\.env(\..*)?|\.npmrc|\.yarnrc\.yml|\.netrc)$/i.test(basename(path))

/** Looks at the listed paths of a project, and keeps what they hold. `walks` are of the roots. */
export function takeManifest(looked: Looked, walks: readonly Walked[]): Manifest {
  const seen: Record<string, Seen> = {}
  const contents: Record<string, string> = {}
  const left = { bytes: MOST_CONTENT, files: MOST_FILES }
  const all = candidates(looked, walks).toSorted((a, b) => rank(a.listed.severity) - rank(b.listed.severity))
  for (const { path, listed } of all) {
    if (path in seen) continue
    const one = see(path) ?? (listed === CLOSED ? UNSEEN : null)
    if (one === null) continue
    const content = left.files > 0 && left.bytes > 0 ? contentOf(path, one) : null
    seen[path] = content === null ? one : { ...one, hash: hashOf(content) }
    if (content === null) continue
    left.files--
    left.bytes -= content.length
    if (!mayHoldSecrets(path)) contents[hashOf(content)] = content.toString('base64')
  }
  return { ...looked, seen, contents, links: outward(looked.roots, walks) }
}

/** What is new, changed or gone since then. `isCut` says that there is more than was looked at. */
export function compare(before: Manifest): { readonly findings: readonly Finding[]; readonly isCut: boolean } {
  const walks = before.roots.map((root) => walk(root, before.list))
  const now = [...candidates(before, walks), ...(before.alarmed ?? []).flatMap((path) => meant(path, before))]
  const there = new Set(now.map(({ path }) => path))
  const judged = Map.groupBy(
    now.flatMap((one) => judge(one, before)),
    ({ path }) => path,
  )
  const findings = [...judged.values()].flatMap(
    (all) => all.reduce<Finding | null>((most, one) => severest(one, most), null) ?? [],
  )
  const gone = Object.keys(before.seen).filter((path) => !there.has(path) && realPath(path) !== path)
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

/** The manifest with these paths as they look now: somebody meant them to. What is in a repository is looked at from then on. */
export function renewed(before: Manifest, paths: readonly string[]): Manifest {
  const gits = paths.flatMap((path) => gitsAt(path, before.roots))
  const seen = { ...before.seen }
  const contents = { ...before.contents }
  const links = { ...before.links }
  for (const path of [...paths, ...inGits(gits).map((one) => one.path)]) {
    const now = see(path)
    if (now === null) delete seen[path]
    else {
      const content = contentOf(path, now)
      seen[path] = content === null ? now : { ...now, hash: hashOf(content) }
      if (content !== null && !mayHoldSecrets(path)) contents[hashOf(content)] = content.toString('base64')
      if (now.kind === 'link') links[path] = readLink(path)
    }
  }
  return { ...before, gits: [...new Set([...before.gits, ...gits])], seen, contents, links }
}

/** How paths look now, with what of a repository counts: as long as it is the same, nothing was done to any of them. */
export const marksOf = ({ roots }: Manifest, paths: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...paths, ...inGits(paths.flatMap((path) => gitsAt(path, roots))).map((one) => one.path)].map((path) => {
      const now = see(path)
      return [path, now === null ? '' : `${now.kind}:${now.mode}:${now.kind === 'folder' ? '' : now.mark}`] as const
    }),
  )

/** The git directory that a path is, or that its `.git` file names in these folders. */
function gitsAt(path: string, roots: readonly string[]): readonly string[] {
  const kind = look(path)
  const pointer = kind?.isFile() && basename(path) === '.git' ? readPointer(path) : null
  const folder = kind?.isDirectory() ? path : pointer === null ? null : realPath(resolve(dirname(path), pointer))
  if (folder === null || !roots.some((root) => below(root, folder))) return []
  return basename(folder) === '.git' || isRepository(folder) ? [folder] : []
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
    const entries = entriesIfOpen(folder)
    // A box that closes a folder changes it by that.
    if (entries === null && (look(folder)?.ctimeMs ?? moment + 1) > moment) found.push(folder)
    for (const entry of entries ?? []) {
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

/** What is to be said of a path: nothing where it looks as it did. */
export function judge({ path, listed, looksLike }: Candidate, before: Manifest): readonly Finding[] {
  const was = before.seen[path]
  const now = see(path) ?? (listed === CLOSED ? UNSEEN : null)
  if (now === null || (was !== undefined && isSame(path, was, now))) return []
  if (was === undefined && listed === NEW_REPOSITORY && isPlainWorktree(path, before.gits)) return []
  const { tool, why } = listed
  // Nobody knows what was in it before, so nothing of it is taken away as new.
  if (listed === CLOSED) return [{ path, state: 'changed', severity: listed.severity, tool, why, remarks: [] }]
  const isNew = was === undefined && listed === NEW_REPOSITORY
  const severity = isNew && isPlainRepository(path) ? 'shown' : listed.severity
  const remarks = [
    ...(looksLike ? [`looks like ${listed.path}`] : []),
    ...(now.kind === 'link' ? [`is a link to ${readLink(path)}`] : []),
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
  const extra = ['config.worktree', ...UNDER_WAY]
  if (folder === null || common === null || extra.some((name) => look(join(folder, name)) !== null)) return false
  const repository = realPath(resolve(folder, common.trimEnd()))
  return repository !== null && gits.includes(repository) && dirname(folder) === join(repository, 'worktrees')
}

/** A repository as `git init` and `git clone` leave it: nothing in it names a program, and it has no hooks but examples. */
function isPlainRepository(place: string): boolean {
  const file = join(place, 'config')
  // git makes it after the rest, and does without.
  const config = !look(place)?.isDirectory() ? null : look(file) === null ? '' : readSmall(file)
  const holds = (name: string, isAllowed: (name: string) => boolean): boolean => {
    const path = join(place, name)
    if (look(path) === null) return true
    const entries = look(path)?.isDirectory() ? entriesIfOpen(path) : null
    return entries?.every((entry) => (!entry.isSymbolicLink() || TRIED.test(entry.name)) && isAllowed(entry.name)) === true
  }
  if (
    config === null ||
    look(join(place, 'info/attributes')) !== null ||
    !holds('', (name) => PLAIN_NAMES.has(name.replace(PASSING, '')) || TRIED.test(name))
  )
    return false
  // git's templates have empty folders.
  if (!['modules', 'worktrees', 'remotes', 'branches'].every((name) => holds(name, () => false))) return false
  if (!holds('hooks', (name) => name.endsWith('.sample'))) return false
  if (!holds('objects', (name) => /^([0-9a-f]{2}|info|pack|maintenance\.lock|tmp_objdir-[\w-]+)$/.test(name))) return false
  const { all, isWhole } = readConfig(config)
  return (
    isWhole && all.every(({ key, value }) => PLAIN_KEY.test(key) || (/^remote\..+\.url$/s.test(key) && PLAIN_URL.test(value)))
  )
}

/** What git leaves of work under way, and goes on with by commands that are written in it. */
const UNDER_WAY = ['rebase-merge', 'rebase-apply', 'sequencer']

/** Names of git's own in a git directory, without those that say where configuration comes from and what is under way. */
const PLAIN_NAMES: ReadonlySet<string> = new Set([
  ...['HEAD', 'config', 'description', 'hooks', 'info', 'objects', 'refs', 'logs', 'index', 'packed-refs', 'shallow'],
  ...['modules', 'worktrees', 'remotes', 'branches', 'COMMIT_EDITMSG', 'FETCH_HEAD', 'ORIG_HEAD', 'MERGE_HEAD', 'MERGE_MSG'],
  ...['MERGE_MODE', 'SQUASH_MSG', 'AUTO_MERGE', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'gc.pid', 'gc.log'],
  ...['TAG_EDITMSG', 'NOTES_EDITMSG', 'MERGE_RR'],
])
/** Ends of names that git uses while it writes one of these: a watch looks in the middle of it. */
const PASSING = /(\.stash\.\d+)?\.lock$|\.stash\.\d+$|\.new$/

/** What git sets by itself, and names of people. A setting that is not known may name a program. */
const PLAIN_KEY =
  /^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks)|extensions\.objectformat|user\.(name|email)|init\.defaultbranch|branch\..+\.(remote|merge)|remote\..+\.(fetch|tagopt))$/s
/** No helper that git would start, such as ext:: */
const PLAIN_URL = /^(https?|ssh|git|file):\/\/[^-]|^[\w./~][\w./~-]*(@[\w.-]+)?(:[\w./~-]+)?$/

export type Candidate = Pick<Found, 'path' | 'listed' | 'looksLike'>

function candidates({ gits, named }: Looked, walks: readonly Walked[]): readonly Candidate[] {
  const repositories = walks.flatMap((one) => one.repositories)
  return [
    ...walks.flatMap(({ listed }) => listed),
    ...inGits(gits),
    ...named.flatMap((path) => subtree(path, NAMED)),
    ...repositories.map((path) => ({ path, listed: NEW_REPOSITORY, looksLike: false })),
    ...walkGits([...new Set([...gits, ...repositories])]).odd.map((path) => ({ path, listed: ODD_IN_GIT, looksLike: false })),
    // Last, since of several that count the same the last word counts.
    ...walks.flatMap(({ closed }) => closed).map((path) => ({ path, listed: CLOSED, looksLike: false })),
  ]
}

/** What a path may be, by its name and where it lies. */
function meant(path: string, { gits, list }: Looked): readonly Candidate[] {
  const [name, folder] = [basename(path), dirname(path)]
  if (gits.includes(folder)) return IN_GIT.filter((one) => one.path === name).flatMap((listed) => subtree(path, listed))
  const hit = matcher(list)(name, basename(folder))
  return [
    ...(name === '.git' || isRepository(path) ? [{ path, listed: NEW_REPOSITORY, looksLike: false }] : []),
    ...(hit === null ? [] : subtree(path, hit.listed).map((one) => ({ ...one, looksLike: hit.looksLike && one.path === path }))),
  ]
}

const inGits = (gits: readonly string[]): readonly Candidate[] =>
  gits.flatMap((folder) => [
    ...IN_GIT.flatMap((listed) => subtree(join(folder, listed.path), listed)),
    ...packedReplacements(join(folder, PACKED_REPLACEMENTS.path)),
  ])

/** Packed refs, where they replace objects: ordinary ones change with every `git gc`. */
const packedReplacements = (path: string): readonly Candidate[] =>
  bytesInPlace(path, MOST_PACKED)?.includes(' refs/replace/') ? [{ path, listed: PACKED_REPLACEMENTS, looksLike: false }] : []

/** A path with all that lies in it, bounded; nothing where nothing is. */
export function subtree(top: string, listed: Listed): readonly Candidate[] {
  const kind = look(top)
  if (kind === null) return []
  const [found, closed]: [string[], string[]] = [[top], []]
  for (const path of kind.isDirectory() ? found : []) {
    if (found.length > MOST_IN_FOLDER) break
    if (path !== top && !look(path)?.isDirectory()) continue
    const entries = entriesIfOpen(path)
    if (entries === null) closed.push(path)
    else for (const { name } of entries.slice(0, MOST_IN_FOLDER + 1 - found.length)) found.push(join(path, name))
  }
  return [
    ...found.map((path) => ({ path, listed, looksLike: false })),
    ...closed.map((path) => ({ path, listed: CLOSED, looksLike: false })),
  ]
}

/** Links that lead out of all roots, and what they say. */
const outward = (roots: readonly string[], walks: readonly Walked[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    walks
      .flatMap(({ links }) => links)
      .map((path) => [path, readLink(path)] as const)
      .filter(([path, target]) => !roots.some((root) => below(root, resolve(dirname(path), target)))),
  )

/** What a file holds, or where a link leads; null for what is too large, and anything else. */
function contentOf(path: string, { kind }: Seen): Buffer | null {
  if (kind === 'link') return Buffer.from(readLink(path))
  return kind === 'file' ? bytesInPlace(path, MOST_BYTES) : null
}

/** The content of a path at the start; null where it was not kept. */
export function keptContent({ seen, contents }: Manifest, path: string): Buffer | null {
  const content = contents[seen[path]?.hash ?? '']
  return content === undefined ? null : Buffer.from(content, 'base64')
}

/** What stands for a path that has no look: it is too long, or no UTF-8. */
const UNSEEN: Seen = { kind: 'other', mode: 0, mark: '', hash: '' }

function see(path: string): Seen | null {
  const stats = look(path)
  if (stats === null) return null
  const { dev, ino, size, ctimeMs, mode } = stats
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
  const hash = kind === 'link' ? hashOf(readLink(path)) : ''
  return { kind, mode: mode & 0o7777, mark: `${dev}:${ino}:${size}:${ctimeMs}`, hash }
}

const hashOf = (content: Buffer | string): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')
