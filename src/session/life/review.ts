import { join, relative } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'
import { shown } from '../../text.ts'
import { rank } from '../../workspace/listed.ts'
import { type Finding, type Manifest, marksOf } from '../../workspace/manifest.ts'
import { ancestors, below, look } from '../../workspace/paths.ts'
import { putBack, putModeBack, requireKept, takeAway } from '../../workspace/put-back.ts'
import { keepAnew, readKept } from '../record/kept.ts'
import type { SessionRecord } from '../record/record.ts'
import { findNewExecutables, type NewExecutables } from './new-executables.ts'

/** What a session left at listed paths, and what is needed to decide about it. */
export type Review = {
  readonly record: SessionRecord
  /** The session's folder, or that of what is kept of it. */
  readonly folder: string
  readonly kept: Manifest
  readonly planted: NewExecutables
  /** How each finding looked before it was shown: it is accepted only as long as it looks so. */
  readonly marks?: Readonly<Record<string, string>>
}

/** What becomes of a finding: it may stay, it goes as if it had not been, or it goes where you can look at it. */
export type Verdict = 'keep' | 'revert' | 'quarantine'

/** null where nothing was kept of how the project looked: there nobody can tell. */
export function reviewOf(record: SessionRecord, folder: string): Review | null {
  const kept = readKept(folder)
  return kept === null ? null : { record, folder, kept, planted: findNewExecutables(record, kept) }
}

/** The same, with how everything looks now that is about to be shown. */
export const marked = (review: Review): Review => ({
  ...review,
  marks: marksOf(
    review.kept,
    review.planted.findings.map(({ path }) => path),
  ),
})

/** Tells how a finding looks now, with all that lies in it; the box cannot make another one look so. */
export function sealOf({ kept, planted: { findings } }: Review, { path }: Finding): string {
  const paths = findings.flatMap((one) => (below(path, one.path) ? [one.path] : []))
  const marks = Object.entries(marksOf(kept, paths)).sort(([one], [other]) => (one < other ? -1 : 1))
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(marks)).digest('hex').slice(0, 12)
}

/** What is decided as one: the outermost of what is new, and each thing that changed or is gone. The severest come first. */
export function units({ findings }: NewExecutables): readonly Finding[] {
  const fresh = new Set(findings.filter(({ state }) => state === 'new').map(({ path }) => path))
  return findings
    .filter(({ path, state }) => state !== 'new' || !ancestors(path).some((folder) => folder !== path && fresh.has(folder)))
    .toSorted((one, other) => rank(one.severity) - rank(other.severity))
}

/** Findings that paths mean: those at them and below them. Every path has to mean one. */
export function chosen(planted: NewExecutables, paths: readonly string[]): readonly Finding[] {
  const all = units(planted)
  for (const path of paths)
    if (!all.some((one) => below(path, one.path)))
      throw new PaudeError('not-found', `nothing was found at ${shown(path)}`, { hint: 'paude review' })
  return all.filter((one) => paths.some((path) => below(path, one.path)))
}

/** Carries a verdict out. Returns where quarantined things lie, by path. */
export function settle(host: Host, review: Review, found: readonly Finding[], verdict: Verdict): string {
  const { record, folder, kept } = review
  if (verdict === 'keep') {
    const paths = found.flatMap(({ path }) => withAllBelow(path, kept, record))
    requireAsShown(review, found, paths)
    keepAnew(folder, paths)
    return ''
  }
  // Known before anything is touched.
  for (const { path, state } of found) if (state !== 'new') requireKept(path, kept)
  const place = join(stateFolder(host), 'quarantine', `${record.id}-${Date.now().toString(36)}`)
  const isStill = ({ path }: Finding) => kept.seen[path]?.kind === 'folder' && look(path)?.isDirectory() === true
  for (const one of found.filter(isStill)) putModeBack(one.path, requireKept(one.path, kept).was)
  for (const { path } of found.filter((one) => one.state !== 'removed' && !isStill(one))) {
    const root = kept.roots.find((one) => below(one, path)) ?? record.workspace
    // Two repositories have the same names.
    takeAway(path, verdict === 'quarantine' ? join(place, root === record.workspace ? relative(root, path) : path) : null)
  }
  // What held it may have been in the way, and a folder comes before what is in it.
  const back = found.filter((one) => one.state !== 'new' && !isStill(one)).map(({ path }) => path)
  for (const path of back.toSorted()) putBack(path, kept)
  keepAnew(
    folder,
    found.map(({ path }) => path),
  )
  return verdict === 'quarantine' ? place : ''
}

/** What was not seen so cannot have been accepted. */
function requireAsShown({ record, kept, marks }: Review, found: readonly Finding[], paths: readonly string[]): void {
  if (marks === undefined) return
  const now = marksOf(kept, paths)
  const then = Object.keys(marks).filter((path) => found.some((one) => below(one.path, path)))
  const other = [...Object.keys(now), ...then].find((path) => now[path] !== marks[path])
  if (other === undefined) return
  throw new PaudeError('refused', `${shown(other)} changed since it was shown`, { hint: `paude review ${record.id}` })
}

/** What is kept is kept with all that lies in it. */
const withAllBelow = (path: string, kept: Manifest, record: SessionRecord): readonly string[] => [
  path,
  ...findNewExecutables(record, kept).findings.flatMap((one) => (one.path !== path && below(path, one.path) ? [one.path] : [])),
]
