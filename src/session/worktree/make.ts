import { constants, copyFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { exec, type Place, type Plan } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { nameInside, shown } from '../../text.ts'
import { faultOfNew, holderOf } from '../../workspace/branches.ts'
import { readCloneSource } from '../../workspace/clone-source.ts'
import { inPlace } from '../../workspace/inode.ts'
import { ancestors, look } from '../../workspace/paths.ts'
import { readRef } from '../../workspace/refs.ts'
import { inStore, packsOf, type Store } from '../../workspace/sterile-git.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { branchOf, sessionWord } from '../clone/names.ts'
import { storeOf, storePlan } from '../clone/store.ts'
import { checkedName, newSessionId } from '../record/id.ts'
import type { Worktree } from '../record/record.ts'
import { guardList } from '../resolve/own-mounts.ts'
import script from './fill.sh' with { type: 'text' }
import { removeWorktree } from './remove.ts'

/** A working tree that was made for a session, and where its agent begins. */
export type Made = { readonly id: string; readonly worktree: Worktree; readonly folder: string; readonly directory: string }

/**
 * Makes a linked working tree as `git worktree add` does. No git runs in the repository, so no hook and no filter of its configuration does:
 * the files come by a git of paude's own.
 */
export async function makeWorktree(context: Context, backend: Backend, config: Config): Promise<Made> {
  const { host } = context
  const { settings, origins } = config
  const workspace = findWorkspace(host, { ...settings, list: guardList(config) })
  const source = readCloneSource({
    root: workspace.root,
    git: workspace.git,
    isDirty: true,
    word: 'worktree',
    base: settings.base,
  })
  if (workspace.git === null) throw new Error('a source without a repository')
  const { repository } = workspace.git
  const session = { id: newSessionId(), name: settings.sessionName === '' ? '' : checkedName(settings.sessionName) }
  const branch = settings.worktreeBranch || branchOf(session)
  const commit = freeBranch(repository, branch)
  if (commit !== null && origins.base.some(({ layer }) => layer === 'flag'))
    throw new PaudeError('usage', `the branch ${nameInside(branch)} is there already, so --base has no effect`, {
      hint: 'leave --base out, or name another branch: --workspace worktree=BRANCH',
    })
  const main = basename(repository) === '.git' ? dirname(repository) : workspace.root
  // Beside the repository, as git's own users have them: what is on its disk and named by relative paths stays within reach.
  const folder = join(`${main}.worktrees`, sessionWord(session))
  if (look(folder) !== null)
    throw new PaudeError('refused', `${shown(folder)} is there already`, {
      hint: 'say --session-name NAME, or remove that folder',
    })
  for (const line of source.notes) context.note(line)
  const worktree = {
    project: workspace.root,
    repository,
    name: session.id,
    branch,
    base: commit ?? source.commit,
    isNew: commit === null,
  }
  const store = storeOf(host, source)
  const index = join(packsOf(store), `.index-${session.id}`)
  // By itself: another start may use it already when this one fails.
  await execute(storePlan(store, source), context.effects(backend))
  await execute(plan(store, { folder, worktree, index }), context.effects(backend))
  try {
    layIndex(index, worktree)
  } catch (error) {
    removeWorktree(context, { workspace: folder, worktree })
    throw error
  }
  const directory = join(folder, relative(workspace.root, workspace.directory))
  return { id: session.id, worktree, folder, directory: look(directory)?.isDirectory() ? directory : folder }
}

/** The commit of a branch that is there and free; null for one that can be made. */
function freeBranch(repository: string, branch: string): string | null {
  const cannot = (why: string, hint: string) =>
    new PaudeError('refused', `the worktree cannot have branch ${nameInside(branch)}: ${why}`, { hint })
  const fault = faultOfNew({ repository }, branch)
  if (fault !== null) throw cannot(fault, 'choose another name: --workspace worktree=BRANCH')
  const holder = holderOf({ repository }, branch)
  if (holder !== null)
    throw cannot(
      `it is checked out already (${shown(holder)})`,
      'git worktree list; choose another one: --workspace worktree=BRANCH',
    )
  return readRef({ repository }, `refs/heads/${branch}`)
}

type Planned = { readonly folder: string; readonly worktree: Worktree; readonly index: string }

function plan(store: Store, { folder, worktree: { repository, name, branch, base, isNew }, index }: Planned): Plan {
  const git = join(repository, 'worktrees', name)
  const ref = join(repository, 'refs/heads', branch)
  const inRefs = ancestors(dirname(ref)).filter((path) => path.startsWith(`${join(repository, 'refs/heads')}/`))
  const things: Place['things'] = [
    { path: dirname(git), content: null },
    { path: git, content: null, own: true },
    { path: join(git, 'HEAD'), content: `ref: refs/heads/${branch}\n` },
    { path: join(git, 'commondir'), content: '../..\n' },
    { path: join(git, 'gitdir'), content: `${join(folder, '.git')}\n` },
    ...(isNew
      ? [...inRefs.toReversed().map((path) => ({ path, content: null })), { path: ref, content: `${base}\n`, own: true as const }]
      : []),
    { path: dirname(folder), content: null },
    { path: folder, content: null, own: true },
    { path: join(folder, '.git'), content: `gitdir: ${git}\n` },
  ]
  const words = [store.git, folder, index, base]
  return [
    { kind: 'place', things },
    exec(inStore(store, ['/bin/sh', '-c', script, 'sh', ...words]), { title: `making the worktree ${shown(folder)}` }),
  ]
}

/** Made elsewhere, since git would follow a link that an agent puts in place of the folder meanwhile. */
function layIndex(index: string, { repository, name }: Worktree): void {
  const path = join(repository, 'worktrees', name, 'index')
  const done = inPlace(path, (at) => {
    copyFileSync(index, at, constants.COPYFILE_EXCL)
    return true
  })
  rmSync(index, { force: true })
  if (done === null)
    throw new PaudeError('refused', `cannot write ${shown(path)}: a link stands on the way`, {
      hint: 'look at what put it there',
    })
}
