import { closeSync, openSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Context } from '../../context.ts'
import { quote } from '../../plan/shell.ts'
import { nameInside, shown } from '../../text.ts'
import { bytesInPlace, inPlace, readInPlace, takeBackInPlace } from '../../workspace/inode.ts'
import { look } from '../../workspace/paths.ts'
import { readRef } from '../../workspace/refs.ts'
import type { SessionRecord, Worktree } from '../record/record.ts'
import { gitOfWorktree, type WithWorktree, worktreeWork } from './work.ts'

/** Removes the worktree of a session that is gone, and its branch where nothing is on it. What is no longer as paude made it stays. */
export function removeWorktree(context: Context, record: Pick<SessionRecord, 'workspace' | 'worktree'>): void {
  const { workspace: root, worktree } = record
  if (worktree === undefined) return
  const { repository, name } = worktree
  const isGone = look(root) === null
  const isOurs = isGone
    ? readInPlace(join(repository, 'worktrees', name, 'gitdir'), 4096)?.trim() === join(root, '.git')
    : gitOfWorktree(context, root, worktree) !== null
  if (!isOurs) {
    if (!isGone) context.note(`${shown(root)} stays, since it is not as paude made it: git worktree list`)
    return
  }
  try {
    for (const path of [...(isGone ? [] : [root]), join(repository, 'worktrees', name)]) takeBackInPlace(path)
    for (const folder of [dirname(root), join(repository, 'worktrees')]) removeEmpty(folder)
    const why = whyBranchStays(worktree)
    if (why !== '') context.note(`branch ${nameInside(worktree.branch)} stays, ${why}`)
  } catch (error) {
    const { code = (error as Error).message } = error as { code?: string }
    context.warn(`${shown(root)} cannot be removed (${code}): git worktree remove --force ${shown(root)}`)
  }
}

/** Removes the branch where it was made for the worktree and nothing is on it. '' where nothing need be said of it. */
function whyBranchStays(worktree: Worktree): string {
  const { repository, branch, base, isNew } = worktree
  const commit = readRef({ repository }, `refs/heads/${branch}`)
  if (commit === null || (commit === base && (!isNew || removeBranch(worktree)))) return ''
  return commit === base
    ? `since git has packed it or is changing it: git branch -d ${quote(branch)}`
    : 'with what was committed on it'
}

/** Removes a worktree unless it holds work: of a start that failed, and of a session whose engine's part is gone. */
export async function removeIfUnused(context: Context, found: WithWorktree): Promise<void> {
  const { record } = found
  if (record.worktree === undefined || look(record.workspace) === null) return
  const lines = await worktreeWork(context, found).catch(() => ['unknown'])
  if (lines.length === 0) removeWorktree(context, record)
  else
    context.note(`the worktree ${shown(record.workspace)} stays, since it holds work: git -C ${shown(record.workspace)} status`)
}

/** Under git's own lock. A branch that is packed stays, as git would have to write all others anew. */
function removeBranch({ repository, branch, base }: Worktree): boolean {
  const path = join(repository, 'refs/heads', branch)
  const done = inPlace(path, (at) => {
    const lock = `${at}.lock`
    try {
      closeSync(openSync(lock, 'wx'))
    } catch {
      return false
    }
    try {
      if (bytesInPlace(path, 1024)?.toString().trim() !== base) return false
      unlinkSync(at)
      return true
    } finally {
      unlinkSync(lock)
    }
  })
  const folder = dirname(path)
  if (done && basename(folder) === 'paude') removeEmpty(folder)
  return done === true
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Another worktree or branch is in it.
  }
}
