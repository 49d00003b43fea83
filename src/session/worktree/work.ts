import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Uncommitted } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { oddLists } from '../../run/odd-lists.ts'
import { capture } from '../../run/process.ts'
import { printInto } from '../../run/to-file.ts'
import { nameInside, printableOutput, shown } from '../../text.ts'
import { readStoreSource } from '../../workspace/clone-source.ts'
import { readGit } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { inPlace } from '../../workspace/inode.ts'
import { look } from '../../workspace/paths.ts'
import { readHead, readRefsBelow } from '../../workspace/refs.ts'
import { gitIn, inStore, type Store, storeFiles } from '../../workspace/sterile-git.ts'
import { readUncommitted } from '../../workspace/uncommitted.ts'
import { storeOf, storePlan } from '../clone/store.ts'
import type { Found } from '../record/found.ts'
import type { Worktree } from '../record/record.ts'
import bundle from './bundle.sh' with { type: 'text' }
import script from './look.sh' with { type: 'text' }

/** Milliseconds that git may take to look through a working tree, and characters of what it says. */
const PATIENCE = 60_000
const MOST = 4 * 1024 ** 2

/** A session as far as its working tree is concerned. */
export type WithWorktree = Pick<Found, 'backend'> & { readonly record: Pick<Found['record'], 'workspace' | 'worktree'> }

type Looked = {
  readonly root: string
  readonly git: GitLayout
  readonly store: Store
  readonly commit: string
  readonly uncommitted: Uncommitted
}

/**
 * What of a session's worktree is nowhere else, in words: what is not committed, and commits that are on no branch. Files
 * at the paths `shadowed` are as they were: the sandbox has changed, and perhaps committed, its copies alone.
 */
export async function worktreeWork(
  context: Context,
  found: WithWorktree,
  shadowed: readonly string[] = [],
): Promise<readonly string[]> {
  const { worktree, workspace } = found.record
  if (worktree === undefined || look(workspace) === null) return []
  const looked = await lookAt(context, found, worktree)
  const changes = (await changesIn(looked)).filter((name) => !shadowed.includes(join(workspace, name)))
  const ahead = await onNoBranch(looked)
  return [
    ...(ahead === 0 ? [] : [`HEAD: ${ahead === 1 ? '1 commit' : `${ahead} commits`} on no branch`]),
    ...(changes.length === 0
      ? []
      : [
          `not committed: ${changes.slice(0, 3).map(nameInside).join(', ')}${changes.length > 3 ? ` and ${changes.length - 3} more` : ''}`,
        ]),
  ]
}

/** The git data of a session's worktree, where that is still the one that paude made. */
export function gitOfWorktree({ host }: Pick<Context, 'host'>, root: string, { repository, name }: Worktree): GitLayout | null {
  const { git } = readGit(root, host)
  return git !== null && git.repository === repository && git.gitDirectory === join(repository, 'worktrees', name) ? git : null
}

async function lookAt(
  context: Context,
  { backend, record: { workspace: root } }: WithWorktree,
  worktree: Worktree,
): Promise<Looked> {
  const git = gitOfWorktree(context, root, worktree)
  const { commit } = git === null ? { commit: null } : readHead(git)
  if (git === null || commit === null)
    throw new PaudeError('refused', 'it is no longer the worktree that paude made', { hint: `git -C ${shown(root)} status` })
  const source = readStoreSource(git)
  const store = storeOf(context.host, source)
  await execute(storePlan(store, source), context.effects(backend))
  return { root, git, store, commit, uncommitted: readUncommitted(root, git, context.host) }
}

/** Files that git opens in each folder that it looks through. */
const OPENED = { names: ['.gitignore', '.gitattributes'] }

async function requireNoPipes(root: string): Promise<void> {
  const [path] = await oddLists(root, OPENED)
  if (path !== undefined)
    throw new PaudeError('refused', `${nameInside(path)} is not a plain file, so git cannot look through the worktree`, {
      hint: `rm ${shown(join(root, path))}`,
    })
}

