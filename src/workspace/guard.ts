import { basename, dirname, join, relative, resolve } from 'node:path'
import { PaudeError } from '../errors.ts'
import { isWritable } from '../host.ts'
import { hasControl, shown } from '../text.ts'
import { isRepository } from './git.ts'
import { CONFIG_LIMIT } from './git-config.ts'
import type { GitLayout } from './git-layout.ts'
import { type Named, namedByConfig } from './git-named.ts'
import {
  closedNotes,
  type Led,
  ledNotes,
  MOST_ELSEWHERE,
  MOST_SOCKETS,
  missingNote,
  socketNotes,
  tooManyNotes,
  tooManySockets,
} from './guard-notes.ts'
import { hardLinkNotes } from './hard-links.ts'
import { IN_FOLDERS, type Listed, NAMED, severeNames } from './listed.ts'
import { subtree } from './manifest.ts'
import { ancestors, below, entriesOf, look, readLink, realPath } from './paths.ts'
import type { Surroundings } from './places.ts'
import { GUARDED_IN_GIT, nestedGitFiles, ownGitFiles } from './repositories.ts'
import { type Walked, walk } from './walk.ts'

/** What is read-only in the box, relative to the project. */
export const PROTECTED: readonly string[] = [...GUARDED_IN_GIT.map((name) => `.git/${name}`), ...severeNames(IN_FOLDERS)]

export type Guards = {
  /** Exist; mounted read-only over the project. */
  readonly protectedPaths: readonly string[]
  /** Those of them that are git's own configuration: the box has copies that it may write, and nothing of them comes back. */
  readonly copiedPaths: readonly string[]
  /** Missing in a git directory; something harmless is put there and mounted read-only, so that nothing else can be. */
  readonly standIns: readonly string[]
  /** Sockets of this machine: the box sees empty files in their place. */
  readonly socketPaths: readonly string[]
  /** Folders mounted writable over themselves: a mount point cannot be renamed, so nothing protected is moved away in its parent. */
  readonly pinnedPaths: readonly string[]
  /** Protected by nothing because they are missing, or links: to be looked at again when the session is over. */
  readonly watchedPaths: readonly string[]
  readonly notes: readonly string[]
  /** What the look found, and the git directories in the area: both are looked at again at the end. */
  readonly walked: Walked
  readonly gits: readonly string[]
  /** What configuration names in the area. */
  readonly named: readonly string[]
}

export type Area = {
  readonly root: string
  readonly directory: string
  readonly git: GitLayout | null
  /** Further paths, absolute, or relative to the root. */
  readonly protect: readonly string[]
  /** Folders in whose place the box has a volume. */
  readonly overlays?: readonly string[]
  /** What is guarded in any folder. */
  readonly list: readonly Listed[]
  /** Take a place that is too much, and hide what can be hidden. */
  readonly force?: boolean
}

type Finding = { readonly protects?: string; readonly watches?: string; readonly note?: string }

