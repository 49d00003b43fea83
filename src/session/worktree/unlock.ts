import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Host, processMark } from '../../host.ts'
import { readGit } from '../../workspace/git.ts'
import { inPlace, readInPlace } from '../../workspace/inode.ts'
import { entriesOf, look } from '../../workspace/paths.ts'
import type { SessionRecord } from '../record/record.ts'

/** How Claude says in a lock which process has a working tree. Its number counts in the sandbox, its start on this machine. */
const CLAUDES = /^claude session .* \(pid \d+ start (\d+)\)\s*$/s

/**
 * Takes away the locks that agents of an ended session left on working trees that they made: git would keep the trees for ever, also those
 * whose folders are gone. What is locked by a process that lives stays, and what was locked before the session.
 */
export function unlockTrees(
  host: Host,
  { workspace, volume, created }: Pick<SessionRecord, 'workspace' | 'volume' | 'created'>,
): void {
  const git = volume === undefined ? readGit(workspace, host).git : null
  if (git === null) return
  const trees = join(git.repository, 'worktrees')
  const stale = entriesOf(trees).flatMap((entry) => {
    const lock = join(trees, entry.name, 'locked')
    const start = CLAUDES.exec((entry.isDirectory() && readInPlace(lock, 1024)) || '')?.[1]
    return start !== undefined && (look(lock)?.mtimeMs ?? 0) >= Date.parse(created) ? [{ lock, start }] : []
  })
  if (stale.length === 0) return
  const starts = livingStarts()
  for (const { lock, start } of stale) if (starts !== null && !starts.has(start)) inPlace(lock, unlinkIfThere)
}

/** When the processes of this machine began, in ticks since boot; null where that cannot be told. */
function livingStarts(): ReadonlySet<string> | null {
  try {
    const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return new Set(numbers.map((pid) => processMark(Number(pid)).split(' ')[1] ?? ''))
  } catch {
    return null
  }
}

/** git may be faster, and the folder may be somebody else's. */
function unlinkIfThere(at: string): void {
  try {
    unlinkSync(at)
  } catch {
    // It stays as it is.
  }
}
