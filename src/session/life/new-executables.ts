import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StandIn } from '../../box/stand-ins.ts'
import { replaceFile } from '../../config/files/replace-file.ts'
import type { Context } from '../../context.ts'
import type { Host } from '../../host.ts'
import { quote } from '../../plan/shell.ts'
import { printable } from '../../text.ts'
import { changed, indexMark, newRepositories } from '../../workspace/fingerprints.ts'
import { NEW_REPOSITORY } from '../../workspace/listed.ts'
import { compare, type Finding, isAsKept, type Manifest, setuidFiles } from '../../workspace/manifest.ts'
import { ancestors, look } from '../../workspace/paths.ts'
import type { Found } from '../record/found.ts'
import { readKept } from '../record/kept.ts'
import type { SessionRecord } from '../record/record.ts'
import { configChanges, configSentence } from '../record/shadows.ts'
import { isAsMade } from '../record/stand-ins.ts'
import { readRecords, sessionFolder } from '../record/store.ts'
import type { Row } from './find.ts'

/** What a session left in the project that this machine may run by itself: hooks, editor tasks, nested repositories. */
export type NewExecutables = {
  readonly findings: readonly Finding[]
  /** Why an index could not be looked at, with its path and that of its repository; null where all could, or need not. */
  readonly unseen: { readonly path: string; readonly root: string; readonly fault: string } | null
  /** Whether the project has more than was looked at. */
  readonly isCut: boolean
  /** The command that shows it; '' where nothing is kept to compare with. */
  readonly review: string
}

/** Paths that a message names. */
const MOST_NAMED = 20

/** Looks at files alone, and runs nothing. `kept` has to be read before the session's folder goes; without it only guarded places are looked at. */
export function findNewExecutables(record: SessionRecord, kept: Manifest | null, past: 'past' | '' = ''): NewExecutables {
  const { findings, isCut } = kept === null ? { findings: [], isCut: false } : compare(kept)
  const { paths, hidden, unseen } = lookQuickly(record)
  // Another paude may be taking them away: what is gone by now is no news either.
  const made = new Set(record.standIns.flatMap((one) => (isAsMade(one) || look(one.path) === null ? [one.path] : [])))
  const known = new Set(findings.filter(({ state }) => state !== 'removed').map(({ path }) => path))
  const further = [
    ...paths.filter((path) => !known.has(path) && !(kept !== null && isAsKept(kept, path))),
    ...bitsOf(record, kept).filter((path) => !known.has(path)),
  ]
  return {
    findings: [
      ...asSevere(findings, hidden).filter(
        ({ path, state }) => !made.has(path) && (state !== 'removed' || !paths.includes(path)),
      ),
      ...further.map((path) => ({ ...UNLISTED, path, state: look(path) === null ? 'removed' : 'changed', remarks: [] }) as const),
    ],
    unseen,
    isCut,
    review: kept === null ? '' : `paude review ${past === '' ? '' : '--last '}${record.id}`,
  }
}

const UNLISTED = { severity: 'severe', tool: NEW_REPOSITORY.tool, why: 'or another program of this machine may run it' } as const

/** Files that run as whoever owns them: only where paude's filter did not keep the box from making them. */
const bitsOf = ({ security, created }: SessionRecord, kept: Manifest | null): readonly string[] =>
  security.seccomp === 'default' ? [] : (kept?.roots ?? []).flatMap((root) => setuidFiles(root, Date.parse(created)))

/** What looks harmless by itself is not, where the index makes git go into it. */
const asSevere = (findings: readonly Finding[], hidden: readonly string[]): readonly Finding[] =>
  findings.map((one) => (hidden.includes(one.path) ? { ...one, severity: 'severe' } : one))

/** Looks at guarded places alone, and at the index when it changed. */
function lookQuickly({ watch, workspace, index, repos, standIns, created }: SessionRecord): {
  readonly paths: readonly string[]
  /** Repositories that the index names. */
  readonly hidden: readonly string[]
  readonly unseen: NewExecutables['unseen']
} {
  const paths = [...changed(watch), ...standIns.flatMap((one) => (isSpoiled(one) ? [one.path] : []))]
  const looked = [{ root: workspace, index }, ...repos].flatMap(({ root, index: one }) =>
    one === null || indexMark(one.path) === one.mark
      ? []
      : [{ path: one.path, root, ...newRepositories(root, one, Date.parse(created)) }],
  )
  const hidden = looked.flatMap((one) => one.paths)
  const unseen = looked.flatMap(({ path, root, fault }) => (fault === null ? [] : [{ path, root, fault }]))
  return { paths: [...new Set([...paths, ...hidden])], hidden, unseen: unseen[0] ?? null }
}