/** Removes pipes that git would wait for from a worktree that goes anyway: no work is in them. */
export async function dropPipes({ host, note }: Context, { record: { workspace: root, worktree } }: WithWorktree): Promise<void> {
  if (worktree === undefined || gitOfWorktree({ host }, root, worktree) === null) return
  for (const path of await oddLists(root, OPENED)) {
    const isGone = inPlace(join(root, path), (at) => {
      const found = look(at)
      if (found === null || found.isFile() || found.isDirectory() || found.isSymbolicLink()) return false
      unlinkSync(at)
      return true
    })
    if (isGone === true)
      note(`removed ${nameInside(path)} from the worktree: git cannot look past it, since it is not a plain file`)
  }
}

async function changesIn({ root, store, commit, uncommitted }: Looked): Promise<readonly string[]> {
  await requireNoPipes(root)
  const folder = mkdtempSync(join(store.folder, 'look-'))
  try {
    writeFileSync(join(folder, 'entries'), uncommitted.files + uncommitted.repositories)
    writeFileSync(join(folder, 'excludes'), uncommitted.excludes)
    const argv = inStore(store, ['/bin/sh', '-c', script, 'sh', store.git, root, folder, commit])
    const late = AbortSignal.timeout(PATIENCE)
    const { code, stdout, stderr } = await capture(argv, { signal: late, most: MOST })
    const last = printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) || `exit code ${code}`
    if (code !== 0)
      throw new PaudeError('command-failed', late.aborted ? `git did not end within ${PATIENCE / 1000} s` : last, {
        hint: `git -C ${shown(root)} status`,
      })
    return [...new Set([...stdout.split('\0').filter(Boolean), ...uncommitted.within.map((name) => `${name}/`)])]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onNoBranch({ git, store, commit }: Looked): Promise<number> {
  const branches = ['heads', 'remotes', 'tags'].flatMap((kind) => readRefsBelow(git, `refs/${kind}`))
  if (branches.includes(commit)) return 0
  const stdin = [commit, ...branches.map((one) => `^${one}`)].join('\n')
  const { code, stdout } = await capture(gitIn(store, ['rev-list', '--count', '--ignore-missing', '--stdin']), { stdin })
  return code === 0 ? Number(stdout) : 1
}

/** Bytes of a bundle that is kept. */
const MOST_BYTES = 8 * 1024 ** 3

/** Keeps in a file what a worktree has, committed or not. Returns false where that fails. */
export async function bundleWorktree(context: Context, found: Found, path: string): Promise<boolean> {
  const { worktree } = found.record
  if (worktree === undefined) return false
  const looked = await lookAt(context, found, worktree)
  // What lies in a repository within would not come along.
  const within = (await changesIn(looked)).find((name) => name.endsWith('/'))
  if (within !== undefined)
    throw new PaudeError('refused', `${nameInside(within)} is a repository of its own, which no bundle holds`, {
      hint: 'move it elsewhere first',
    })
  const { root, git, store, commit, uncommitted } = looked
  const own = { ...store, folder: mkdtempSync(join(store.folder, 'keep-')) }
  try {
    const files = {
      ...storeFiles(readStoreSource(git)),
      entries: uncommitted.files,
      repositories: uncommitted.repositories,
      'info/exclude': uncommitted.excludes,
      'refs/none': '',
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(own.folder, name)), { recursive: true })
      writeFileSync(join(own.folder, name), content)
    }
    rmSync(join(own.folder, 'refs/none'))
    const words = [own.git, root, commit, worktree.branch]
    const argv = inStore(own, ['/bin/sh', '-c', bundle, 'sh', ...words])
    return await printInto(path, argv, { most: MOST_BYTES, begins: ['# v2 git bundle\n', '# v3 git bundle\n'] })
  } finally {
    rmSync(own.folder, { recursive: true, force: true })
  }
}
