import { dirname, join, resolve } from 'node:path'
import { shown } from '../text.ts'
import type { Watches } from './folder-watches.ts'
import { isRepository, readPointer } from './git.ts'
import { CLOSED, NEW_REPOSITORY } from './listed.ts'
import { type Candidate, type Finding, judge, type Manifest, marksOf, subtree } from './manifest.ts'
import { ancestors, below, entriesOf, look, realPath } from './paths.ts'
import { GITS_OWN } from './walk.ts'

/** What a watch is told by. */
export type Seer = {
  /** New at guarded paths, and severe; told again only when it changed. */
  readonly found: (findings: readonly Finding[]) => void
  /** Why not all is watched; said once. */
  readonly limited: (why: string) => void
  /** Marks of what was told of before, by path: kept up to date here. */
  readonly told: Map<string, string>
  /** What is no news: paude put it there, or an agent may. */
  readonly isOurs: (path: string) => boolean
}

/** What a watched folder belongs to: a tree of the project, a git directory that was there, a folder in one, or something that appeared. */
export type Belongs = 'tree' | 'git' | 'in git' | Candidate

/** New repositories that one look looks into, and milliseconds in which findings are gathered. */
const MOST_REPOSITORIES = 500
const GATHER = 20

const UNSURE = { state: 'new', severity: 'severe', tool: '', remarks: [] } as const

/** Judges what may have appeared, and remembers what was told of. */
export function makeJudge(kept: Manifest, { found, isOurs, told }: Seer, watches: Watches<Belongs>) {
  const news = (one: Candidate): readonly Finding[] => {
    // What appeared is watched too, since it may be harmless now and become something else.
    if (kept.seen[one.path] === undefined)
      for (const folder of foldersOf(one, kept).filter((inner) => inner === one.path || !isOurs(inner))) {
        const known = watches.of(folder)
        if (known === 'tree' || known === 'in git') watches.leave(folder)
        watches.enter(folder, one)
      }
    if (isOurs(one.path) || isInOld(one, kept)) return []
    const [finding] = judge(one, kept)
    if (finding === undefined || (finding.state !== 'new' && one.listed !== CLOSED)) return []
    if (finding.severity !== 'severe' || isUnfinished(one)) return []
    const paths = subtree(one.path, one.listed).map(({ path }) => path)
    const mark = JSON.stringify(marksOf(kept, paths))
    if (told.get(one.path) === mark) return []
    told.set(one.path, mark)
    return [finding]
  }
  /** The same, whatever comes up: what cannot be judged is no better than what is severe. */
  const judged = (one: Candidate): readonly Finding[] => {
    try {
      return news(one)
    } catch (error) {
      const mark = String(error)
      if (told.get(one.path) === mark) return []
      told.set(one.path, mark)
      return [{ ...UNSURE, path: one.path, why: `paude cannot look at it (${shown(mark)})` }]
    }
  }
  const tooMany = (candidates: readonly Candidate[]): readonly Candidate[] =>
    candidates.filter((one) => one.listed === NEW_REPOSITORY && kept.seen[one.path] === undefined).slice(MOST_REPOSITORIES)
  return {
    /** Judges a little at a time, and tells of what it has whenever it goes on. */
    *judgeAll(candidates: readonly Candidate[]): Generator<undefined, void> {
      const paths = new Set<string>()
      let [findings, until]: [Finding[], number] = [[], 0]
      const tell = () => {
        for (const { path } of findings) paths.add(path)
        const outer = findings.filter(({ path }) => !ancestors(path).some((one) => one !== path && paths.has(one)))
        if (outer.length > 0) found(outer)
        findings = []
      }
      const left = new Set(tooMany(candidates))
      const [first] = left
      if (first !== undefined && told.get(first.path) !== `${left.size}`) {
        told.set(first.path, `${left.size}`)
        findings.push({ ...UNSURE, path: first.path, why: `is one of ${left.size} new repositories more than paude looks into` })
      }
      for (const one of candidates) {
        if (left.has(one)) continue
        findings.push(...judged(one))
        if (findings.length === 1) until = performance.now() + GATHER
        if (performance.now() > until) tell()
        yield
      }
      tell()
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

/** In a guarded folder that was there: the box cannot write into it, so you did. */
const isInOld = ({ path, listed }: Candidate, { seen }: Manifest): boolean =>
  ancestors(path).some((one) => one !== path && one.endsWith(`/${listed.path}`) && seen[one]?.kind === 'folder')

/** git makes one piece by piece, and obeys nothing in it before. */
const isUnfinished = ({ path, listed }: Candidate): boolean =>
  listed === NEW_REPOSITORY && isFolder(path) && !isRepository(path) && look(join(path, 'commondir')) === null

const isFolder = (path: string): boolean => look(path)?.isDirectory() === true
