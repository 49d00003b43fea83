import { basename, dirname, join, resolve } from 'node:path'
import { makeWatches, type Watches } from './folder-watches.ts'
import { isRepository, readPointer } from './git.ts'
import { IN_GIT, NEW_REPOSITORY } from './listed.ts'
import { type Candidate, type Finding, judge, type Manifest, marksOf, subtree } from './manifest.ts'
import { ancestors, below, entriesOf, look, realPath } from './paths.ts'
import { GITS_OWN, isBare, matcher, SKIPPED, type Walked, walk, walkSteps } from './walk.ts'

/** What a watch is told by. */
export type Seer = {
  /** New at guarded paths, and severe; told again only when it changed. */
  readonly found: (findings: readonly Finding[]) => void
  /** Why not all is watched; said once. */
  readonly limited: (why: string) => void
  /** What is no news: paude put it there, or an agent may. */
  readonly isOurs: (path: string) => boolean
}

/** Milliseconds in which events are gathered; longer where a look takes long, so that no box keeps this machine busy with looks. */
const GATHER = 20
const SHARE = 10
/** Milliseconds of one piece of the look at everything, and between two pieces. */
const SLICE = 5
/** Events between two looks after which some may be lost: the kernel keeps 16,384. */
const MANY = 4_000

/** What a watched folder belongs to: a tree of the project, a git directory that was there, or something that appeared. */
type Belongs = 'tree' | 'git' | Candidate

/**
 * Watches the folders in which guarded names can appear, and tells of severe ones that were not there at the start. What was there is
 * read-only in the box. Returns how to stop.
 */
export function watchGuarded(kept: Manifest, seer: Seer): () => void {
  const meaning = meaningIn(kept)
  let dirty = new Set<string>()
  let timer: Timer | null = null
  let [events, took] = [0, 0]
  let [isLooking, isOver] = [false, false]
  // A folder is watched before what is in it is read, so that nothing slips in between.
  const enter = (folder: string) => !isOver && watches.enter(folder, 'tree')
  const watches = makeWatches<Belongs>({
    tops: [...kept.roots, ...kept.gits],
    limited: seer.limited,
    heard: (path, isMove) => {
      const of = watches.of(dirname(path))
      events++
      if (of === undefined || (!isMove && meaning(path, of) === null)) return
      dirty.add(path)
      timer ??= setTimeout(settle, Math.max(GATHER, SHARE * took))
    },
  })
  const { judgeAll, forget } = makeJudge(kept, seer, watches)

  function settle(): void {
    timer = null
    const began = performance.now()
    const paths = [...dirty]
    dirty = new Set()
    for (const path of paths) if (look(path) === null) forget(path)
    const asked = new Map<string, Candidate>()
    for (const path of paths) for (const one of at(path)) asked.set(one.path, one)
    judgeAll([...asked.values()])
    if (events > MANY) void everything()
    events = 0
    took = performance.now() - began
  }

  /** What something that was done at a path may mean. A folder that came has something in it, perhaps. */
  function at(path: string): readonly Candidate[] {
    const of = watches.of(dirname(path))
    const candidate = of === undefined ? null : meaning(path, of)
    // Within a harmless repository a name means what it means anywhere.
    const other = typeof of === 'object' ? meaning(path, 'tree') : null
    if (candidate !== null) return other === null ? [candidate] : [candidate, other]
    if (of !== 'tree' || SKIPPED.has(basename(path)) || !isFolder(path)) return []
    watches.leave(path)
    return severe(walk(path, kept.list, { part: null, enter }))
  }

  /** Looks at all, a little at a time: whoever watches has a terminal to keep. */
  async function everything(): Promise<void> {
    if (isLooking) return
    isLooking = true
    for (const git of kept.gits) watches.enter(git, 'git')
    judgeAll(kept.gits.flatMap((git) => IN_SEVERE.map((listed) => ({ path: join(git, listed.path), listed, looksLike: false }))))
    for (const root of kept.roots) {
      const steps = walkSteps(root, kept.list, { enter })
      let slice = performance.now() + SLICE
      for (let step = steps.next(); !isOver; step = steps.next()) {
        if (step.done) {
          judgeAll(severe(step.value))
          break
        }
        if (performance.now() < slice) continue
        await Bun.sleep(SLICE)
        slice = performance.now() + SLICE
      }
    }
    isLooking = false
  }

  void everything()
  return () => {
    isOver = true
    if (timer !== null) clearTimeout(timer)
    watches.leave('/')
  }
}

