import { join, relative } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'
import { shown } from '../../text.ts'
import type { Finding, Manifest } from '../../workspace/manifest.ts'
import { ancestors, below } from '../../workspace/paths.ts'
import { putBack, requireKept, takeAway } from '../../workspace/put-back.ts'
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
}

/** What becomes of a finding: it may stay, it goes as if it had not been, or it goes where you can look at it. */
export type Verdict = 'keep' | 'revert' | 'quarantine'

/** null where nothing was kept of how the project looked: there nobody can tell. */
export function reviewOf(record: SessionRecord, folder: string): Review | null {
  const kept = readKept(folder)
  return kept === null ? null : { record, folder, kept, planted: findNewExecutables(record, kept) }
}

/** What is decided as one: the outermost of what is new, and each thing that changed or is gone. */
export function units({ findings }: NewExecutables): readonly Finding[] {
  const fresh = new Set(findings.filter(({ state }) => state === 'new').map(({ path }) => path))
  return findings.filter(
    ({ path, state }) => state !== 'new' || !ancestors(path).some((folder) => folder !== path && fresh.has(folder)),
  )
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
export function settle(host: Host, { record, folder, kept }: Review, found: readonly Finding[], verdict: Verdict): string {
  if (verdict === 'keep') {
    keepAnew(
      folder,
      found.flatMap(({ path }) => withAllBelow(path, kept, record)),
    )
    return ''
  }
  // Known before anything is touched.
  for (const { path, state } of found) if (state !== 'new') requireKept(path, kept)
  const place = join(stateFolder(host), 'quarantine', `${record.id}-${Date.now().toString(36)}`)
  for (const { path } of found.filter(({ state }) => state !== 'removed')) {
    const root = kept.roots.find((one) => below(one, path)) ?? record.workspace
    const name = relative(root, path)
    takeAway(path, verdict === 'quarantine' ? join(place, name.startsWith('..') ? path : name) : null)
  }
  // What held it may have been in the way, and a folder comes before what is in it.
  const back = found.filter(({ state }) => state !== 'new').map(({ path }) => path)
  for (const path of back.toSorted()) putBack(path, kept)
  keepAnew(
    folder,
    found.map(({ path }) => path),
  )
  return verdict === 'quarantine' ? place : ''
}

/** What is kept is kept with all that lies in it. */
const withAllBelow = (path: string, kept: Manifest, record: SessionRecord): readonly string[] => [
  path,
  ...findNewExecutables(record, kept).findings.flatMap((one) => (one.path !== path && below(path, one.path) ? [one.path] : [])),
]
