import { basename, dirname, join } from 'node:path'
import { type Belongs, makeJudge, type Seer } from './appear-judge.ts'
import { makeWatches } from './folder-watches.ts'
import { isRepository } from './git.ts'
import { CLOSED, IN_GIT, NEW_REPOSITORY, ODD_IN_GIT } from './listed.ts'
import type { Candidate, Manifest } from './manifest.ts'
import { entriesOf, look } from './paths.ts'
import { makeTurns } from './turns.ts'
import { isLoose, isOddFolder, isTried, matcher, SKIPPED, type Walked, walkGitsSteps, walkSteps } from './walk.ts'

/** Milliseconds in which events are gathered, and between two looks at everything. */
const GATHER = 20
const CALM = 1_000
/** Folders in git directories that are watched: those of branches with a slash are many. */
const MOST_IN_GIT = 300
/** Events of that time after which some may be lost: the kernel keeps 16,384. */
const MANY = 4_000

/**
 * Watches the folders in which guarded names can appear, and tells of severe ones that were not there at the start. What was there is
 * read-only in the box. Returns how to stop.
 */
export function watchGuarded(kept: Manifest, seer: Seer): () => void {
  const meaning = meaningIn(kept)
  /** Where something was done; true: it came, went or took another's place. */
  let dirty = new Map<string, boolean>()
  let [timer, calm]: (Timer | null)[] = [null, null]
  let events = 0
  let [isLooking, isJudging, isAsked, isOver] = [false, false, false, false]
  const turns = makeTurns((error) => seer.limited(`paude could not look at a part of the project (${error})`))
  // A folder is watched before what is in it is read, so that nothing slips in between.
  const enter = (folder: string) => !isOver && watches.enter(folder, 'tree')
  const watches = makeWatches<Belongs>({
    tops: [...kept.roots, ...kept.gits],
    limited: seer.limited,
    heard: (path, isMove) => {
      events++
      note(path, isMove)
    },
  })
  const { judgeAll, forget } = makeJudge(kept, seer, {
    ...watches,
    enter(folder, of) {
      const isNew = watches.of(folder) === undefined
      const isWatched = watches.enter(folder, of)
      // No look through a project goes into a repository, so what was put there before the watch is asked of here.
      if (isNew) for (const { name } of entriesOf(folder)) note(join(folder, name), false)
      return isWatched
    },
  })

  function note(path: string, isMove: boolean): void {
    if (watches.of(dirname(path)) !== undefined) dirty.set(path, isMove || dirty.get(path) === true)
    timer ??= setTimeout(settle, GATHER)
  }

  function settle(): void {
    timer = null
    if (events > MANY) everything()
    events = 0
    if (isLooking || dirty.size === 0) return
    isLooking = true
    turns.add(lookWhereDirty(), 'urgent')
  }

  function* lookWhereDirty(): Generator<undefined, void> {
    try {
      while (dirty.size > 0) {
        const paths = dirty
        dirty = new Map()
        for (const path of paths.keys()) {
          if (look(path) === null) forget(path)
          yield
        }
        const asked = new Map<string, Candidate>()
        for (const [path, isMove] of paths) {
          for (const one of at(path, isMove)) asked.set(one.path, one)
          yield
        }
        const folders = [...paths.keys()].flatMap((path) => (basename(path).includes('\ufffd') ? dirname(path) : []))
        // A box can make repositories faster than they are judged: nothing else waits for that.
        for (const one of asked.values()) if (one.listed === NEW_REPOSITORY) slow.set(one.path, one)
        if (slow.size > 0 && !isJudging) {
          isJudging = true
          turns.add(judgeSlow(), 'other')
        }
        const quick = [...asked.values()].filter(({ listed }) => listed !== NEW_REPOSITORY)
        yield* judgeAll([...quick, ...[...new Set(folders)].flatMap(oddFolders)])
      }
    } finally {
      isLooking = false
    }
  }

  const slow = new Map<string, Candidate>()
  function* judgeSlow(): Generator<undefined, void> {
    while (slow.size > 0) {
      const all = [...slow.values()]
      slow.clear()
      yield* judgeAll(all)
    }
    isJudging = false
  }

  /** What something that was done at a path may mean. A folder that came has something in it, perhaps. */
  function at(path: string, isMove: boolean): readonly Candidate[] {
    const of = watches.of(dirname(path))
    const candidate = of === undefined ? null : meaning(path, of)
    // Within a harmless repository a name means what it means anywhere.
    const isNew = typeof of === 'object'
    const other = isNew ? (meaning(path, 'tree') ?? (of.listed === NEW_REPOSITORY ? meaning(path, 'in git') : null)) : null
    if (candidate !== null) return other === null ? [candidate] : [candidate, other]
    if (isMove && of === 'tree' && !SKIPPED.has(basename(path)) && isFolder(path)) lookInto(path)
    if (isMove && (of === 'git' || of === 'in git') && !isLoose(path) && isFolder(path)) enterInGit(path)
    return []
  }

  const inGit = new Set<string>()
  /** A folder of git's that came has something in it, perhaps. */
  function enterInGit(folder: string): void {
    if (inGit.size >= MOST_IN_GIT || !watches.enter(folder, 'in git')) return
    inGit.add(folder)
    for (const { name } of entriesOf(folder)) note(join(folder, name), true)
  }

  function* lookThroughGits(): Generator<undefined, void> {
    const { folders, odd: links } = yield* walkGitsSteps(kept.gits)
    for (const folder of folders) if (!kept.gits.includes(folder)) enterInGit(folder)
    yield* judgeAll(links.map(oddInGit))
  }

  /** Folders that are looked through; true: once more after that. */
  const under = new Map<string, boolean>()
  function lookInto(folder: string): void {
    const isUnder = under.has(folder)
    under.set(folder, isUnder)
    if (!isUnder) turns.add(lookThrough(folder), 'other')
  }

  function* lookThrough(folder: string): Generator<undefined, void> {
    const isTop = kept.roots.includes(folder)
    try {
      do {
        under.set(folder, false)
        if (!isTop) watches.leave(folder)
        yield* judgeAll(severe(yield* walkSteps(folder, kept.list, isTop ? { enter } : { part: null, enter })))
      } while (under.get(folder) === true)
    } finally {
      under.delete(folder)
    }
  }

  /** Looks at all, and soon once more where that is asked for meanwhile. */
  function everything(): void {
    isAsked = calm !== null
    if (isAsked) return
    calm = setTimeout(() => {
      calm = null
      if (isAsked) everything()
    }, CALM)
    calm.unref()
    // At once: no look through a project asks what its own top became.
    for (const root of kept.roots) enter(root)
    for (const git of kept.gits) watches.enter(git, 'git')
    const inGits = kept.gits.flatMap((git) =>
      IN_SEVERE.map((listed) => ({ path: join(git, listed.path), listed, looksLike: false })),
    )
    turns.add(judgeAll(inGits), 'urgent')
    turns.add(lookThroughGits(), 'urgent')
    for (const root of kept.roots) lookInto(root)
  }

  everything()
  return () => {
    isOver = true
    turns.stop()
    for (const one of [timer, calm]) if (one !== null) clearTimeout(one)
    watches.leave('/')
  }
}

