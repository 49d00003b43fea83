import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../config/files/replace-file.ts'
import type { Context } from '../../context.ts'
import type { Host } from '../../host.ts'
import { quote } from '../../plan/shell.ts'
import { printable } from '../../text.ts'
import { changed, indexMark, newRepositories } from '../../workspace/fingerprints.ts'
import type { Found } from '../record/found.ts'
import type { SessionRecord } from '../record/record.ts'
import { readRecords } from '../record/store.ts'
import type { Row } from './find.ts'

/** What a session left in the project that this machine may run by itself: hooks, editor tasks, nested repositories. */
export type NewExecutables = {
  readonly paths: readonly string[]
  /** Why the index could not be looked at, with its path; null where it could, or need not. */
  readonly unseen: { readonly path: string; readonly fault: string } | null
}

/** Paths that a message names. */
const MOST_NAMED = 20

/** Looks at files alone, and runs nothing. The index is read only when it changed. */
export function findNewExecutables({ watch, workspace, index, created }: SessionRecord): NewExecutables {
  const paths = changed(watch)
  if (index === null || indexMark(index.path) === index.mark) return { paths, unseen: null }
  const hidden = newRepositories(workspace, index, Date.parse(created))
  return {
    paths: [...new Set([...paths, ...hidden.paths])],
    unseen: hidden.fault === null ? null : { path: index.path, fault: hidden.fault },
  }
}

/** Everything of it, by path. */
const pathsOf = ({ paths, unseen }: NewExecutables): readonly string[] => [...paths, ...(unseen === null ? [] : [unseen.path])]

/** Names what a session planted when it ends. */
export function warnOfNewExecutables(
  { warn }: Pick<Context, 'warn'>,
  record: SessionRecord,
  planted = findNewExecutables(record),
): void {
  const { paths, unseen } = planted
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''
  if (paths.length > 0)
    warn(
      `new or changed in the project since the session began, and this machine may run it: ${paths.slice(0, MOST_NAMED).map(printable).join(', ')}${more}; review it before you use it`,
    )
  if (unseen !== null)
    warn(
      `cannot read the index ${printable(unseen.path)}: ${unseen.fault}; paude cannot name a repository hidden in the project. Before you run git there: find ${quote(printable(record.workspace))} -mindepth 2 -name .git`,
    )
}

export type MarkedRow = Row & {
  /** What the session left in the project that this machine may run. */
  readonly planted: readonly string[]
}

/** Rows with what each session planted; none where nobody can tell, since its folder is gone. */
export function withNewExecutables(host: Host, rows: readonly Row[]): readonly MarkedRow[] {
  const records = new Map(rows.length === 0 ? [] : readRecords(host).map((record) => [record.id, record]))
  return rows.map((row) => {
    const record = records.get(row.id)
    return { ...row, planted: record === undefined ? [] : pathsOf(findNewExecutables(record)) }
  })
}

/** Names what a session planted while the session is kept. What was named before is not named again. */
export function warnOnce(context: Context, { handle, record }: Pick<Found, 'handle' | 'record'>): void {
  const planted = findNewExecutables(record)
  const names = pathsOf(planted)
  const file = join(handle.folder, 'named.json')
  const before = namedBefore(file)
  if (names.every((name) => before.includes(name))) return
  warnOfNewExecutables(context, record, planted)
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
