import { join } from 'node:path'
import type { GitLayout } from './git-layout.ts'
import { readInPlace } from './inode.ts'
import { entriesOf } from './paths.ts'
import { isRefName } from './ref-name.ts'
import { readRef, readRefsBelow } from './refs.ts'

/** Where a branch is checked out or being rebased: the git directory of a working tree; null where it is free. */
export function holderOf({ repository }: Pick<GitLayout, 'repository'>, branch: string): string | null {
  const linked = entriesOf(join(repository, 'worktrees')).flatMap((entry) =>
    entry.isDirectory() ? [join(repository, 'worktrees', entry.name)] : [],
  )
  const ref = `refs/heads/${branch}`
  const says = (place: string, file: string) =>
    readInPlace(join(place, file), 4096)
      ?.trim()
      .replace(/^ref: /, '')
  return (
    [repository, ...linked].find(
      (place) =>
        ['HEAD', 'rebase-merge/head-name', 'rebase-apply/head-name'].some((file) => says(place, file) === ref) ||
        says(place, 'BISECT_START') === branch,
    ) ?? null
  )
}

/** Why git could not have a new branch of this name; null where it can. */
export function faultOfNew({ repository }: Pick<GitLayout, 'repository'>, branch: string): string | null {
  if (!isRefName(`heads/${branch}`) || branch.startsWith('-') || branch === 'HEAD') return 'it is not a name that git takes'
  const parts = branch.split('/')
  const above = parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'))
  const taken = above.find((one) => readRef({ repository }, `refs/heads/${one}`) !== null)
  if (taken !== undefined) return `there is a branch ${taken}`
  return readRefsBelow({ repository }, `refs/heads/${branch}`).length > 0 ? 'there are branches below it' : null
}