/** Tells what a path in a watched folder means: nothing for most. */
function meaningIn({ roots, gits, list }: Manifest): (path: string, of: Belongs) => Candidate | null {
  const match = matcher(list)
  const inGitAt = (path: string): Candidate | null => {
    const kind = look(path)
    return kind === null || kind.isFile() || kind.isDirectory() || isTried(path, gits) ? null : oddInGit(path)
  }
  return (path, of) => {
    if (typeof of === 'object') return of
    const [name, folder] = [basename(path), dirname(path)]
    if (of === 'git') {
      const listed = IN_SEVERE.find((one) => one.path === name)
      return listed === undefined ? inGitAt(path) : { path, listed, looksLike: false }
    }
    if (of === 'in git') return inGitAt(path)
    if (name === '.git') return gits.includes(path) ? null : repository(path)
    // The top of a project counts as one as soon as it has the last of these.
    if (GITS_NAMES.has(name) && isRepository(folder)) return repository(roots.includes(folder) ? join(folder, 'HEAD') : folder)
    const hit = match(name, basename(folder))
    return hit?.listed.severity === 'severe' ? { path, ...hit } : null
  }
}

const IN_SEVERE = IN_GIT.filter(({ severity }) => severity === 'severe')

/** Names that make a folder a git directory. */
const GITS_NAMES: ReadonlySet<string> = new Set(['HEAD', 'objects', 'refs'])

const repository = (path: string): Candidate => ({ path, listed: NEW_REPOSITORY, looksLike: false })

const oddInGit = (path: string): Candidate => ({ path, listed: ODD_IN_GIT, looksLike: false })

/** What may hold anything: a folder whose name is no UTF-8 can be read, watched and named by nobody here. */
const odd = (path: string): Candidate => ({ path, listed: CLOSED, looksLike: false })

const oddFolders = (folder: string): readonly Candidate[] =>
  entriesOf(folder).flatMap((entry) => (isOddFolder(entry, folder) ? [odd(join(folder, entry.name))] : []))

const severe = ({ listed, repositories, oddFolders: unread }: Walked): readonly Candidate[] => [
  ...unread.map(odd),
  ...listed.filter((one) => one.listed.severity === 'severe'),
  ...repositories.map(repository),
]

const isFolder = (path: string): boolean => look(path)?.isDirectory() === true