/** Tells what a path in a watched folder means: nothing for most. */
function meaningIn({ roots, gits, list }: Manifest): (path: string, of: Belongs) => Candidate | null {
  const match = matcher(list)
  return (path, of) => {
    if (typeof of === 'object') return of
    const [name, folder] = [basename(path), dirname(path)]
    if (of === 'git') {
      const listed = IN_SEVERE.find((one) => one.path === name)
      return listed === undefined ? null : { path, listed, looksLike: false }
    }
    if (name === '.git') return gits.includes(path) ? null : repository(path)
    // The top of a project counts as one as soon as it has the last of these.
    if (GITS_NAMES.has(name) && isBare(entriesOf(folder)))
      return repository(roots.includes(folder) ? join(folder, 'HEAD') : folder)
    const hit = match(name, basename(folder))
    return hit?.listed.severity === 'severe' ? { path, ...hit } : null
  }
}

/** Judges what may have appeared, and remembers what was told of. */
function makeJudge(kept: Manifest, { found, isOurs }: Seer, watches: Watches<Belongs>) {
  const told = new Map<string, string>()
  const news = (one: Candidate): readonly Finding[] => {
    // What appeared is watched too, since it may be harmless now and become something else.
    if (kept.seen[one.path] === undefined)
      for (const folder of foldersOf(one, kept).filter((inner) => inner === one.path || !isOurs(inner))) {
        if (watches.of(folder) === 'tree') watches.leave(folder)
        watches.enter(folder, one)
      }
    if (isOurs(one.path)) return []
    const [finding] = judge(one, kept)
    if (finding?.state !== 'new' || finding.severity !== 'severe' || isUnfinished(one)) return []
    const paths = subtree(one.path, one.listed).map(({ path }) => path)
    const mark = JSON.stringify(marksOf(kept, paths))
    if (told.get(one.path) === mark) return []
    told.set(one.path, mark)
    return [finding]
  }
  return {
    judgeAll(candidates: readonly Candidate[]): void {
      const all = candidates.flatMap(news)
      const paths = new Set(all.map(({ path }) => path))
      const findings = all.filter(({ path }) => !ancestors(path).some((one) => one !== path && paths.has(one)))
      if (findings.length > 0) found(findings)
    },
    /** A path is gone, with all below it. */
    forget(path: string): void {
      watches.leave(path)
      for (const known of [...told.keys()]) if (below(path, known)) told.delete(known)
    },
  }
}

/** Folders in which something that appeared can change. Of a repository what counts lies in its own folder and those in it. */
function foldersOf({ path, listed }: Candidate, { roots }: Manifest): readonly string[] {
  if (listed !== NEW_REPOSITORY) return subtree(path, listed).flatMap((one) => (isFolder(one.path) ? [one.path] : []))
  const pointer = look(path)?.isFile() ? readPointer(path) : null
  const top = pointer === null ? path : (realPath(resolve(dirname(path), pointer)) ?? '')
  if (!isFolder(top) || !roots.some((root) => below(root, top))) return []
  const inner = entriesOf(top).filter((entry) => entry.isDirectory() && !GITS_OWN.has(entry.name))
  return [top, ...inner.map(({ name }) => join(top, name))]
}

const IN_SEVERE = IN_GIT.filter(({ severity }) => severity === 'severe')

/** Names that make a folder a git directory. */
const GITS_NAMES: ReadonlySet<string> = new Set(['HEAD', 'objects', 'refs'])

const repository = (path: string): Candidate => ({ path, listed: NEW_REPOSITORY, looksLike: false })

const severe = ({ listed, repositories }: Walked): readonly Candidate[] => [
  ...listed.filter((one) => one.listed.severity === 'severe'),
  ...repositories.map(repository),
]

/** git makes one piece by piece, and obeys nothing in it before. */
const isUnfinished = ({ path, listed }: Candidate): boolean =>
  listed === NEW_REPOSITORY && isFolder(path) && !isRepository(path) && look(join(path, 'commondir')) === null

const isFolder = (path: string): boolean => look(path)?.isDirectory() === true