/** What in the project must not change because the host acts on it. Looks only; links are never followed out of the project. */
export function guard(area: Area, host: Surroundings): Guards {
  const { root, git, protect, overlays = [] } = area
  // The box sees nothing of it, and a mount there would lie in the volume.
  const isOverlaid = (path: string) => overlays.some((place) => place !== path && below(place, path))
  const walked = walk(root, area.list)
  const own = git ? ownGitFiles(root, git) : { files: [join(root, '.git')], trees: [] }
  const nested = nestedGitFiles(root, walked.repositories)
  const gits = [...own.files, ...nested.files]
  const told = [...own.trees, ...nested.trees].map((tree) => configured(tree, host))
  const [named, hooks] = [told.flatMap(({ paths }) => paths), told.flatMap((one) => one.hooks)]
  const elsewhere = severeElsewhere(walked)
  const paths = [
    ...projectFiles(area),
    ...protect.map((path) => resolve(root, path)),
    ...gits,
    ...named,
    ...elsewhere.slice(0, MOST_ELSEWHERE),
    ...walked.closed.slice(0, MOST_ELSEWHERE),
  ]
  const first = [...new Set(paths)].filter((path) => !isOverlaid(path)).map((path) => examine(path, area))
  const led = ledTo(first.flatMap(protectedBy), area).filter(({ target }) => !isOverlaid(target))
  const findings = [...first, ...led.map(({ target }) => examine(target, area))]
  const protectedPaths = outermost(findings.flatMap(protectedBy))
  const isOpen = (path: string) => !protectedPaths.some((other) => below(other, path))
  const standIns = [...new Set([...gits.filter(isNameOfGit), ...hooks])]
    .filter((path) => isOpen(path) && !isOverlaid(path) && mayStandIn(path, area))
    .sort()
  const isInside = (path: string) => places(area).some((place) => place !== path && below(place, path))
  const gitFolders = [
    ...new Set([...own.trees, ...nested.trees].flatMap(({ gitDirectory, repository }) => [gitDirectory, repository])),
  ]
  const all = [...walked.sockets, ...gitFolders.flatMap(socketsIn).filter(isInside)]
  const sockets = all.filter((path) => !hasControl(path) && isOpen(path) && !isOverlaid(path))
  if (sockets.length > MOST_SOCKETS && !area.force) throw tooManySockets(sockets)
  return {
    walked,
    named: [...new Set([...named, ...protect.map((path) => resolve(root, path)), ...led.map(({ target }) => target)])].filter(
      isInside,
    ),
    gits: gitFolders,
    protectedPaths,
    copiedPaths: protectedPaths.filter((path) => gits.includes(path) && isConfiguration(path)),
    standIns,
    socketPaths: sockets.slice(0, MOST_SOCKETS),
    pinnedPaths: pins([...protectedPaths, ...standIns, ...sockets.slice(0, MOST_SOCKETS), ...overlays], area),
    watchedPaths: [...findings.flatMap(({ watches = [] }) => watches), ...bareSign(root)]
      .filter((path) => !standIns.includes(path))
      .sort(),
    notes: [
      ...new Set(findings.flatMap(({ note = [] }) => note)),
      ...missingNote(
        [...new Set(named)].filter((path) => isInside(path) && look(path) === null && !standIns.includes(path)),
        root,
      ),
      ...ledNotes(led, root),
      ...closedNotes(walked.closed, root),
      ...tooManyNotes(walked, elsewhere, root),
      ...socketNotes(sockets, root),
      ...hardLinkNotes(root, git?.repository ?? null),
    ],
  }
}

/** Sockets in a git directory itself, such as that of its file watcher (`core.fsmonitor`). */
const socketsIn = (folder: string): readonly string[] =>
  entriesOf(folder).flatMap((entry) => (entry.isSocket() ? [join(folder, entry.name)] : []))

/** Links of one project in guarded folders that are followed. */
const MOST_LED = 200

const protectedBy = ({ protects }: Finding): readonly string[] => (protects === undefined ? [] : [protects])

/** What links in guarded folders lead to in the project, there or not: whoever runs the link runs that. */
function ledTo(guarded: readonly string[], { root, git }: Pick<Area, 'root' | 'git'>): readonly Led[] {
  const bases = places({ root, git })
  const found = new Map<string, Led>()
  const waiting = [...outermost(guarded)]
  for (const top of waiting) {
    for (const { path: link } of subtree(top, NAMED)) {
      if (found.size >= MOST_LED || look(link)?.isSymbolicLink() !== true) continue
      const target = resolve(dirname(link), readLink(link))
      const isElsewhere =
        !bases.some((base) => base !== target && below(base, target)) || guarded.some((one) => below(one, target))
      if (isElsewhere || found.has(target)) continue
      found.set(target, { link, target })
      waiting.push(realPath(target) ?? target)
    }
  }
  return [...found.values()]
}

/** What the configuration of a tree names. One that is too large to be read may name anything. */
export function configured(tree: Parameters<typeof namedByConfig>[0], host: Surroundings): Named {
  const named = namedByConfig(tree, host)
  const { tooLarge } = named
  if (tooLarge !== null)
    throw new PaudeError(
      'refused',
      `${shown(tooLarge)} is larger than ${CONFIG_LIMIT / 1024 ** 2} MiB, so paude cannot see which programs it names`,
      { hint: 'remove what it does not need, such as sections of branches that are gone' },
    )
  return named
}