// No box reaches what lies below a volume: a folder that is filled there was filled by you.
const isSpoiled = (one: StandIn): boolean =>
  one.kind !== 'socket' && one.kind !== 'overlay' && look(one.path) !== null && !isAsMade(one)

/** What a message names: the outermost of what is new, of one severity. */
function outermost(findings: readonly Finding[], severity: Finding['severity']): readonly string[] {
  const all = new Set(findings.filter((one) => one.severity === severity).map(({ path }) => path))
  return [...all].filter((path) => !ancestors(path).some((folder) => folder !== path && all.has(folder))).sort()
}

/** Everything of it that is named, by path. */
const pathsOf = ({ findings, unseen }: NewExecutables): readonly string[] => [
  ...outermost(findings, 'severe'),
  ...outermost(findings, 'warn'),
  ...(unseen === null ? [] : [unseen.path]),
]

/** Names what a session planted when it ends. */
export function warnOfNewExecutables({ warn, note }: Pick<Context, 'warn' | 'note'>, planted: NewExecutables): void {
  const { findings, unseen, isCut } = planted
  const [severe, mild] = [outermost(findings, 'severe'), outermost(findings, 'warn')]
  if (severe.length > 0)
    warn(
      `new or changed in the project since the session began, and this machine may run it: ${named(severe)}; review it before you use it`,
    )
  if (mild.length > 0) warn(`also new or changed, and tools obey it when you run them here: ${named(mild)}`)
  if (severe.length + mild.length > 0 && planted.review !== '') note(`review it and put it back: ${planted.review}`)
  if (isCut) warn(CUT)
  if (unseen !== null)
    warn(
      `cannot read the index ${printable(unseen.path)}: ${unseen.fault}; paude cannot name a repository hidden in the project. Before you run git there: find ${quote(printable(unseen.root))} -mindepth 2 -name .git`,
    )
}

/** What is to be said where `isCut`. */
export const CUT = 'the project has too many files, so paude did not check the deepest ones'

const named = (paths: readonly string[]): string =>
  `${paths.slice(0, MOST_NAMED).map(printable).join(', ')}${paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''}`

export type MarkedRow = Row & {
  /** What the session left at guarded places that this machine may run. */
  readonly planted: readonly string[]
}

/** Rows with what each session planted at guarded places; none where nobody can tell, since its folder is gone. Nobody looks through whole projects for a list. */
export function withNewExecutables(host: Host, rows: readonly Row[]): readonly MarkedRow[] {
  const records = new Map(rows.length === 0 ? [] : readRecords(host).map((record) => [record.id, record]))
  return rows.map((row) => {
    const record = records.get(row.id)
    if (record === undefined) return { ...row, planted: [] }
    const { paths, unseen } = lookQuickly(record)
    const kept = paths.length === 0 ? null : readKept(sessionFolder(host, row.id))
    return {
      ...row,
      planted: [...paths.filter((path) => !(kept !== null && isAsKept(kept, path))), ...(unseen === null ? [] : [unseen.path])],
    }
  })
}

/** Names what a session planted while the session is kept. What was named before is not named again. */
export function warnOnce(context: Context, { handle, record }: Pick<Found, 'handle' | 'record'>): void {
  const planted = findNewExecutables(record, readKept(handle.folder))
  const changes = configChanges(record, handle.folder)
  // What was named, brought back and changed again is named anew.
  const config = changes.map(({ path, now }) => `${path} ${now === null ? '' : Bun.hash(now.content)}`)
  const names = [...pathsOf(planted), ...config]
  const file = join(handle.folder, 'named.json')
  const before = namedBefore(file)
  if (names.every((name) => before.includes(name))) return
  if (pathsOf(planted).some((name) => !before.includes(name))) warnOfNewExecutables(context, planted)
  const sentence = config.every((name) => before.includes(name)) ? null : configSentence(record, changes)
  if (sentence !== null) context.note(sentence)
  try {
    replaceFile(file, JSON.stringify(names), { mode: 0o600, folderMode: 0o700, hint: '' })
  } catch {
    // Then it is named again.
  }
}

function namedBefore(file: string): readonly unknown[] {
  try {
    const names: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(names) ? names : []
  } catch {
    return []
  }
}