/** Listed paths that the walk found, outermost first, without what is in others. */
const severeElsewhere = ({ listed }: Walked): readonly string[] =>
  outermost(listed.flatMap(({ path, listed: { severity }, looksLike }) => (severity === 'severe' && !looksLike ? [path] : [])))

/** Files that git writes by itself, for a branch's upstream for example. Not what they include: that is a file of the project. */
const isConfiguration = (path: string): boolean =>
  ['config', 'config.worktree'].includes(basename(path)) &&
  look(path)?.isFile() === true &&
  look(join(dirname(path), 'HEAD')) !== null

/** Whether a path in git data is one that git looks for, so that something harmless may be there. */
function isNameOfGit(path: string): boolean {
  const folder = dirname(path)
  const name = basename(path)
  if (name === 'config.worktree') return look(join(folder, 'HEAD')) !== null
  return (name === 'hooks' || name === 'commondir') && isRepository(folder)
}

/** Whether something harmless may be put where nothing is. git's status shows no empty folder, and nothing in git data. */
export function mayStandIn(path: string, area: Pick<Area, 'root' | 'git'>): boolean {
  const folder = dirname(path)
  if (look(path) !== null || hasControl(path)) return false
  // Where this user cannot write, the box cannot either.
  return realPath(folder) === folder && places(area).some((place) => below(place, path)) && isWritable(folder)
}

/** With this file a folder can pass for a bare repository, whose `config` the host's git would obey. */
const bareSign = (root: string): readonly string[] => [join(root, 'HEAD')].filter((path) => !look(path))

/** The severe names in every folder between the project's top and the working directory: watched where they are missing. */
function projectFiles({ root, directory, list }: Area): readonly string[] {
  const folders = ancestors(directory).filter((folder) => below(root, folder))
  const names = severeNames(list)
  return folders.flatMap((folder) => names.map((name) => join(folder, name)))
}

const places = ({ root, git }: Pick<Area, 'root' | 'git'>): readonly string[] => [
  root,
  ...(git?.commonDirectory ? [git.commonDirectory] : []),
]

/** What to do about one path. A path outside the project is nobody's business here. */
function examine(path: string, area: Area): Finding {
  const bases = places(area)
  const within = (real: string) => bases.some((place) => below(place, real)) && !bases.some((place) => below(real, place))
  const name = shown(relative(area.root, path).startsWith('../') ? path : relative(area.root, path))
  if (!within(path)) return {}
  const kind = look(path)
  if (!kind) return { watches: path }
  const real = realPath(path)
  if (!real || !within(real))
    return { watches: path, note: `${name} is a link out of the project: paude does not guard it, and the agent can replace it` }
  if (hasControl(real)) return { watches: path, note: `paude cannot guard ${name}: control characters in ${shown(real)}` }
  if (real !== path)
    return {
      protects: real,
      watches: path,
      note: `${name} is a link: its target is read-only, but the agent can replace the link`,
    }
  if (kind.isFile() && kind.nlink > 1)
    return { protects: path, watches: path, note: `${name} has a hard link, through which the agent can change it` }
  return kind.isFile() || kind.isDirectory() ? { protects: path } : { watches: path }
}

/** Without those that lie in others. */
export function outermost(paths: readonly string[]): readonly string[] {
  const all = new Set(paths)
  return [...all].filter((path) => !ancestors(path).some((folder) => folder !== path && all.has(folder))).sort()
}

/** The folders above what is protected, up to the mount that holds them. */
export function pins(protectedPaths: readonly string[], area: Pick<Area, 'root' | 'git'>): readonly string[] {
  const bases = places(area)
  return [...new Set(protectedPaths.flatMap((path) => ancestors(path).slice(1)))]
    .filter((path) => !bases.includes(path) && bases.some((base) => below(base, path)))
    .filter((path) => !bases.some((base) => below(path, base)))
    .sort()
}
